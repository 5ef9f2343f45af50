"""`shape_of`: recognises the dialect of a request body by its fields, where no path names it (empty: it is no request);
raises `Unreadable` if a person names a dialect that does not exist. `read_as` parses the body in that dialect; raises
`Unreadable` if it is not of it. Called by `penstock count`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.base.errors import Unreadable
from penstock.base.suggest import did_you_mean
from penstock.conversation.conversation import Conversation
from penstock.dialects.bundled import bundled_dialects

__all__ = ["read_as", "shape_of"]

_OLLAMA = frozenset({"options", "keep_alive", "think", "images"})
"""Fields that only Ollama's own formats have."""
_ANTHROPIC_BLOCKS = frozenset({"tool_use", "tool_result", "thinking", "redacted_thinking", "image", "document"})


def shape_of(body: bytes, wanted: str = "") -> str:
    """The name of the dialect of `body`. Empty: it is no request. `wanted`: the dialect that a person named, which is
    returned as it is. Raises `Unreadable` if there is no dialect of that name."""
    if wanted:
        known = _dialects()
        if wanted not in known:
            raise Unreadable(f"there is no dialect {wanted!r}.{did_you_mean(wanted, known)}")
        return wanted
    if not body.lstrip().startswith(b"{"):
        return ""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    return _shape(value) if isinstance(value, Mapping) else ""


def read_as(body: bytes, dialect: str) -> tuple[Conversation, str]:
    """The conversation in `body`, and the provider of its format. Raises `Unreadable`."""
    found = _dialects()[dialect]
    return found.read(body, _PATHS.get(dialect, "/")), found.provider


_PATHS = {"ollama-generate": "/api/generate", "ollama-chat": "/api/chat"}


def _dialects() -> dict[str, Any]:
    return {one.name: one for one in bundled_dialects()}


def _shape(value: Mapping[str, Any]) -> str:
    if "contents" in value or (isinstance(value.get("request"), Mapping) and "contents" in value["request"]):
        return "gemini"
    if "input" in value and "messages" not in value:
        return "openai-responses"
    if isinstance(value.get("messages"), list):
        return _chat(value, value["messages"])
    if isinstance(value.get("prompt"), str) and "model" in value:
        return "ollama-generate"
    return ""


def _chat(value: Mapping[str, Any], messages: list[Any]) -> str:
    """Three formats hold their history in `messages`."""
    if "system" in value or "anthropic_version" in value or _has(value.get("tools"), "input_schema"):
        return "anthropic"
    parts = [part for one in messages if isinstance(one, Mapping) for part in _list(one.get("content"))]
    if any(isinstance(part, Mapping) and part.get("type") in _ANTHROPIC_BLOCKS for part in parts):
        return "anthropic"
    if "claude" in str(value.get("model", "")) and "max_tokens" in value and not _has(value.get("tools"), "function"):
        return "anthropic"
    return "ollama-chat" if _OLLAMA & value.keys() or _has(messages, "images") else "openai-chat"


def _has(items: Any, key: str) -> bool:
    return any(isinstance(one, Mapping) and key in one for one in _list(items))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
