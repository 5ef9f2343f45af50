"""`OpenAIChat`: parses and edits requests of OpenAI's Chat Completions, and reads the answers. Many servers copy it.

Raises `Unreadable` for a body that is not of the format, `InvalidEdit` for a note inside an answer. Content parts,
usage and errors are in `openai_content`, `openai_usage` and `openai_errors`, which Responses uses as well.
Reference: https://platform.openai.com/docs/api-reference/chat and .../chat-streaming.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from penstock.base.errors import InvalidEdit, Unreadable
from penstock.conversation.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.conversation.json_spans import Span, elements, members
from penstock.conversation.reply import ToolCall
from penstock.dialects.base import Endpoint, ListDialect, canonical_key, encode_text, message
from penstock.dialects.openai_content import (
    as_text,
    automatic,
    canonical_content,
    content_blocks,
    object_list,
    result,
    result_cache_ttl,
)
from penstock.dialects.openai_errors import QUOTA, error_text, error_value
from penstock.dialects.openai_usage import usage
from penstock.dialects.replies import ReplyParser

__all__ = ["OpenAIChat"]

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
        for call, span in zip(object_list(calls, "tool_calls"), elements(raw, fields["tool_calls"]), strict=True):
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
