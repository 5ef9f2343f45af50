"""`piece_of`: which text of a streamed answer a string in an event continues (`Piece`), in each wire format; `ends`:
whether an event completes such a text; `is_json_text`: whether a string holds a call's arguments as JSON."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from penstock.conversation.json_strings import Path
from penstock.gateway.provider_kinds import Endpoint

__all__ = ["Piece", "ends", "is_json_text", "piece_of"]

Piece = tuple[Hashable, ...]
"""Identifies a text of an answer that comes in pieces. The first entry is its choice, candidate or block."""
_JSON_TYPES = ("response.function_call_arguments", "response.mcp_call_arguments")
_OVER = ("message_delta", "message_stop", "error", "response.completed", "response.incomplete", "response.failed")


def piece_of(endpoint: Endpoint, event: dict[str, Any], path: Path) -> Piece | None:
    """The text that the string at `path` of an event is a piece of. None: the string is a whole text."""
    kind = str(event.get("type", ""))
    match endpoint, path:
        case "messages", (b"delta", b"text" | b"partial_json") if kind == "content_block_delta":
            return (event.get("index"),)
        case "chat", (b"choices", int(at), b"delta", b"content" | b"refusal" as name):
            return event["choices"][at].get("index", at), name
        case "chat", (b"choices", int(at), b"delta", b"function_call", b"arguments"):
            return event["choices"][at].get("index", at), "call"
        case "chat", (b"choices", int(at), b"delta", b"tool_calls", int(nth), b"function", b"arguments"):
            choice = event["choices"][at]
            return choice.get("index", at), "call", choice["delta"]["tool_calls"][nth].get("index", nth)
        case "responses", (b"delta",) if kind.endswith(".delta"):
            places = (event.get("item_id"), event.get("output_index"), event.get("content_index"))
            return kind.removesuffix(".delta"), *places
        case "gemini", (b"candidates", int(at), b"content", b"parts", int(), b"text"):
            return (event["candidates"][at].get("index", at),)
        case "ollama", (b"message", b"content") | (b"response",):
            return (0,)
    return None


def ends(endpoint: Endpoint, event: dict[str, Any], piece: Piece) -> bool:
    """Whether `event` is the last one with a piece of a text."""
    kind = str(event.get("type", ""))
    match endpoint:
        case "messages":
            return kind in _OVER or (kind == "content_block_stop" and event.get("index") == piece[0])
        case "chat":
            of = [one for at, one in enumerate(event.get("choices") or ()) if one.get("index", at) == piece[0]]
            calls = piece[1] != "call" and any((one.get("delta") or {}).get("tool_calls") for one in of)
            return calls or any(one.get("finish_reason") for one in of)
        case "responses":
            return kind in _OVER or kind in (f"{piece[0]}.done", "response.output_item.done")
        case "gemini":
            of = [one for at, one in enumerate(event.get("candidates") or ()) if one.get("index", at) == piece[0]]
            parts = [(one.get("content") or {}).get("parts") or () for one in of]
            others = any(len(few) > 1 or any("text" not in part for part in few) for few in parts)
            return others or any(one.get("finishReason") for one in of)
        case "ollama":
            return bool(event.get("done") or (event.get("message") or {}).get("tool_calls"))
    return True


def is_json_text(event: dict[str, Any], path: Path) -> bool:
    """Whether the string at `path` holds JSON: the arguments of a call."""
    is_delta = path == (b"delta",) and str(event.get("type", "")).startswith(_JSON_TYPES)
    return is_delta or path[-1:] in ((b"arguments",), (b"partial_json",))
