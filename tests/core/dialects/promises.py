"""Checks that hold for every dialect, to be called with any body that it reads: what is not edited is sent as it came,
and an edit changes its own bytes only. `read_reply` and `byte_by_byte` read an answer in chunks."""

from __future__ import annotations

import json
from collections.abc import Iterable

from penstock.conversation.conversation import Block, Conversation
from penstock.conversation.reply import Reply
from penstock.dialects.base import BlockEdit, Dialect

__all__ = ["byte_by_byte", "check_each_edit_alone", "check_no_edit", "facts", "read_reply"]


def check_no_edit(dialect: Dialect, body: bytes, path: str) -> Conversation:
    """P2: what is not edited is sent as it came; and no client's request breaks a rule."""
    conversation = dialect.read(body, path)
    assert dialect.violations(conversation) == []
    assert dialect.splice(conversation, []) == body
    return conversation


def check_each_edit_alone(dialect: Dialect, body: bytes, path: str, text: str) -> int:
    """P2: new content for a block changes the bytes of its slot and no other, and reads back as that block's content.

    Gives the number of blocks that could be edited.
    """
    conversation = check_no_edit(dialect, body, path)
    edited = 0
    for m, b, block in conversation.blocks():
        if block.slot is None:
            continue
        edited += 1
        out = dialect.splice(conversation, [BlockEdit(m, b, text=text)])
        start = conversation.spans[m].start + block.slot.start
        rest = len(body) - (conversation.spans[m].start + block.slot.end)
        assert out[:start] == body[:start]
        assert out[len(out) - rest :] == body[len(body) - rest :]
        assert text in _strings(json.loads(out[start : len(out) - rest]))
        _check_others(conversation, dialect.read(out, path), m, b, text)
    return edited


def read_reply(dialect: Dialect, content_type: str, chunks: Iterable[bytes]) -> Reply:
    """The reply in an answer that comes in these chunks."""
    reader = dialect.reply_reader(content_type)
    for chunk in chunks:
        reader.feed(chunk)
    return reader.close()


def byte_by_byte(dialect: Dialect, content_type: str, answer: bytes) -> Reply:
    """The reply in an answer, after checking that no cut of its bytes changes it."""
    whole = read_reply(dialect, content_type, [answer])
    for i in range(len(answer)):
        assert read_reply(dialect, content_type, [answer[:i], answer[i:]]) == whole
    assert read_reply(dialect, content_type, (answer[i : i + 1] for i in range(len(answer)))) == whole
    return whole


def facts(block: Block) -> tuple[object, ...]:
    """All that a stage knows of a block, its place left out."""
    return block.kind, block.role, block.text, block.key, block.tool_id, block.tool_name, block.is_error


def _check_others(before: Conversation, after: Conversation, message: int, block: int, text: str) -> None:
    pairs = list(zip(before.blocks(), after.blocks(), strict=True))
    for (m, b, old), (m2, b2, new) in pairs:
        assert (m, b) == (m2, b2)
        if (m, b) == (message, block):
            assert (new.kind, new.text, new.tool_id, new.tool_name) == (old.kind, text, old.tool_id, old.tool_name)
        else:
            assert facts(new) == facts(old)


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [s for v in value.values() for s in _strings(v)]
    return [value] if isinstance(value, str) else []
