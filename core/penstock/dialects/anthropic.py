"""`Anthropic`: parses and edits requests of Anthropic's Messages API and of `count_tokens`, and reads the answers.

Raises `Unreadable` for a body that is not of the format, `InvalidEdit` for an edit that would leave a message without
blocks. Cache breakpoints are in `anthropic_cache`, token counts in `anthropic_usage`, paths of clouds in `clouds`.
Reference: https://docs.anthropic.com/en/api/messages and .../messages-streaming.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any

import msgspec

from penstock.base.errors import InvalidEdit, Unreadable
from penstock.conversation.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.conversation.json_spans import Span, elements, members, with_members
from penstock.conversation.reply import ToolCall
from penstock.conversation.reported_counts import count, mapping, objects
from penstock.dialects.anthropic_cache import (
    MAX_BREAKPOINTS,
    automatic,
    breakpoints,
    cache_ttl,
    marks_a_part,
    with_breakpoint,
)
from penstock.dialects.anthropic_usage import usage
from penstock.dialects.base import Endpoint, ListDialect, canonical_key, encode_text, message
from penstock.dialects.clouds import cloud_call
from penstock.dialects.replies import ReplyParser

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
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
"""Error types by HTTP status (https://platform.claude.com/docs/en/api/errors)."""
_NEED_AN_ANSWER = ("thinking", "tool_choice", "output_config", "output_format")


class Anthropic(ListDialect):
    """`POST /v1/messages` and `/v1/messages/count_tokens`, under any prefix (gateways put their own in front), and the
    paths of Vertex AI and Bedrock."""

    name = "anthropic"
    provider = "anthropic"
    list_field = "messages"
    final_status = 402  # Claude Code shows a message with this status as it is; before that of a 429 it puts its own

    def endpoint(self, method: str, path: str) -> Endpoint | None:
        if method != "POST":
            return None
        path = path.rstrip("/")
        if path.endswith("/v1/messages/count_tokens"):
            return Endpoint.COUNT
        call = cloud_call(path)
        if call is not None:
            return call.endpoint
        return Endpoint.TURN if path.endswith("/v1/messages") else None

    def root(self, body: bytes, top: dict[str, Span], path: str) -> dict[str, Span]:
        """Raises `Unreadable` on the clouds' paths unless `anthropic_version` is there, which only Claude's requests
        have."""
        call = cloud_call(path)
        if call is not None and call.endpoint is Endpoint.TURN and "anthropic_version" not in top:
            raise Unreadable("'anthropic_version' is missing: this is no body of Claude's Messages")
        return top

    def model_of(self, body: bytes, fields: dict[str, Span], path: str) -> str:
        call = cloud_call(path)
        return (call.model if call is not None else "") or super().model_of(body, fields, path)

    def streams(self, body: bytes, fields: dict[str, Span], path: str) -> bool:
        call = cloud_call(path)
        return (call is not None and call.stream) or super().streams(body, fields, path)

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
            found = message(role, [_block(role, b, raw, s) for b, s in zip(content, spans, strict=True)], raw)
            return replace(found, compacts=True) if any(map(_compacts, content)) else found
        if content is None:  # Claude Code sends control entries with no content
            return message(role, [], raw)
        raise Unreadable("content is neither a string nor a list")

    def automatic(self, body: bytes, fields: dict[str, Span]) -> str:
        return automatic(body, fields)

    def note(self, message: Message, block: int, texts: Sequence[str]) -> tuple[Span, bytes]:
        end = message.blocks[block].span.end
        return Span(end, end), b"".join(b"," + _text_block(encode_text(t)) for t in texts)

    def bare_note(self, message: Message, block: Block, value: bytes, notes: Sequence[str]) -> tuple[Span, bytes]:
        parts = [_text_block(value), *(_text_block(encode_text(t)) for t in notes)]
        return block.span, b"[" + b",".join(parts) + b"]"

    def may_strip(self, conversation: Conversation) -> bool:
        return True

    def removal(self, message: Message, blocks: frozenset[int]) -> Iterator[Span]:
        """A run of blocks goes up to where the next block begins; one at the end, from where the block before ends."""
        spans = [block.span for block in message.blocks]
        if message.bare or not 0 < len(blocks) < len(spans):
            raise InvalidEdit("a message keeps at least one of its blocks")
        first = None
        for i, span in enumerate(spans):
            if i in blocks:
                first = i if first is None else first
            elif first is not None:
                yield Span(spans[first].start, span.start)
                first = None
        if first is not None:
            yield Span(spans[first - 1].end, spans[-1].end)

    def user_message(self, texts: Sequence[str]) -> bytes:
        return b'{"role":"user","content":[' + b",".join(_text_block(encode_text(t)) for t in texts) + b"]}"

    def violations(self, conversation: Conversation) -> list[str]:
        out = [] if _is_plain(conversation) else list(_pair_violations(conversation))
        marks = breakpoints(conversation)
        if marks > MAX_BREAKPOINTS:
            out.append(f"{marks} cache breakpoints, {MAX_BREAKPOINTS} are allowed")
        return out

    def set_breakpoint(self, conversation: Conversation, message: int, block: int, lifetime: str) -> bytes | None:
        return with_breakpoint(conversation, message, block, lifetime)

    def without_answer(self, body: bytes) -> bytes | None:
        """`max_tokens: 0` (https://platform.claude.com/docs/en/build-with-claude/prompt-caching, "Pre-warming the
        cache"). It is refused with a thinking budget, a tool that must be used, or an output that must have a form."""
        fields = members(body)
        values = {name: msgspec.json.decode(fields[name].of(body)) for name in _NEED_AN_ANSWER if name in fields}
        if "max_tokens" not in fields or _needs_an_answer(values):
            return None
        stream = {"stream": b"false"} if "stream" in fields else {}
        return with_members(body, fields, {"max_tokens": b"0", **stream})

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
        cache_ttl=cache_ttl(value),
    )


def _compacts(value: Any) -> bool:
    """A compaction that succeeded: the API ignores what comes before it. One without content has failed and does
    nothing (https://platform.claude.com/docs/en/build-with-claude/compaction-threshold)."""
    if not isinstance(value, dict) or value.get("type") != "compaction":
        return False
    return bool(value.get("content") or value.get("encrypted_content"))


def _result(content: Any, raw: bytes, span: Span | None) -> tuple[str, Span | None]:
    """The text of a tool result, and the value that an edit replaces: the text of the only part, or the list of
    several. None if the list has an image, or a breakpoint that would be lost with it."""
    if span is None or isinstance(content, str):
        return content or "", span
    if not isinstance(content, list):
        return "", None
    texts = [p.get("text", "") for p in content if isinstance(p, dict) and p.get("type") == "text"]
    if len(texts) != len(content):
        return "\n".join(texts), None
    if len(texts) == 1:
        return texts[0], members(raw, elements(raw, span)[0]).get("text")
    return "\n".join(texts), None if marks_a_part(content) else span


def _text_block(value: bytes) -> bytes:
    return b'{"type":"text","text":' + value + b"}"


def _turns(conversation: Conversation) -> Iterator[tuple[Role, list[Message]]]:
    """The turns as the provider sees them: consecutive messages of one role are one turn; system entries between them
    do not count."""
    entries = (m for m in conversation.messages if m.role is not Role.SYSTEM)
    return ((role, list(messages)) for role, messages in groupby(entries, attrgetter("role")))


def _is_plain(conversation: Conversation) -> bool:
    """Whether roles alternate and each message answers just the calls of the one before, in order. Nearly all requests
    are so, and need no closer check."""
    calls: tuple[str, ...] = ()
    every: list[str] = []
    last = Role.ASSISTANT
    for entry in conversation.messages:
        if entry.has_blank or entry.role is last or entry.role is Role.SYSTEM:
            return False
        last = entry.role
        if last is Role.ASSISTANT:
            calls = entry.calls
            every += calls
        elif entry.answers != calls or (calls and len(entry.blocks) != len(calls)):
            return False
        else:
            calls = ()
    return bool(conversation.messages) and not calls and len(set(every)) == len(every)


def _pair_violations(conversation: Conversation) -> Iterator[str]:
    role = None
    seen: set[str] = set()
    calls: list[str] = []
    first = next((m for m in conversation.messages if m.role is not Role.SYSTEM), None)
    if first is not None and first.role is not Role.USER and not first.compacts:
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


def _needs_an_answer(values: Mapping[str, Any]) -> bool:
    thinking, choice = values.get("thinking"), values.get("tool_choice")
    config = values.get("output_config")
    return (
        (isinstance(thinking, dict) and thinking.get("type") == "enabled")
        or (isinstance(choice, dict) and choice.get("type") in ("any", "tool"))
        or (isinstance(config, dict) and config.get("format") is not None)
        or values.get("output_format") is not None
    )


def _error_in(data: dict[str, Any]) -> str:
    """The message of an error: Anthropic's and Google's have it inside `error`, Amazon's at the top."""
    error = data.get("error")
    found = error.get("message") if isinstance(error, dict) else data.get("message")
    return found if isinstance(found, str) else ""


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
            self._message(mapping(data.get("message")))
        elif kind == "message_delta":
            delta = mapping(data.get("delta"))
            self.reply.stop = delta.get("stop_reason") or self.reply.stop
            self._counted({**delta, **data})
        elif kind == "message_stop":
            self.reply.complete = True
        elif kind == "error":
            self.reply.error = str(data["error"].get("message", ""))

    def whole(self, data: dict[str, Any]) -> None:
        if data.get("type") != "message" and (error := _error_in(data)):
            self.reply.error = error
            return
        if "input_tokens" in data:  # count_tokens
            self.reply.usage.input = count(data["input_tokens"])
            return
        self.reply.stop = data.get("stop_reason") or ""
        self._message(data)
        for block in data.get("content") or []:
            if block.get("type") == "text":
                self.add_text(block["text"])
            elif block.get("type") == "tool_use":
                self.reply.tools.append(ToolCall(block["id"], block["name"]))
                self.add_input(len(self.reply.tools) - 1, msgspec.json.encode(block["input"]).decode())

    def _message(self, said: Mapping[str, Any]) -> None:
        self.reply.model = str(said.get("model") or "")
        self._counted(said)

    def _counted(self, said: Mapping[str, Any]) -> None:
        """`message_start` and a whole answer hold all of it; `message_delta` what has changed since."""
        self.reply.usage = usage(said.get("usage"), self.reply.usage)
        edits = mapping(said.get("context_management")).get("applied_edits")
        cleared = sum(count(edit.get("cleared_input_tokens")) or 0 for edit in objects(edits))
        self.reply.usage.cleared = cleared or self.reply.usage.cleared
        self.add_transformations(said.get("input_transformations"))
