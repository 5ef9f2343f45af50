"""Anthropic Messages, and its `count_tokens`.

Reference: https://docs.anthropic.com/en/api/messages and .../messages-streaming.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec

from penstock.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.dialects.base import Endpoint, ListDialect, canonical_key, encode_text, message
from penstock.dialects.replies import ReplyParser
from penstock.errors import Unreadable
from penstock.reply import ToolCall, Usage
from penstock.spans import Span, elements, members

__all__ = ["Anthropic"]

_KINDS = {
    "text": BlockKind.TEXT,
    "thinking": BlockKind.THINKING,
    "redacted_thinking": BlockKind.THINKING,
    "tool_use": BlockKind.TOOL_USE,
    "server_tool_use": BlockKind.OTHER,
    "tool_result": BlockKind.TOOL_RESULT,
    "image": BlockKind.MEDIA,
    "document": BlockKind.MEDIA,
}
_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT, "system": Role.SYSTEM}
_ERRORS = {400: "invalid_request_error", 403: "permission_error", 429: "rate_limit_error", 529: "overloaded_error"}
MAX_BREAKPOINTS = 4
_MARKABLE = frozenset({BlockKind.TEXT, BlockKind.TOOL_USE, BlockKind.TOOL_RESULT, BlockKind.MEDIA})


class Anthropic(ListDialect):
    """`POST /v1/messages` and `/v1/messages/count_tokens`, under any prefix (gateways put their own in front)."""

    name = "anthropic"
    provider = "anthropic"
    list_field = "messages"

    def endpoint(self, method: str, path: str) -> Endpoint | None:
        if method != "POST":
            return None
        path = path.rstrip("/")
        if path.endswith("/v1/messages/count_tokens"):
            return Endpoint.COUNT
        return Endpoint.TURN if path.endswith("/v1/messages") else None

    def read_message(self, raw: bytes) -> Message:
        fields = members(raw)
        value = msgspec.json.decode(raw)
        role = _ROLES.get(value.get("role"))
        if role is None:
            raise Unreadable(f"role {value.get('role')!r} is none of {', '.join(_ROLES)}")
        content, span = value.get("content"), fields.get("content")
        if isinstance(content, str) and span is not None:
            key = canonical_key(role, {"type": "text", "text": content})
            block = Block(BlockKind.TEXT, role, content, key, span, slot=span)
            return message(role, [block], raw, bare=True)
        if isinstance(content, list) and span is not None:
            spans = elements(raw, span)
            return message(role, [_block(role, b, raw, s) for b, s in zip(content, spans, strict=True)], raw)
        if content is None:  # Claude Code sends control entries with no content
            return message(role, [], raw)
        raise Unreadable("content is neither a string nor a list")

    def note(self, message: Message, block: int, texts: Sequence[str]) -> tuple[Span, bytes]:
        end = message.blocks[block].span.end
        return Span(end, end), b"".join(b"," + _text_block(encode_text(t)) for t in texts)

    def bare_note(self, message: Message, block: Block, value: bytes, notes: Sequence[str]) -> tuple[Span, bytes]:
        parts = [_text_block(value), *(_text_block(encode_text(t)) for t in notes)]
        return block.span, b"[" + b",".join(parts) + b"]"

    def user_message(self, texts: Sequence[str]) -> bytes:
        return b'{"role":"user","content":[' + b",".join(_text_block(encode_text(t)) for t in texts) + b"]}"

    def violations(self, conversation: Conversation) -> list[str]:
        out = list(_pair_violations(conversation))
        marks = _marks(conversation)
        if marks > MAX_BREAKPOINTS:
            out.append(f"{marks} cache breakpoints, {MAX_BREAKPOINTS} are allowed")
        return out

    def mark(self, conversation: Conversation, message: int, block: int, lifetime: str) -> bytes | None:
        found = conversation.messages[message]
        chosen = found.blocks[block]
        if found.bare or chosen.mark or chosen.kind not in _MARKABLE or _marks(conversation) >= MAX_BREAKPOINTS:
            return None
        end = conversation.spans[message].start + chosen.span.end - 1  # before the closing brace
        ttl = b',"ttl":"1h"' if lifetime == "1h" else b""
        mark = b',"cache_control":{"type":"ephemeral"' + ttl + b"}"
        return conversation.body[:end] + mark + conversation.body[end:]

    def parser(self) -> ReplyParser:
        return _Parser()

    def error_body(self, status: int, message: str) -> Any:
        return {"type": "error", "error": {"type": _ERRORS.get(status, "api_error"), "message": message}}


def _block(role: Role, value: Any, raw: bytes, span: Span) -> Block:
    if not isinstance(value, dict):
        raise Unreadable("a content block is no object")
    kind = _KINDS.get(value.get("type", ""), BlockKind.OTHER)
    text, slot = "", None
    if kind is BlockKind.TEXT:
        text, slot = str(value.get("text", "")), members(raw, span).get("text")
    elif kind is BlockKind.THINKING:
        text = str(value.get("thinking", ""))
    elif kind is BlockKind.TOOL_USE:
        text = msgspec.json.encode(value.get("input")).decode()
    elif kind is BlockKind.TOOL_RESULT:
        text, slot = _result(value.get("content"), raw, members(raw, span).get("content"))
    return Block(
        kind,
        role,
        text,
        canonical_key(role, value),
        span,
        slot,
        tool_id=str(value.get("tool_use_id") or value.get("id") or ""),
        tool_name=str(value.get("name") or ""),
        is_error=value.get("is_error") is True,
        mark=_mark(value),
    )


def _mark(value: dict[str, Any]) -> str:
    """The lifetime of the breakpoint on a block, or on a part of its content."""
    content = value.get("content")
    parts = [value, *(p for p in content if isinstance(p, dict))] if isinstance(content, list) else [value]
    marks = [p["cache_control"] for p in parts if "cache_control" in p]
    if not marks:
        return ""
    return "1h" if any(isinstance(m, dict) and m.get("ttl") == "1h" for m in marks) else "5m"


def _result(content: Any, raw: bytes, span: Span | None) -> tuple[str, Span | None]:
    """The words of a tool result, and the value an edit replaces: with one text part only that part's text, with
    several the list. Nothing with an image among them, or a breakpoint that would go with the list."""
    if span is None or isinstance(content, str):
        return content or "", span
    if not isinstance(content, list):
        return "", None
    texts = [p.get("text", "") for p in content if isinstance(p, dict) and p.get("type") == "text"]
    if len(texts) != len(content):
        return "\n".join(texts), None
    if len(texts) == 1:
        return texts[0], members(raw, elements(raw, span)[0]).get("text")
    return "\n".join(texts), None if _marks_a_part(content) else span


def _marks_a_part(content: Any) -> bool:
    return isinstance(content, list) and any(isinstance(p, dict) and "cache_control" in p for p in content)


def _text_block(value: bytes) -> bytes:
    return b'{"type":"text","text":' + value + b"}"


def _marked_fields(conversation: Conversation) -> Iterator[Span]:
    for name in ("tools", "system"):
        if name in conversation.fields:
            yield conversation.fields[name]


def _marks(conversation: Conversation) -> int:
    """Cache breakpoints in tools, system and messages."""
    head = sum(conversation.body.count(b'"cache_control"', *span) for span in _marked_fields(conversation))
    return head + sum(m.breakpoints for m in conversation.messages)


def _turns(conversation: Conversation) -> Iterator[tuple[Role, list[Message]]]:
    """Consecutive messages of one role are one turn to the provider; system entries in between do not count."""
    entries = (m for m in conversation.messages if m.role is not Role.SYSTEM)
    return ((role, list(messages)) for role, messages in groupby(entries, attrgetter("role")))


def _pair_violations(conversation: Conversation) -> Iterator[str]:
    role = None
    seen: set[str] = set()
    calls: list[str] = []
    first = next((m for m in conversation.messages if m.role is not Role.SYSTEM), None)
    if first is not None and first.role is not Role.USER:
        yield "the first message is not the user's"
    for role, messages in _turns(conversation):
        if role is Role.ASSISTANT:
            calls = [call for m in messages for call in m.calls]
            yield from (f"tool call {c} is there twice" for c in calls if c in seen)
            seen.update(calls)
            continue
        results = [answer for m in messages for answer in m.answers]
        if not calls and not results:
            continue
        yield from (f"tool call {c} has no result" for c in calls if c not in results)
        yield from (f"result {r} answers no call" for r in results if r not in calls)
        if len(results) != len(set(results)):
            yield f"a call has two results: {', '.join(results)}"
        kinds = [b.kind is BlockKind.TOOL_RESULT for m in messages for b in m.blocks]
        if calls and kinds != sorted(kinds, reverse=True):
            yield f"other blocks come before the results of {', '.join(results)}"
        calls = []
    if role is None:
        yield "no message"
    if role is Role.ASSISTANT:
        yield from (f"tool call {c} has no result" for c in calls)
    yield from ("a text block is empty" for m in conversation.messages if m.has_blank)


class _Parser(ReplyParser):
    def event(self, data: dict[str, Any]) -> None:
        kind = data.get("type")
        if kind == "content_block_delta":
            delta = data["delta"]
            if delta.get("type") == "text_delta":
                self.add_text(delta["text"])
            elif delta.get("type") == "input_json_delta":
                self.add_input(len(self.reply.tools) - 1, delta["partial_json"])
        elif kind == "content_block_start":
            block = data["content_block"]
            if block.get("type") == "tool_use":
                self.reply.tools.append(ToolCall(block["id"], block["name"]))
        elif kind == "message_start":
            self.reply.model = data["message"].get("model", "")
            self._usage(data["message"].get("usage") or {})
        elif kind == "message_delta":
            self.reply.stop = data["delta"].get("stop_reason") or self.reply.stop
            self._usage(data.get("usage") or {})
        elif kind == "message_stop":
            self.reply.complete = True
        elif kind == "error":
            self.reply.error = str(data["error"].get("message", ""))

    def whole(self, data: dict[str, Any]) -> None:
        if data.get("type") == "error":
            self.reply.error = str(data["error"].get("message", ""))
            return
        if "input_tokens" in data:  # count_tokens
            self.reply.usage.input = data["input_tokens"]
            return
        self.reply.model = data.get("model", "")
        self.reply.stop = data.get("stop_reason") or ""
        self._usage(data.get("usage") or {})
        for block in data.get("content") or []:
            if block.get("type") == "text":
                self.add_text(block["text"])
            elif block.get("type") == "tool_use":
                self.reply.tools.append(ToolCall(block["id"], block["name"]))
                self.add_input(len(self.reply.tools) - 1, msgspec.json.encode(block["input"]).decode())

    def _usage(self, usage: dict[str, Any]) -> None:
        """`message_delta` repeats the counts of `message_start` and adds to the output's; the last word counts."""
        u: Usage = self.reply.usage
        u.input = usage.get("input_tokens", u.input)
        u.output = usage.get("output_tokens", u.output)
        u.cache_read = usage.get("cache_read_input_tokens", u.cache_read)
        u.cache_write = usage.get("cache_creation_input_tokens", u.cache_write)
