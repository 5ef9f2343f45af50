"""`old_stretches`: the ranges of old messages that may be compacted (`Stretch`); `has_earlier_turns`: whether there can
be any; `segments` splits one at turns. A range holds whole turns, which begin with the user's words, and leaves no tool
call unanswered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from penstock import BlockKind, Message, Role
from penstock_plugins.pruning.history import History

__all__ = ["Stretch", "has_earlier_turns", "old_stretches", "segments"]

Stretch = tuple[int, int]
"""A range of messages: the index of the first, and of the one after the last."""


def has_earlier_turns(messages: Sequence[Message]) -> bool:
    """Whether the user spoke more than once. Else `old_stretches` finds nothing, and need not be asked: it reads the
    whole history, which agents at work for hours after one prompt make long."""
    return any(map(begins_turn, messages[1:]))


def old_stretches(history: History, turns: int, gone: Callable[[int], bool], before: int) -> list[Stretch]:
    """The ranges of messages that end before the user's newest message, with at least `turns` turns of the agent after
    them. None goes beyond the message `before`, or includes what a record cannot hold."""
    messages = history.conversation.messages
    found: list[Stretch] = []
    for start, end in _pieces(messages, _cut(history, turns, before)):
        if gone(start) or _must_stay(messages[start]) or not _is_closed(messages[start:end]):
            continue
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        elif messages[start].blocks:
            found.append((start, end))
    return found


def segments(messages: Sequence[Message], stretch: Stretch, sizes: Sequence[int], limit: int) -> list[Stretch]:
    """A range split at turns: each segment ends with the turn in which it reaches `limit`, by the `sizes` of its
    messages. So a full segment stays the same when more turns follow; the last one holds the rest."""
    first, end = stretch
    out: list[Stretch] = []
    size = 0
    for at in range(first, end):
        if size >= limit and begins_turn(messages[at]):
            out.append((first, at))
            first, size = at, 0
        size += sizes[at]
    return [*out, (first, end)]


def begins_turn(message: Message) -> bool:
    """Whether a message is the user's own words, not only the result of a tool call."""
    return (
        message.role is Role.USER
        and bool(message.blocks)
        and all(block.kind is not BlockKind.TOOL_RESULT for block in message.blocks)
    )


def _cut(history: History, turns: int, before: int) -> int:
    """The index of the latest message at which old turns may end."""
    messages = history.conversation.messages
    for at in range(min(before, len(messages) - 1), 0, -1):
        if begins_turn(messages[at]) and history.turns - history.turn_of[at] >= turns:
            return at
    return 0


def _pieces(messages: Sequence[Message], end: int) -> Iterator[Stretch]:
    """The messages before `end`, one piece for each turn; a message that must stay is a piece of its own."""
    starts = [0]
    for at in range(1, end):
        if begins_turn(messages[at]) or _must_stay(messages[at]) or _must_stay(messages[at - 1]):
            starts.append(at)
    return zip(starts, [*starts[1:], end], strict=True) if end else iter(())


def _must_stay(message: Message) -> bool:
    """Instructions, cache breakpoints, and content that only the client's own bytes can express."""
    return (
        message.role is Role.SYSTEM
        or message.breakpoints > 0
        or any(block.kind in (BlockKind.MEDIA, BlockKind.OTHER) for block in message.blocks)
    )


def _is_closed(messages: Sequence[Message]) -> bool:
    """Whether each call has its result, and each result its call."""
    blocks = [block for message in messages for block in message.blocks]
    calls = {b.tool_id for b in blocks if b.kind is BlockKind.TOOL_USE}
    return calls == {b.tool_id for b in blocks if b.kind is BlockKind.TOOL_RESULT}
