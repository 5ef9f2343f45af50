"""`check`: validates an edited request by the provider's rules, and compares it with the original: only what was edited
may differ. Raises `InvalidRequest`, which names the rule or the field."""

from __future__ import annotations

from collections.abc import Mapping

from penstock.base.errors import InvalidRequest, Unreadable
from penstock.conversation.conversation import Conversation
from penstock.dialects.base import Change, Dialect, RangeEdit, Removal, fixed_blocks

__all__ = ["check"]


def check(dialect: Dialect, path: str, before: Conversation, after: bytes, changes: list[Change]) -> Conversation:
    """Parse `after` as the provider will, and compare it with `before`. Raises `InvalidRequest`.

    A fault that the client's own request has too is ignored.
    """
    try:
        new = dialect.read(after, path)
    except Unreadable as e:
        raise InvalidRequest(f"the edited body cannot be read: {e}") from e
    faults = list(dialect.violations(new))
    if faults:
        old_faults = set(dialect.violations(before))
        faults = [f for f in faults if f not in old_faults]
    if faults:
        raise InvalidRequest("; ".join(faults[:3]))
    covered = {i for c in changes if isinstance(c, RangeEdit) for i in range(c.first, c.last + 1)}
    removed = {c.message: c.blocks for c in changes if isinstance(c, Removal)}
    if _fixed(before, covered, removed) != _fixed(new, set(), {}):
        raise InvalidRequest("a block that must stay as it is has changed or moved")
    for name in before.fields.keys() | new.fields.keys():
        # The history stands in one field; every other is the client's own, to the byte.
        if name not in _HISTORY and _value(before, name) != _value(new, name):
            raise InvalidRequest(f"the field {name!r} has changed")
    return new


_HISTORY = ("messages", "input", "contents", "prompt", "request", "generateContentRequest", "generate_content_request")


def _fixed(
    conversation: Conversation, without: set[int], removed: Mapping[int, frozenset[int]]
) -> list[tuple[tuple[bytes, bool], ...]]:
    """What no edit may change, by message; messages without any are left out. Only thinking may be `removed`."""
    out = []
    for i, message in enumerate(conversation.messages):
        fixed = message.fixed
        if i in removed:
            gone = removed[i].intersection(message.thinking)
            kept = [block for b, block in enumerate(message.blocks) if b not in gone]
            fixed = tuple(fixed_blocks(kept, message.raw))
        if fixed and i not in without:
            out.append(fixed)
    return out


def _value(conversation: Conversation, name: str) -> bytes | None:
    span = conversation.fields.get(name)
    return None if span is None else span.of(conversation.body)
