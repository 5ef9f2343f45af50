"""Prompt caching of Anthropic's Messages: `breakpoints` counts a request's cache marks, `with_breakpoint` adds one,
`automatic` reads the mark of the request itself, `cache_ttl` that of a block, `marks_a_part` those in a tool result.

The API takes `MAX_BREAKPOINTS`, four; `with_breakpoint` returns None where one more would be refused. Lifetimes are
"5m" and "1h"; an empty string means no mark. Called by `anthropic`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from penstock.conversation.conversation import BlockKind, Conversation
from penstock.conversation.json_spans import Span

__all__ = ["MAX_BREAKPOINTS", "automatic", "breakpoints", "cache_ttl", "marks_a_part", "with_breakpoint"]

MAX_BREAKPOINTS = 4
"""Cache breakpoints that one request may have."""
_MARKABLE = frozenset({BlockKind.TEXT, BlockKind.TOOL_USE, BlockKind.TOOL_RESULT, BlockKind.MEDIA})


def automatic(body: bytes, fields: Mapping[str, Span]) -> str:
    """The lifetime of automatic caching: `cache_control` of the request itself is a breakpoint on its last block that
    can be cached (https://platform.claude.com/docs/en/build-with-claude/prompt-caching)."""
    span = fields.get("cache_control")
    mark = None if span is None else msgspec.json.decode(span.of(body))
    return "" if not isinstance(mark, dict) else _lifetime(mark)


def with_breakpoint(conversation: Conversation, message: int, block: int, lifetime: str) -> bytes | None:
    """The body with a breakpoint on one block of a message. None: the block can not have one, or four are there."""
    found = conversation.messages[message]
    chosen = found.blocks[block]
    # A breakpoint on the block that automatic caching marks is refused if its lifetime is another
    # (https://github.com/vellum-ai/vellum-assistant/pull/23414).
    is_taken = bool(conversation.automatic) and conversation.automatic_block() == (message, block)
    if found.bare or chosen.cache_ttl or chosen.kind not in _MARKABLE or is_taken:
        return None
    if breakpoints(conversation) >= MAX_BREAKPOINTS:
        return None
    end = conversation.spans[message].start + chosen.span.end - 1  # before the closing brace
    ttl = b',"ttl":"1h"' if lifetime == "1h" else b""
    mark = b',"cache_control":{"type":"ephemeral"' + ttl + b"}"
    return conversation.body[:end] + mark + conversation.body[end:]


def _marked_fields(conversation: Conversation) -> Iterator[Span]:
    for name in ("tools", "system"):
        if name in conversation.fields:
            yield conversation.fields[name]


def breakpoints(conversation: Conversation) -> int:
    """Cache breakpoints in tools, system and messages, with that of automatic caching: it takes one of the four, unless
    its block has one of the client's own, which is all there is then
    (https://platform.claude.com/docs/en/build-with-claude/prompt-caching; five are refused with "A maximum of 4 blocks
    with cache_control may be provided. Found 5.", https://github.com/coder/mux/pull/3112)."""
    head = sum(conversation.body.count(b'"cache_control"', *span) for span in _marked_fields(conversation))
    return head + sum(m.breakpoints for m in conversation.messages) + _takes_a_slot(conversation)


def _takes_a_slot(conversation: Conversation) -> bool:
    if not conversation.automatic:
        return False
    at = conversation.automatic_block()
    return at is None or not conversation.messages[at[0]].blocks[at[1]].cache_ttl


def cache_ttl(value: dict[str, Any]) -> str:
    """The lifetime of the breakpoint on a block, or on a part of its content."""
    content = value.get("content")
    parts = [value, *(p for p in content if isinstance(p, dict))] if isinstance(content, list) else [value]
    marks = [p["cache_control"] for p in parts if "cache_control" in p]
    if not marks:
        return ""
    return "1h" if any(isinstance(m, dict) and _lifetime(m) == "1h" for m in marks) else "5m"


def _lifetime(mark: Mapping[str, Any]) -> str:
    return "1h" if mark.get("ttl") == "1h" else "5m"


def marks_a_part(content: Any) -> bool:
    """Whether a part of a tool result has a cache breakpoint of its own."""
    return isinstance(content, list) and any(isinstance(p, dict) and "cache_control" in p for p in content)
