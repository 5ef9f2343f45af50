"""The two Ollama dialects, `OllamaChat` and `OllamaGenerate`: parse and edit requests of `/api/chat` and
`/api/generate`, and read the answers. Ollama's OpenAI-compatible paths belong to the OpenAI dialects. Raises
`Unreadable` for a body that is not of the format, `InvalidEdit` for a note in a message that takes none.

Reference: https://github.com/ollama/ollama/blob/main/docs/api.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from penstock.base.errors import InvalidEdit, Unreadable
from penstock.conversation.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.conversation.json_spans import Span, elements, members
from penstock.conversation.reply import ToolCall
from penstock.conversation.reported_counts import count
from penstock.dialects.base import BlockEdit, Endpoint, ListDialect, canonical_key, encode_text, message
from penstock.dialects.replies import ReplyParser

__all__ = ["OllamaChat", "OllamaGenerate"]

_ROLES = {
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL,
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "control": Role.SYSTEM,  # Granite's templates switch thinking on with it
}
_ABSENT = (b"null", b'""')


class OllamaChat(ListDialect):
    """`POST /api/chat`, under any prefix.

    A message holds one string, so a note joins the user's own words; behind a tool's output it becomes a user message.
    """

    name = "ollama-chat"
    provider = "ollama"
    list_field = "messages"
    path = "/api/chat"

    def endpoint(self, method: str, path: str) -> Endpoint | None:
        return Endpoint.TURN if method == "POST" and path.rstrip("/").endswith(self.path) else None

    def streams(self, body: bytes, fields: dict[str, Span], path: str) -> bool:
        span = fields.get("stream")
        return span is None or span.of(body) != b"false"  # Ollama streams unless told not to

    def entries(self, body: bytes, fields: dict[str, Span]) -> list[Span]:
        """No entries in a request without `messages`: it loads or unloads a model."""
        span = fields.get(self.list_field)
        return [] if span is None or span.of(body) == b"null" else elements(body, span)

    def read_message(self, raw: bytes) -> Message:
        fields = members(raw)
        value = msgspec.json.decode(raw)
        role = _ROLES.get(str(value.get("role")).lower())
        if role is None:
            raise Unreadable(f"role {value.get('role')!r} is none of {', '.join(_ROLES)}")
        blocks = list(_blocks(role, value, raw, fields))
        return message(role, blocks, raw, bare=bool(blocks) and blocks[0].slot is not None)

    def note(self, message: Message, block: int, texts: Sequence[str]) -> tuple[Span, bytes]:
        if message.role not in (Role.USER, Role.TOOL):
            raise InvalidEdit(f"a message of the {message.role} takes no note")
        end = len(message.raw)
        return Span(end, end), b"," + self.user_message(texts)

    def bare_note(self, message: Message, block: Block, value: bytes, notes: Sequence[str]) -> tuple[Span, bytes]:
        if message.role is Role.USER:
            return block.span, _joined(value, notes)
        place, data = self.note(message, 0, notes)
        return Span(block.span.start, place.end), value + message.raw[block.span.end :] + data

    def user_message(self, texts: Sequence[str]) -> bytes:
        return b'{"role":"user","content":' + encode_text("\n\n".join(texts)) + b"}"

    def violations(self, conversation: Conversation) -> list[str]:
        """Ollama takes roles in any order and calls without results; only an empty history gets no answer."""
        return [] if conversation.messages else ["no message"]

    def parser(self) -> ReplyParser:
        return _Parser()

    def error_body(self, status: int, message: str) -> Any:
        return {"error": message}

    def _cut_message(self, message: Message, edits: Sequence[BlockEdit]) -> Iterable[tuple[Span, bytes]]:
        return super()._cut_message(message, _notes_on_content(edits) if message.bare else edits)


class OllamaGenerate(OllamaChat):
    """`POST /api/generate`, under any prefix: its `prompt` is the one message, the user's."""

    name = "ollama-generate"
    list_field = "prompt"
    path = "/api/generate"

    def entries(self, body: bytes, fields: dict[str, Span]) -> list[Span]:
        """The prompt, or nothing where no person speaks: a request without one loads or unloads a model, and one that
        is `raw` or has a `suffix` is text to go on from at its last character, where no note may stand."""
        span = fields.get(self.list_field)
        if span is None or span.of(body) in _ABSENT:
            return []
        if body[span.start : span.start + 1] != b'"':
            raise Unreadable("'prompt' is no string")
        raw, suffix = fields.get("raw"), fields.get("suffix")
        if raw is not None and raw.of(body) == b"true":
            return []
        return [span] if suffix is None or suffix.of(body) in _ABSENT else []

    def read_message(self, raw: bytes) -> Message:
        text, span = msgspec.json.decode(raw), Span(0, len(raw))
        key = canonical_key(Role.USER, {"type": "text", "text": text})
        return message(Role.USER, [Block(BlockKind.TEXT, Role.USER, text, key, span, slot=span)], raw, bare=True)

    def user_message(self, texts: Sequence[str]) -> bytes:
        return encode_text("\n\n".join(texts))

    def violations(self, conversation: Conversation) -> list[str]:
        """None: a prompt may be anything, and may be missing."""
        return []


def _blocks(role: Role, value: dict[str, Any], raw: bytes, fields: dict[str, Span]) -> Iterator[Block]:
    thinking = value.get("thinking")
    if thinking:
        key = canonical_key(role, {"type": "thinking", "thinking": thinking})
        yield Block(BlockKind.THINKING, role, str(thinking), key, fields["thinking"])
    content = value.get("content")
    if content or (content == "" and role is not Role.ASSISTANT):
        yield _content(role, content, value, fields["content"])
    for image, span in _each("images", value, raw, fields):
        yield Block(BlockKind.MEDIA, role, "", canonical_key(role, {"type": "image", "data": image}), span)
    for call, span in _each("tool_calls", value, raw, fields):
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict):
            raise Unreadable("a tool call names no function")
        yield Block(
            BlockKind.TOOL_USE,
            role,
            msgspec.json.encode(function.get("arguments")).decode(),
            canonical_key(role, call),
            span,
            tool_id=str(call.get("id") or ""),
            tool_name=str(function.get("name") or ""),
        )


def _content(role: Role, content: Any, value: dict[str, Any], span: Span) -> Block:
    if not isinstance(content, str):
        raise Unreadable("content is no string")
    if role is not Role.TOOL:
        key = canonical_key(role, {"type": "text", "text": content})
        return Block(BlockKind.TEXT, role, content, key, span, slot=span)
    tool_id, name = str(value.get("tool_call_id") or ""), str(value.get("tool_name") or value.get("name") or "")
    key = canonical_key(role, {"type": "tool_result", "id": tool_id, "name": name, "content": content})
    return Block(BlockKind.TOOL_RESULT, role, content, key, span, slot=span, tool_id=tool_id, tool_name=name)


def _each(name: str, value: dict[str, Any], raw: bytes, fields: dict[str, Span]) -> Iterator[tuple[Any, Span]]:
    items = value.get(name)
    if items:
        spans = elements(raw, fields[name])
        yield from zip(items, spans, strict=True)


def _joined(value: bytes, notes: Sequence[str]) -> bytes:
    """The JSON string `value` with the notes at its end, its own escapes as they were."""
    words = encode_text("\n\n".join(notes))
    return words if value == b'""' else value[:-1] + rb"\n\n" + words[1:]


def _notes_on_content(edits: Sequence[BlockEdit]) -> list[BlockEdit]:
    """The edits of a message whose string is its block 0, with all notes on that block: a note after an image and new
    words for the string would otherwise both cut the string."""
    notes = tuple(n for e in edits for n in e.notes)
    texts = [replace(e, notes=()) for e in edits if e.text is not None]
    first = next((e for e in texts if e.block == 0), BlockEdit(edits[0].message, 0))
    return [replace(first, notes=notes), *(e for e in texts if e is not first)]


class _Parser(ReplyParser):
    def event(self, data: dict[str, Any]) -> None:
        if "error" in data:
            self.reply.error = str(data["error"])
            return
        self.reply.model = data.get("model") or self.reply.model
        if data.get("done"):
            self.reply.complete = True
            self.reply.stop = data.get("done_reason") or ""
            self.reply.usage.input = count(data.get("prompt_eval_count"))
            self.reply.usage.output = count(data.get("eval_count"))
        said = data.get("message") or {}
        self.add_text(said.get("content") or data.get("response") or "")
        for call in said.get("tool_calls") or []:
            function = call["function"]
            self.reply.tools.append(ToolCall(call.get("id") or "", function["name"]))
            self.add_input(len(self.reply.tools) - 1, msgspec.json.encode(function.get("arguments")).decode())

    def whole(self, data: dict[str, Any]) -> None:
        self.event(data)
