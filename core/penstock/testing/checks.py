"""`check_rewrite` and `check_prefix`: check the promises on two request bodies: before and after editing, or forwarded
one after the other. Both raise `PromiseBroken`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from penstock.base.errors import InvalidRequest, Unreadable
from penstock.conversation.conversation import Conversation
from penstock.dialects.base import BlockEdit, Change, Dialect, RangeEdit, Removal
from penstock.edits.validate import check
from penstock.testing.bodies import dialect_of, path_of

__all__ = ["PromiseBroken", "check_prefix", "check_rewrite"]


class PromiseBroken(AssertionError):
    """A forwarded request breaks a promise. The text names the promise by its number."""


def check_prefix(earlier: bytes, later: bytes, *, dialect: str | Dialect = "anthropic", path: str = "") -> None:
    """P3: the history that left in `later` begins with all of the history that left in `earlier`.

    Cache breakpoints do not count, and a bare string is a list of one text block: neither reaches the model. Both
    bodies with content-encoding undone.
    """
    spoken = dialect_of(dialect) if isinstance(dialect, str) else dialect
    path = path or path_of(spoken.name)
    before, after = spoken.read(earlier, path).messages, spoken.read(later, path).messages
    for i, message in enumerate(before):
        if i >= len(after):
            raise PromiseBroken(f"P3: message {i} of the request before has gone: {_shown(message.raw)}")
        if message.key != after[i].key:
            raise PromiseBroken(f"P3: message {i} was sent as {_shown(message.raw)} and is now {_shown(after[i].raw)}")


def check_rewrite(dialect: Dialect, path: str, before: Conversation, after: bytes, changes: Sequence[Change]) -> None:
    """P2 and P5: `after` is as valid as `before`, thinking, tool calls and media are untouched, and nothing has changed
    but what `changes` are for."""
    try:
        new = check(dialect, path, before, after, list(changes))
    except (InvalidRequest, Unreadable) as e:
        raise PromiseBroken(f"P5: {e}") from e
    left = iter([block.span.of(message.raw) for message in new.messages for block in message.blocks])
    for raw in _untouched(before, changes):
        if not any(found == raw for found in left):
            raise PromiseBroken(f"P2: a block that no edit is for has changed or moved: {_shown(raw)}")


def _untouched(conversation: Conversation, changes: Sequence[Change]) -> Iterable[bytes]:
    covered = {i for c in changes if isinstance(c, RangeEdit) for i in range(c.first, c.last + 1)}
    edited = {(c.message, c.block) for c in changes if isinstance(c, BlockEdit) and c.text is not None}
    removed = {(c.message, b) for c in changes if isinstance(c, Removal) for b in c.blocks}
    noted = {c.message for c in changes if isinstance(c, BlockEdit) and c.notes}
    for m, b, block in conversation.blocks():
        message = conversation.messages[m]
        rewrapped = message.bare and m in noted  # a bare string becomes a list when a note joins it
        if m not in covered and (m, b) not in edited | removed and not rewrapped:
            yield block.span.of(message.raw)


def _shown(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return text if len(text) <= 200 else f"{text[:200]}…"
