"""`PromptHeadChanges`: finds out whether a request's tools and system prompt differ from those of the conversation's
last request, for the latest 1,000 conversations; `list_tools`: each tool's name and size. One event lists at most 300
tools."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from penstock.conversation.conversation import HEAD_FIELDS, BlockKind, Conversation
from penstock.conversation.exchange import Exchange
from penstock.conversation.json_spans import Span
from penstock.events.request_events import LoggedTool
from penstock.tokens.estimate import estimate_bytes

__all__ = ["PromptHeadChanges", "list_tools"]

CONVERSATIONS = 1000
"""The most conversations whose newest tools and system prompt are remembered, as two hashes."""
TOOLS = 300
"""Tools that one event lists."""
_NESTED = ("tools", "functionDeclarations", "function_declarations")
_ATTESTED = b"cch="
"""The client's digest of its body differs in each request, and is left out of hashes (P6)."""


class PromptHeadChanges:
    """Finds changes of a conversation's tools and system prompt from one request to the next. Used by one thread."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def of(
        self, exchange: Exchange, conversation: Conversation
    ) -> tuple[tuple[LoggedTool, ...] | None, tuple[str, ...]]:
        """The tools, if this is the first request or they changed, else None; and which of `system` and `tools`
        changed. Nothing for a client's own calls, which have other tools and prompts."""
        if not exchange.kind.is_real:
            return None, ()
        key = exchange.identity.conversation
        seen, now = self._seen.pop(key, None), (_system(conversation), _tools(conversation))
        self._seen[key] = now
        if len(self._seen) > CONVERSATIONS:
            self._seen.popitem(last=False)
        is_new = seen is None or seen[1] != now[1]
        tools = tuple(LoggedTool(*one) for one in list_tools(conversation)[:TOOLS]) if is_new else None
        return tools, tuple(name for name, i in (("system", 0), ("tools", 1)) if seen is not None and seen[i] != now[i])


def list_tools(conversation: Conversation) -> list[tuple[str, int]]:
    """Each tool's name and estimated tokens, in the order they are sent. A list that cannot be read has none."""
    found: list[tuple[str, int]] = []
    for raw in _lists(conversation):
        try:
            found += _named_in(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
    return found


@lru_cache(8)
def _named_in(raw: bytes) -> tuple[tuple[str, int], ...]:
    """Clients send the same tools in all of their conversations."""
    return tuple(_named(msgspec.json.decode(raw, type=list[msgspec.Raw])))


def _lists(conversation: Conversation) -> Iterator[bytes]:
    """The field, and messages that hold nothing but tools, as Codex sends them."""
    span = conversation.fields.get("tools")
    if span is not None:
        yield span.of(conversation.body)
    for message in conversation.messages:
        if not any(block.kind is BlockKind.OTHER for block in message.blocks) or b'"tools"' not in message.raw:
            continue
        try:
            parts = msgspec.json.decode(message.raw, type=dict[str, msgspec.Raw])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue
        if "tools" in parts:
            yield bytes(parts["tools"])


def _named(entries: list[msgspec.Raw]) -> Iterator[tuple[str, int]]:
    for raw in entries:
        parts = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        nested = next((parts[name] for name in _NESTED if name in parts), None)
        if nested is not None:
            yield from _named(msgspec.json.decode(nested, type=list[msgspec.Raw]))
            continue
        yield _name(parts), estimate_bytes(len(bytes(raw)))


def _name(parts: dict[str, msgspec.Raw]) -> str:
    """OpenAI's stand under `function`; a provider's own tools have a type alone, Gemini's a key."""
    if "function" in parts:
        parts = msgspec.json.decode(parts["function"], type=dict[str, msgspec.Raw])
    for field in ("name", "type"):
        value = msgspec.json.decode(parts[field]) if field in parts else None
        if isinstance(value, str) and value:
            return value[:100]
    return next(iter(parts), "")[:100]


def _tools(conversation: Conversation) -> int:
    return hash(tuple(_lists(conversation)))


def _system(conversation: Conversation) -> int:
    fields = (conversation.fields.get(name) for name in HEAD_FIELDS if name != "tools")
    return hash(tuple(_unattested(conversation.body, span) for span in fields if span is not None))


def _unattested(body: bytes, span: Span) -> bytes | tuple[bytes, ...]:
    raw = span.of(body)
    if _ATTESTED not in raw:
        return raw
    try:
        parts = msgspec.json.decode(raw, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return b""
    return tuple(bytes(part) for part in parts if _ATTESTED not in bytes(part))
