"""`Gemini`: parses and edits requests of Google's `generateContent`, `streamGenerateContent` and `countTokens`, and
reads the answers. For AI Studio, Vertex AI and Code Assist. Raises `Unreadable` for a body that is not of the format.

Reference: https://ai.google.dev/api/generate-content and .../api/tokens. Code Assist (the Google login of Gemini CLI)
wraps the same request and answer in an object of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any, TypeVar

import msgspec

from penstock.base.errors import Unreadable
from penstock.conversation.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.conversation.json_spans import Span, elements, members
from penstock.conversation.reply import ToolCall
from penstock.conversation.reported_counts import count, mapping
from penstock.dialects.base import Endpoint, ListDialect, Refusal, canonical_key, encode_text, message
from penstock.dialects.replies import ReplyParser

__all__ = ["Gemini"]

T = TypeVar("T")

_PATH = re.compile(
    r"(?:/(?:models|tunedModels|endpoints)/(?P<model>[^/:]+)|/v\d+internal)"
    r":(?P<method>generateContent|streamGenerateContent|countTokens)$"
)
_WRAPPERS = ("request", "generateContentRequest", "generate_content_request")
_ROLES = {"user": Role.USER, "function": Role.USER, "model": Role.ASSISTANT}
_CAMEL = {
    "function_call": "functionCall",
    "function_response": "functionResponse",
    "inline_data": "inlineData",
    "file_data": "fileData",
    "thought_signature": "thoughtSignature",
}
_RESULT_TEXTS = ("output", "result", "error")
_ERRORS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class Gemini(ListDialect):
    """`POST .../models/NAME:METHOD` in any version and under any prefix, and Code Assist's `.../v1internal:METHOD`."""

    name = "gemini"
    provider = "gemini"
    list_field = "contents"

    def endpoint(self, method: str, path: str) -> Endpoint | None:
        match = _PATH.search(path)
        if method != "POST" or match is None:
            return None
        return Endpoint.COUNT if match["method"] == "countTokens" else Endpoint.TURN

    def root(self, body: bytes, top: dict[str, Span], path: str) -> dict[str, Span]:
        """The wrapped request's fields, and those of its wrapper (Code Assist names model and project there)."""
        wrapper = next((top[name] for name in _WRAPPERS if name in top), None)
        return top if wrapper is None or self.list_field in top else top | members(body, wrapper)

    def model_of(self, body: bytes, fields: dict[str, Span], path: str) -> str:
        match = _PATH.search(path)
        if match is not None and match["model"]:
            return match["model"]
        return super().model_of(body, fields, path).removeprefix("models/")

    def streams(self, body: bytes, fields: dict[str, Span], path: str) -> bool:
        return path.endswith(":streamGenerateContent")

    def read_message(self, raw: bytes) -> Message:
        fields = members(raw)
        value = msgspec.json.decode(raw)
        role = _ROLES.get(str(value.get("role") or "user"))
        if role is None:
            raise Unreadable(f"role {value.get('role')!r} is none of {', '.join(_ROLES)}")
        parts = value.get("parts")
        if parts is None:
            return message(role, [], raw)
        spans = elements(raw, fields["parts"])
        return message(role, [_part(role, p, raw, s) for p, s in zip(parts, spans, strict=True)], raw)

    def note(self, message: Message, block: int, texts: Sequence[str]) -> tuple[Span, bytes]:
        end = message.blocks[block].span.end
        return Span(end, end), b"".join(b"," + _text_part(t) for t in texts)

    def user_message(self, texts: Sequence[str]) -> bytes:
        return b'{"role":"user","parts":[' + b",".join(_text_part(t) for t in texts) + b"]}"

    def replacement(self, block: Block, text: str) -> bytes:
        value = encode_text(text)
        if not isinstance(block, _StructResult):
            return value
        return b'{"error":' + value + b"}" if block.is_error else b'{"output":' + value + b"}"

    def violations(self, conversation: Conversation) -> list[str]:
        return list(_turn_violations(conversation))

    def parser(self) -> ReplyParser:
        return _Parser()

    def error_body(self, status: int, message: str) -> Any:
        return {"error": {"code": status, "message": message, "status": _ERRORS.get(status, "UNKNOWN")}}

    def refusal(self, message: str, retry_after: int, status: int = 429, *, is_final: bool = False) -> Refusal:
        """Google's clients read the delay from the body, not from `retry-after`. Without it Gemini CLI tries ten times
        before it shows the message; told to wait more than five minutes it shows it at once."""
        body = self.error_body(status, message)
        delay = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after}s"}
        body["error"]["details"] = [delay]
        return replace(super().refusal(message, retry_after, status, is_final=is_final), body=msgspec.json.encode(body))


class _StructResult(Block):
    """A tool result whose slot is all of the `response` object, not a string in it."""

    __slots__ = ()


def _part(role: Role, value: Any, raw: bytes, span: Span) -> Block:
    if not isinstance(value, dict):
        raise Unreadable("a part is no object")
    key = canonical_key(role, value)
    value, fields = _camel(value), _camel(members(raw, span))
    call, result, text = value.get("functionCall"), value.get("functionResponse"), value.get("text")
    if isinstance(call, dict):
        args = msgspec.json.encode(call.get("args")).decode()
        return Block(BlockKind.TOOL_USE, role, args, key, span, tool_id=_str(call, "id"), tool_name=_str(call, "name"))
    if isinstance(result, dict):
        return _result(role, result, key, raw, span, fields["functionResponse"])
    if value.get("thought") is True:
        return Block(BlockKind.THINKING, role, _str(value, "text"), key, span)
    if isinstance(text, str):
        # A signature vouches for the part it stands in, so a signed text is as untouchable as a thought.
        slot = None if "thoughtSignature" in value else fields["text"]
        return Block(BlockKind.TEXT, role, text, key, span, slot)
    if "inlineData" in value or "fileData" in value:
        return Block(BlockKind.MEDIA, role, "", key, span)
    return Block(BlockKind.OTHER, role, "", key, span)


def _result(role: Role, result: dict[str, Any], key: bytes, raw: bytes, span: Span, inner: Span) -> Block:
    """A tool's result: the one string that holds its output where there is one, else the whole `response`."""
    response, tool_id, name = result.get("response"), _str(result, "id"), _str(result, "name")
    if not isinstance(response, dict):
        return Block(BlockKind.TOOL_RESULT, role, "", key, span, tool_id=tool_id, tool_name=name)
    whole = members(raw, inner)["response"]
    word = next((w for w in _RESULT_TEXTS if isinstance(response.get(w), str)), None)
    kind = _StructResult if word is None else Block
    return kind(
        BlockKind.TOOL_RESULT,
        role,
        msgspec.json.encode(response).decode() if word is None else response[word],
        key,
        span,
        slot=whole if word is None else members(raw, whole)[word],
        tool_id=tool_id,
        tool_name=name,
        is_error=bool(response.get("error")),
    )


def _camel(value: Mapping[str, T]) -> dict[str, T]:
    """`value` with the names of Google's REST reference; its server takes the snake_case ones as well."""
    return {_CAMEL.get(k, k): v for k, v in value.items()}


def _str(value: Mapping[str, Any], name: str) -> str:
    return str(value.get(name) or "")


def _text_part(text: str) -> bytes:
    return b'{"text":' + encode_text(text) + b"}"


def _turn_violations(conversation: Conversation) -> Iterator[str]:
    messages = conversation.messages
    if not messages:
        yield "no content"
        return
    if messages[0].role is Role.ASSISTANT:
        yield "the first content is the model's"
    calls = 0
    # Google's SDKs send the chunks of a streamed answer back as contents of their own; a turn is all one role says.
    for i, (_, turn) in enumerate(groupby(messages, key=lambda m: m.role)):
        first, *more = turn
        results = _count(BlockKind.TOOL_RESULT, first, *more)
        if results != calls:
            yield f"turn {i}: {results} function responses to {calls} function calls"
        elif calls and not _count(BlockKind.TOOL_RESULT, first):
            yield f"turn {i}: the function responses do not come right after the calls"
        calls = _count(BlockKind.TOOL_USE, first, *more)
    if calls:
        yield f"{calls} function calls of the last turn have no response"


def _count(kind: BlockKind, *messages: Message) -> int:
    return sum(b.kind is kind for m in messages for b in m.blocks)


class _Parser(ReplyParser):
    def event(self, data: dict[str, Any]) -> None:
        data = data.get("response") or data
        if "error" in data:
            self.reply.error = str(data["error"].get("message", ""))
            return
        self.reply.model = data.get("modelVersion") or self.reply.model
        self._usage(data.get("usageMetadata"))
        if "totalTokens" in data:  # countTokens
            self.reply.usage.input = count(data["totalTokens"])
        for candidate in data.get("candidates") or []:
            if not candidate.get("index"):  # of several answers the first
                self._candidate(candidate)
        blocked = (data.get("promptFeedback") or {}).get("blockReason")
        if blocked:
            self._stopped(blocked)

    def whole(self, data: dict[str, Any]) -> None:
        self.event(data)

    def _candidate(self, candidate: dict[str, Any]) -> None:
        for part in (candidate.get("content") or {}).get("parts") or []:
            call = part.get("functionCall")
            if call:
                self.reply.tools.append(ToolCall(_str(call, "id"), _str(call, "name")))
                self.add_input(len(self.reply.tools) - 1, msgspec.json.encode(call.get("args") or {}).decode())
            elif not part.get("thought"):
                self.add_text(part.get("text") or "")
        if candidate.get("finishReason"):
            self._stopped(candidate["finishReason"])

    def _stopped(self, reason: str) -> None:
        self.reply.stop, self.reply.complete = reason, True

    def _usage(self, said: object) -> None:
        """Each chunk counts from the start of the answer, so the last word counts. `promptTokenCount` holds the cached,
        and leaves out what Google's own tools added to the prompt; `candidatesTokenCount` leaves out the thoughts
        (https://ai.google.dev/api/generate-content#UsageMetadata)."""
        u, fields = self.reply.usage, mapping(said)
        prompt = count(fields.get("promptTokenCount"))
        if prompt is not None:
            cached = count(fields.get("cachedContentTokenCount"))
            cached = u.cache_read if cached is None else cached
            prompt += count(fields.get("toolUsePromptTokenCount")) or 0
            u.input, u.cache_read = max(0, prompt - (cached or 0)), cached
        output = [n for k in ("candidatesTokenCount", "thoughtsTokenCount") if (n := count(fields.get(k))) is not None]
        if output:
            u.output = sum(output)
