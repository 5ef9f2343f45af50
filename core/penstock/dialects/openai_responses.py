"""`OpenAIResponses`: parses and edits requests of OpenAI's Responses (`/responses` and `input_tokens`), and reads the
answers. Codex uses it, with the API and with ChatGPT's backend. Raises `Unreadable` for a body that is not of the
format, `InvalidEdit` for a note behind an item that takes none.

Reference: https://platform.openai.com/docs/api-reference/responses and .../responses-streaming.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import msgspec

from penstock.base.errors import InvalidEdit, Unreadable
from penstock.conversation.conversation import Block, BlockKind, Conversation, Message, Role
from penstock.conversation.json_spans import Span, members, with_members
from penstock.conversation.reply import ToolCall
from penstock.conversation.reported_counts import count, mapping, objects
from penstock.dialects.base import (
    BlockEdit,
    Change,
    Endpoint,
    ListDialect,
    RangeEdit,
    Refusal,
    canonical_key,
    encode_text,
    message,
)
from penstock.dialects.openai_content import (
    as_text,
    automatic,
    canonical_content,
    content_blocks,
    result,
    result_cache_ttl,
)
from penstock.dialects.openai_errors import QUOTA, error_text, error_value
from penstock.dialects.openai_usage import usage
from penstock.dialects.replies import ReplyParser

__all__ = ["OpenAIResponses"]

_ROLES = {"system": Role.SYSTEM, "developer": Role.SYSTEM, "user": Role.USER, "assistant": Role.ASSISTANT}
_CALL_INPUTS = ("arguments", "input", "action", "operation")
_ENDS = ("response.completed", "response.incomplete", "response.failed")


class OpenAIResponses(ListDialect):
    """`POST .../responses` and `.../responses/input_tokens`, under any prefix. `.../responses/compact` is not read: it
    asks for a new history, not for an answer.

    An `input` that is a bare string is one user message of one text block, and becomes a list when a note joins it.
    """

    name = "openai-responses"
    provider = "openai"
    list_field = "input"

    def endpoint(self, method: str, path: str) -> Endpoint | None:
        if method != "POST":
            return None
        path = path.rstrip("/")
        if path.endswith("/responses/input_tokens"):
            return Endpoint.COUNT
        return Endpoint.TURN if path.endswith("/responses") else None

    def entries(self, body: bytes, fields: dict[str, Span]) -> list[Span]:
        span = fields.get(self.list_field)
        if span is not None and _is_string(body, span.start):
            return [span]
        spans = super().entries(body, fields)
        if any(_is_string(body, s.start) for s in spans):
            raise Unreadable("an item of the input is a string")
        return spans

    def read_message(self, raw: bytes) -> Message:
        if _is_string(raw):
            blocks = content_blocks(Role.USER, msgspec.json.decode(raw), raw, Span(0, len(raw)))
            return message(Role.USER, blocks, raw, bare=True)
        fields = members(raw)
        value = msgspec.json.decode(raw)
        if value.get("type", "message") != "message" or "role" not in value:
            block = _item_block(value, raw, fields)
            found = message(block.role, [block], raw)
            return replace(found, compacts=True) if value.get("type") == "compaction" else found
        role = _ROLES.get(str(value["role"]))
        if role is None:
            raise Unreadable(f"role {value['role']!r} is none of {', '.join(_ROLES)}")
        content = value.get("content")
        blocks = content_blocks(role, content, raw, fields.get("content"))
        return message(role, blocks, raw, bare=isinstance(content, str))

    def automatic(self, body: bytes, fields: dict[str, Span]) -> str:
        return automatic(body, fields)

    def ignored(self, body: bytes, fields: dict[str, Span], messages: Sequence[Message]) -> int:
        """What comes before the last compaction item, where the server compacts by itself: that item carries all that
        is needed. What `/responses/compact` gives is sent back whole, and the model reads what it keeps before its item
        (https://developers.openai.com/api/docs/guides/compaction)."""
        span = fields.get("context_management")
        asked = None if span is None else msgspec.json.decode(span.of(body))
        if not any(one.get("type") == "compaction" for one in objects(asked)):
            return 0
        return super().ignored(body, fields, messages)

    def splice(self, conversation: Conversation, changes: Sequence[Change]) -> bytes:
        if len(conversation.messages) == 1 and _is_string(conversation.messages[0].raw):
            # The only message is no element of a list: it can be rewritten, not cut out or replaced by an item.
            whole = [c for c in changes if isinstance(c, RangeEdit) and c.text]
            changes = [BlockEdit(0, 0, text=whole[0].text)] if whole else changes
        return super().splice(conversation, changes)

    def note(self, message: Message, block: int, texts: Sequence[str]) -> tuple[Span, bytes]:
        if message.role is not Role.TOOL:
            _refuse_unless_heard(message)
        # Codex lists the kinds of a message's parts beside them: a part more would make the two lists differ.
        if message.role is Role.TOOL or b'"content_item_kinds"' in message.raw:
            end = len(message.raw)
            return Span(end, end), b"," + self.user_message(texts)
        end = message.blocks[block].span.end
        return Span(end, end), b"".join(b"," + _text_part(encode_text(t)) for t in texts)

    def bare_note(self, message: Message, block: Block, value: bytes, notes: Sequence[str]) -> tuple[Span, bytes]:
        _refuse_unless_heard(message)
        parts = [value, *(encode_text(t) for t in notes)]
        if _is_string(message.raw):
            return block.span, b"[" + _user_item(parts) + b"]"
        return block.span, _part_list(parts)

    def user_message(self, texts: Sequence[str]) -> bytes:
        return _user_item([encode_text(t) for t in texts])

    def violations(self, conversation: Conversation) -> list[str]:
        orphans, unanswered = _pair_violations(conversation)
        if orphans and _continues(conversation):
            orphans = []
        return [*orphans, *unanswered, *_reasoning_violations(conversation)]

    def may_strip(self, conversation: Conversation) -> bool:
        """Not where OpenAI keeps the items: by its ids it knows a call's reasoning, and refuses the one without the
        other ("was provided without its required 'reasoning' item"). `store` is true unless the client says no."""
        said = (m for m in conversation.messages if m.role is Role.ASSISTANT and not m.thinking)
        return conversation.field("store") is False and not any(b'"id"' in m.raw for m in said)

    def without_answer(self, body: bytes) -> bytes | None:
        """`prompt_cache_options.prewarm` (`response_create_params.py` of the Python SDK 3.54.0)."""
        fields = members(body)
        # What the server keeps of a conversation must not grow by it, and what it does on its own must not begin.
        if "conversation" in fields or ("background" in fields and fields["background"].of(body) == b"true"):
            return None
        options = fields.get("prompt_cache_options")
        found = {} if options is None else msgspec.json.decode(options.of(body))
        if not isinstance(found, dict):
            return None
        prewarm = msgspec.json.encode(found | {"prewarm": True})
        stream = {"stream": b"false"} if "stream" in fields else {}
        if "stream_options" in fields:
            stream["stream_options"] = b"null"
        return with_members(body, fields, {"prompt_cache_options": prewarm, "store": b"false", **stream})

    def parser(self) -> ReplyParser:
        return _Parser()

    def error_body(self, status: int, message: str) -> Any:
        return error_value(status, message)

    def final_body(self, status: int, message: str) -> Any:
        return {"error": {"message": message, **QUOTA, "type": "usage_limit_reached", "plan_type": "unknown"}}

    def refusal(self, message: str, retry_after: int, status: int = 429, *, is_final: bool = False) -> Refusal:
        """Codex shows none of a 429's own words but, for `usage_limit_reached`, those of a header."""
        refusal = super().refusal(message, retry_after, status, is_final=is_final)
        if not is_final:
            return refusal
        words = " ".join(message.encode("ascii", "replace").decode().split())
        return replace(refusal, headers={**refusal.headers, "x-codex-promo-message": words})


def _is_string(data: bytes, at: int = 0) -> bool:
    """Whether a string begins here. A message that does is the whole of an `input`: no item of a list is a string."""
    return data.startswith(b'"', at)


def _item_block(value: dict[str, Any], raw: bytes, fields: dict[str, Span]) -> Block:
    """An item that is no message, as one block. Its key leaves out what only the transport cares about: `id`, `status`
    and the client's own metadata."""
    kind = str(value.get("type") or "")
    whole = Span(0, len(raw))
    if kind.endswith("_call") and value.get("call_id"):
        link, name, text = _call(value)
        key = canonical_key(Role.ASSISTANT, {"type": kind, "call_id": link, "name": name, "input": text})
        return Block(BlockKind.TOOL_USE, Role.ASSISTANT, text, key, whole, tool_id=link, tool_name=name)
    if kind.endswith("_call_output") or (kind == "tool_search_output" and value.get("call_id")):
        # A local shell's output names its call in `id`.
        link = str(value.get("call_id") or (kind.startswith("local_shell") and value.get("id")) or "")
        output = value.get("output", value.get("tools"))
        key = canonical_key(Role.TOOL, {"type": kind, "call_id": link, "output": canonical_content(output)})
        text, slot = result(value.get("output"), raw, fields.get("output"))
        mark = result_cache_ttl(value.get("output"))
        return Block(BlockKind.TOOL_RESULT, Role.TOOL, text, key, whole, slot, tool_id=link, cache_ttl=mark)
    if kind == "reasoning":
        # Without its content, only the id tells it from another.
        told = ("summary", "content", "encrypted_content" if value.get("encrypted_content") else "id")
        key = canonical_key(Role.ASSISTANT, {"type": kind, **{name: value.get(name) for name in told}})
        return Block(BlockKind.THINKING, Role.ASSISTANT, _thoughts(value), key, whole)
    # A call without `call_id` ran on the server: no output of the client's belongs to it.
    role = Role.ASSISTANT if kind.endswith("_call") else Role.SYSTEM
    return Block(BlockKind.OTHER, role, "", canonical_key(role, value), whole)


def _call(item: dict[str, Any]) -> tuple[str, str, str]:
    """The id, name and input of a call. Calls of built-in tools have no name, the tool's type is it."""
    name = str(item.get("name") or str(item["type"]).removesuffix("_call"))
    given = next((item[n] for n in _CALL_INPUTS if n in item), "")
    return str(item["call_id"]), name, as_text(given)


def _thoughts(value: dict[str, Any]) -> str:
    lists = [v for v in (value.get("summary"), value.get("content")) if isinstance(v, list)]
    return "\n".join(as_text(p.get("text", "")) for parts in lists for p in parts if isinstance(p, dict))


def _refuse_unless_heard(message: Message) -> None:
    """Notes go into messages to the model, not into its own and not into other items."""
    if message.role is Role.ASSISTANT or (not message.bare and message.blocks[0].span.start == 0):
        raise InvalidEdit("this item takes no note")


def _text_part(value: bytes) -> bytes:
    return b'{"type":"input_text","text":' + value + b"}"


def _part_list(values: Sequence[bytes]) -> bytes:
    return b"[" + b",".join(_text_part(v) for v in values) + b"]"


def _user_item(values: Sequence[bytes]) -> bytes:
    return b'{"type":"message","role":"user","content":' + _part_list(values) + b"}"


def _pair_violations(conversation: Conversation) -> tuple[list[str], list[str]]:
    """The outputs that no call before them asked for, and the calls without an output. They need not be adjacent.

    A violation names the id, not the index, so that one of the client's stays the same when items before it are
    removed.
    """
    calls: list[str] = []
    answered: set[str] = set()
    orphans: list[str] = []
    for _, _, b in conversation.blocks():
        if b.kind is BlockKind.TOOL_USE:
            calls.append(b.tool_id)
        elif b.kind is BlockKind.TOOL_RESULT and b.tool_id:
            answered.add(b.tool_id)
            if b.tool_id not in calls:
                orphans.append(f"output {b.tool_id!r} answers no call")
    return orphans, [f"call {c!r} has no output" for c in calls if c not in answered]


def _reasoning_violations(conversation: Conversation) -> Iterator[str]:
    """Reasoning goes with what the model said or did next; an item we can not read may be that."""
    filled = [m for m in conversation.messages if m.blocks]
    for m, follows in zip_longest(filled, filled[1:]):
        if m.blocks[0].kind is not BlockKind.THINKING:
            continue
        if follows is None or (follows.role is not Role.ASSISTANT and follows.blocks[0].kind is not BlockKind.OTHER):
            yield f"reasoning {m.key.hex()} goes without the item it belongs to"


def _continues(conversation: Conversation) -> bool:
    """Whether part of the history is kept by the provider, and calls may stand there."""
    if conversation.field("previous_response_id") or conversation.field("conversation"):
        return True
    others = (m.raw for m in conversation.messages if m.blocks and m.blocks[0].kind is BlockKind.OTHER)
    return any(msgspec.json.decode(raw).get("type", "item_reference") == "item_reference" for raw in others)


class _Parser(ReplyParser):
    def event(self, data: dict[str, Any]) -> None:
        kind = data.get("type")
        if kind == "response.output_text.delta":
            self.add_text(data["delta"])
        elif kind == "response.output_item.added":
            self._call(data["item"], done=False)
        elif kind == "response.output_item.done":
            self._call(data["item"], done=True)
        elif kind == "response.created":
            self.reply.model = str(data["response"].get("model") or "")
        elif kind in _ENDS:
            self.reply.complete = kind != "response.failed"
            self._response(data["response"])
        elif kind == "error" or "error" in data:
            self.reply.error = error_text(data.get("error") or data)

    def whole(self, data: dict[str, Any]) -> None:
        if data.get("object") == "response.input_tokens":
            self.reply.usage.input = count(data["input_tokens"])
            return
        for item in data.get("output") or []:
            self._call(item, done=True)
            for part in item.get("content") or [] if item.get("type") == "message" else []:
                if part.get("type") == "output_text":
                    self.add_text(part["text"])
        self._response(data)

    def _call(self, item: dict[str, Any], *, done: bool) -> None:
        """An item comes twice, and its input in pieces in between: only the last word, which has it all, is taken."""
        if not str(item.get("type")).endswith("_call") or not item.get("call_id"):
            return
        link, name, given = _call(item)
        known = [t.id for t in self.reply.tools]
        if link not in known:
            known.append(link)
            self.reply.tools.append(ToolCall(link, name))
        at = known.index(link)
        if done and not self.reply.tools[at].input:
            self.add_input(at, given)

    def _response(self, response: dict[str, Any]) -> None:
        self.reply.model = str(response.get("model") or self.reply.model)
        why = mapping(response.get("incomplete_details")).get("reason")
        self.reply.stop = str(why or response.get("status") or "")
        if response.get("error"):
            self.reply.error = error_text(response["error"])
        if response.get("usage"):
            self.reply.usage = usage(response["usage"], "input", "output", response.get("service_tier"))
        self.add_transformations(response.get("input_transformations"))
