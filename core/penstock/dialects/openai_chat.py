"""`OpenAIChat`: parses and edits requests of OpenAI's Chat Completions, and reads the answers. Many servers copy it.

Reference: https://platform.openai.com/docs/api-reference/chat and .../chat-streaming. What the format shares with
OpenAI's Responses (content parts, usage, errors) is at the end of this file, and is imported by `openai_responses`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from penstock.base.errors import InvalidEdit, Unreadable
from penstock.conversation.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.conversation.json_spans import Span, elements, members
from penstock.conversation.reply import ToolCall, Usage
from penstock.conversation.reported_counts import count, dollars, mapping
from penstock.dialects.base import Endpoint, ListDialect, canonical_key, encode_text, message
from penstock.dialects.replies import ReplyParser

__all__ = [
    "QUOTA",
    "OpenAIChat",
    "as_text",
    "automatic",
    "canonical_content",
    "content_blocks",
    "error_text",
    "error_value",
    "result",
    "result_cache_ttl",
    "usage",
]

_ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,  # before tools there were functions: one call a message, linked by name
}
_SPOKEN = {
    "reasoning_content": BlockKind.THINKING,  # DeepSeek
    "reasoning": BlockKind.THINKING,  # OpenRouter
    "reasoning_details": BlockKind.THINKING,  # OpenRouter: with the signatures that bind it
    "reasoning_opaque": BlockKind.THINKING,  # GitHub Copilot
    "refusal": BlockKind.OTHER,
}
_PARTS = {
    "text": BlockKind.TEXT,
    "input_text": BlockKind.TEXT,
    "output_text": BlockKind.TEXT,
    "image_url": BlockKind.MEDIA,
    "input_image": BlockKind.MEDIA,
    "input_audio": BlockKind.MEDIA,
    "file": BlockKind.MEDIA,
    "input_file": BlockKind.MEDIA,
}
_BREAKPOINTS = ("prompt_cache_breakpoint", "cache_control")
# A breakpoint moves to the newest message with each turn, and an answer comes back with or without its trimmings: none
# of it makes another content. (`cache_control` is left out by `canonical_key`.)
_TRIMMINGS = ("prompt_cache_breakpoint", "annotations", "logprobs")

QUOTA = {"type": "insufficient_quota", "param": None, "code": "insufficient_quota"}
"""The error of a limit that waiting does not lift: https://platform.openai.com/docs/guides/error-codes."""


class OpenAIChat(ListDialect):
    """`POST .../chat/completions`, under any prefix (Azure, OpenRouter and gateways put their own in front)."""

    name = "openai-chat"
    provider = "openai"
    list_field = "messages"

    def endpoint(self, method: str, path: str) -> Endpoint | None:
        return Endpoint.TURN if method == "POST" and path.rstrip("/").endswith("/chat/completions") else None

    def read_message(self, raw: bytes) -> Message:
        fields = members(raw)
        value = msgspec.json.decode(raw)
        role = _ROLES.get(str(value.get("role")))
        if role is None:
            raise Unreadable(f"role {value.get('role')!r} is none of {', '.join(_ROLES)}")
        content, span = value.get("content"), fields.get("content")
        if role is Role.TOOL:
            return message(role, [_result_block(value, raw, span)], raw)
        blocks = content_blocks(role, content, raw, span)
        if role is Role.ASSISTANT:
            blocks = [*_spoken_blocks(value, fields), *blocks, *_call_blocks(value, raw, fields)]
        return message(role, blocks, raw, bare=isinstance(content, str) and len(blocks) == 1)

    def automatic(self, body: bytes, fields: dict[str, Span]) -> str:
        return automatic(body, fields)

    def note(self, message: Message, block: int, texts: Sequence[str]) -> tuple[Span, bytes]:
        if message.role is Role.TOOL:  # results stand in a row; the note is a message after it
            end = len(message.raw)
            return Span(end, end), b"," + self.user_message(texts)
        if message.role is Role.ASSISTANT:
            raise InvalidEdit("a note can not be put into the model's mouth")
        end = message.blocks[block].span.end
        return Span(end, end), b"".join(b"," + _text_part(encode_text(t)) for t in texts)

    def bare_note(self, message: Message, block: Block, value: bytes, notes: Sequence[str]) -> tuple[Span, bytes]:
        if message.role is Role.ASSISTANT:
            raise InvalidEdit("a note can not be put into the model's mouth")
        parts = [_text_part(value), *(_text_part(encode_text(t)) for t in notes)]
        return block.span, b"[" + b",".join(parts) + b"]"

    def user_message(self, texts: Sequence[str]) -> bytes:
        """A single text goes as a bare string: some servers that copy the format know nothing else."""
        if len(texts) == 1:
            content = encode_text(texts[0])
        else:
            content = b"[" + b",".join(_text_part(encode_text(t)) for t in texts) + b"]"
        return b'{"role":"user","content":' + content + b"}"

    def violations(self, conversation: Conversation) -> list[str]:
        if not conversation.messages:
            return ["no message"]
        return list(_pair_violations(conversation))

    def parser(self) -> ReplyParser:
        return _Parser()

    def error_body(self, status: int, message: str) -> Any:
        return error_value(status, message)

    def final_body(self, status: int, message: str) -> Any:
        return {"error": {"message": message, **QUOTA}}


def _result_block(value: dict[str, Any], raw: bytes, span: Span | None) -> Block:
    content = value.get("content")
    text, slot = result(content, raw, span)
    link = str(value.get("tool_call_id") or value.get("name") or "")
    key = canonical_key(Role.TOOL, {"tool_call_id": link, "content": canonical_content(content)})
    span = Span(0, len(raw))
    return Block(
        BlockKind.TOOL_RESULT, Role.TOOL, text, key, span, slot, tool_id=link, cache_ttl=result_cache_ttl(content)
    )


def _spoken_blocks(value: dict[str, Any], fields: dict[str, Span]) -> Iterator[Block]:
    for name, kind in _SPOKEN.items():
        said = value.get(name)
        if said and isinstance(said, str | list):
            key = canonical_key(Role.ASSISTANT, {name: said})
            yield Block(kind, Role.ASSISTANT, said if isinstance(said, str) else "", key, fields[name])


def _call_blocks(value: dict[str, Any], raw: bytes, fields: dict[str, Span]) -> Iterator[Block]:
    calls = value.get("tool_calls")
    if calls is not None:
        for call, span in zip(_objects(calls, "tool_calls"), elements(raw, fields["tool_calls"]), strict=True):
            function = call.get("function") or call.get("custom")
            yield _call_block(call, function, str(call.get("id") or ""), span)
    legacy = value.get("function_call")
    if isinstance(legacy, dict):
        yield _call_block(legacy, legacy, str(legacy.get("name") or ""), fields["function_call"])


def _call_block(call: dict[str, Any], function: Any, link: str, span: Span) -> Block:
    function = function if isinstance(function, dict) else {}
    return Block(
        BlockKind.TOOL_USE,
        Role.ASSISTANT,
        as_text(function.get("arguments", function.get("input", ""))),
        canonical_key(Role.ASSISTANT, call),
        span,
        tool_id=link,
        tool_name=str(function.get("name") or ""),
    )


def _text_part(value: bytes) -> bytes:
    return b'{"type":"text","text":' + value + b"}"


def _pair_violations(conversation: Conversation) -> Iterator[str]:
    """Every call of a message is answered by the tool messages right behind it, and they answer nothing else.

    A violation names the id, not the index, so that one of the client's stays the same when messages before it are
    removed.
    """
    open_calls: list[str] = []
    for m in conversation.messages:
        if m.role is not Role.TOOL:
            yield from (f"tool call {c!r} has no result" for c in open_calls)
            open_calls = [b.tool_id for b in m.blocks if b.kind is BlockKind.TOOL_USE]
        elif m.blocks[0].tool_id in open_calls:
            open_calls.remove(m.blocks[0].tool_id)
        else:
            yield f"result {m.blocks[0].tool_id!r} answers no open call of the message before it"
    yield from (f"tool call {c!r} has no result" for c in open_calls)


class _Parser(ReplyParser):
    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[Any, int] = {}

    def event(self, data: dict[str, Any]) -> None:
        if data.get("error"):
            self.reply.error = error_text(data["error"])
        self.reply.model = str(data.get("model") or self.reply.model)
        for choice in data.get("choices") or []:
            if choice.get("index", 0) == 0:
                self._choice(choice)
        if data.get("usage"):
            self.reply.usage = usage(data["usage"], "prompt", "completion", data.get("service_tier"))

    def whole(self, data: dict[str, Any]) -> None:
        self.event(data)

    def _choice(self, choice: dict[str, Any]) -> None:
        said = choice.get("delta") or choice.get("message") or {}
        if isinstance(said.get("content"), str):
            self.add_text(said["content"])
        for n, call in enumerate(said.get("tool_calls") or []):
            # Not every server numbers its calls; those that do not send each in one piece.
            which = call.get("id") or n if call.get("index") is None else call["index"]
            self._call(which, call, call.get("function") or call.get("custom") or {})
        if said.get("function_call"):
            self._call("function_call", {"id": said["function_call"].get("name")}, said["function_call"])
        if choice.get("finish_reason"):
            self.reply.stop, self.reply.complete = str(choice["finish_reason"]), True

    def _call(self, which: Any, call: dict[str, Any], function: dict[str, Any]) -> None:
        if which not in self._calls:
            self._calls[which] = len(self.reply.tools)
            self.reply.tools.append(ToolCall("", ""))
        at = self._calls[which]
        tool = self.reply.tools[at]
        tool.id = tool.id or str(call.get("id") or "")
        tool.name = tool.name or str(function.get("name") or "")
        self.add_input(at, as_text(function.get("arguments") or function.get("input") or ""))


def content_blocks(role: Role, content: Any, raw: bytes, span: Span | None) -> list[Block]:
    """The blocks of a message's content, a string or a list of parts. Raises `Unreadable` when it is neither."""
    if span is None or content is None:
        return []
    if isinstance(content, str):
        key = canonical_key(role, _canonical_text(content))
        return [Block(BlockKind.TEXT, role, content, key, span, slot=span)]
    spans = elements(raw, span)
    return [_part_block(role, p, raw, s) for p, s in zip(_objects(content, "content"), spans, strict=True)]


def _part_block(role: Role, value: dict[str, Any], raw: bytes, span: Span) -> Block:
    kind = _PARTS.get(str(value.get("type")), BlockKind.OTHER)
    text, slot = "", None
    if kind is BlockKind.TEXT:
        text, slot = as_text(value.get("text", "")), members(raw, span).get("text")
    elif kind is BlockKind.OTHER:
        text = as_text(value.get("refusal", ""))
    return Block(kind, role, text, canonical_key(role, _canonical_part(value)), span, slot, cache_ttl=_cache_ttl(value))


def _cache_ttl(value: Mapping[str, Any]) -> str:
    """The lifetime of a breakpoint on a part: OpenAI's own, or that of Anthropic, which gateways take."""
    own = value.get("prompt_cache_breakpoint")
    if own is not None:
        return "12h" if mapping(own).get("ttl") == "12h" else "30m"
    if "cache_control" not in value:
        return ""
    return "1h" if mapping(value["cache_control"]).get("ttl") == "1h" else "5m"


def result_cache_ttl(content: Any) -> str:
    """The lifetime of the last breakpoint on a part of a tool's result."""
    parts = (one for one in reversed(content) if isinstance(one, dict)) if isinstance(content, list) else ()
    return next((mark for part in parts if (mark := _cache_ttl(part))), "")


def automatic(body: bytes, fields: Mapping[str, Span]) -> str:
    """The breakpoint at the end of the newest message, which `prompt_cache_options` may rule out or have live longer
    (https://developers.openai.com/api/docs/guides/prompt-caching). Gateways to Claude take `cache_control` for it."""
    span = fields.get("cache_control")
    mark = None if span is None else msgspec.json.decode(span.of(body))
    if isinstance(mark, dict):
        return "1h" if mark.get("ttl") == "1h" else "5m"
    span = fields.get("prompt_cache_options")
    options = mapping(None if span is None else msgspec.json.decode(span.of(body)))
    if options.get("mode") == "explicit":
        return ""
    return "12h" if options.get("ttl") == "12h" else "30m"


def result(content: Any, raw: bytes, span: Span | None) -> tuple[str, Span | None]:
    """The text of a tool's result, and the value that an edit replaces: the string, the text of the only part, or the
    list of several. None when the list holds an image, or a cache breakpoint that would go with it."""
    if isinstance(content, str):
        return content, span
    if not isinstance(content, list) or span is None:
        return "", None
    parts = [p for p in content if isinstance(p, dict) and _PARTS.get(str(p.get("type"))) is BlockKind.TEXT]
    text = "\n".join(as_text(p.get("text", "")) for p in parts)
    if not parts or len(parts) != len(content):
        return text, None
    if len(parts) == 1:
        return text, members(raw, elements(raw, span)[0]).get("text")
    return text, None if any(name in p for p in parts for name in _BREAKPOINTS) else span


def canonical_content(content: Any) -> Any:
    """`content` in the form by which it is compared: a bare string becomes a list of one text part."""
    if isinstance(content, str):
        return [_canonical_text(content)]
    if isinstance(content, list):
        return [_canonical_part(p) if isinstance(p, dict) else p for p in content]
    return content


def _canonical_part(value: Mapping[str, Any]) -> dict[str, Any]:
    rest = {k: v for k, v in value.items() if k not in _TRIMMINGS}
    if _PARTS.get(str(rest.get("type"))) is not BlockKind.TEXT:
        return rest
    return {**_canonical_text(rest.pop("text", "")), **{k: v for k, v in rest.items() if k != "type"}}


def _canonical_text(text: Any) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise Unreadable(f"{name} is no list of objects")
    return value


def as_text(value: Any) -> str:
    """A string as it is, any other value as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def usage(said: object, sent: str, got: str, tier: object = None) -> Usage:
    """The token counts of an answer; `sent` and `got` are the format's words for the two sides, `tier` is the answer's
    `service_tier`.

    OpenAI counts what was read from the cache, and what was written to it, inside the total, and bills each token once
    (https://developers.openai.com/api/docs/guides/prompt-caching; `ResponseUsage` and `CompletionUsage` of the Python
    SDK 3.54.0). DeepSeek and Moonshot name what was read beside the total (https://api-docs.deepseek.com/guides/kv_cache,
    https://platform.moonshot.ai/docs/api/chat). OpenRouter names the dollars in `cost`, and apart from it what another
    provider charges for a request with the client's own key
    (https://openrouter.ai/docs/use-cases/usage-accounting).
    """
    data = mapping(said)
    total = count(data.get(f"{sent}_tokens"))
    details = mapping(data.get(f"{sent}_tokens_details"))
    read = _first(details.get("cached_tokens"), data.get("prompt_cache_hit_tokens"), data.get("cached_tokens"))
    split = mapping(details.get("cache_write_tokens_details"))
    long, short = count(split.get("ttl_12h_tokens")), count(split.get("ttl_30m_tokens"))
    written = count(details.get("cache_write_tokens"))
    if long is not None or short is not None:
        written = max(written or 0, (long or 0) + (short or 0))
        long = long or 0
    if total is not None:
        read = None if read is None else min(read, total)
        written = None if written is None else min(written, total - (read or 0))
        total -= (read or 0) + (written or 0)
    return Usage(
        input=total,
        output=count(data.get(f"{got}_tokens")),
        cache_read=read,
        cache_write=written,
        cache_write_hour=None if long is None else min(long, written or 0),
        is_fast=tier == "priority",
        is_deferred=tier == "flex",
        dollars=_cost(data),
    )


def _first(*said: object) -> int | None:
    return next((n for one in said if (n := count(one)) is not None), None)


def _cost(data: Mapping[str, Any]) -> float | None:
    paid = dollars(data.get("cost"))
    if paid is None or data.get("is_byok") is not True:
        return paid
    upstream = dollars(mapping(data.get("cost_details")).get("upstream_inference_cost"))
    return None if upstream is None else paid + upstream


def error_value(status: int, message: str) -> dict[str, Any]:
    """An error body. For 429 it is that of a temporary limit; on `QUOTA` clients give up."""
    kind, code = "invalid_request_error", None
    if status == 429:
        kind, code = "requests", "rate_limit_exceeded"
    elif status == 401:
        code = "invalid_api_key"
    elif status >= 500:
        kind = "server_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def error_text(error: Any) -> str:
    """The text of an `error` member, which some servers send as a bare string."""
    return str(error.get("message") or error.get("code") or "") if isinstance(error, dict) else str(error)
