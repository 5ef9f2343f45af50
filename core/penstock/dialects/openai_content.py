"""Message content of OpenAI's formats, a string or a list of parts: `content_blocks` reads it into blocks (raises
`Unreadable` if it is neither), `result` and `result_cache_ttl` read that of a tool's result, `canonical_content` brings
it into the form by which it is compared. `automatic` reads the cache breakpoint of a whole request; `as_text` and
`object_list` read single values. Used by `openai_chat` and `openai_responses`.

`automatic` reads the cache breakpoint of a whole request; `as_text` and `object_list` check single values. Raises
`Unreadable` if the content is neither a string nor a list of objects. Used by `openai_chat` and `openai_responses`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from penstock.base.errors import Unreadable
from penstock.conversation.conversation import Block, BlockKind, Role
from penstock.conversation.json_spans import Span, elements, members
from penstock.conversation.reported_counts import mapping
from penstock.dialects.base import canonical_key

__all__ = [
    "as_text",
    "automatic",
    "canonical_content",
    "content_blocks",
    "object_list",
    "result",
    "result_cache_ttl",
]

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


def content_blocks(role: Role, content: Any, raw: bytes, span: Span | None) -> list[Block]:
    """The blocks of a message's content, a string or a list of parts. Raises `Unreadable` when it is neither."""
    if span is None or content is None:
        return []
    if isinstance(content, str):
        key = canonical_key(role, _canonical_text(content))
        return [Block(BlockKind.TEXT, role, content, key, span, slot=span)]
    spans = elements(raw, span)
    return [_part_block(role, p, raw, s) for p, s in zip(object_list(content, "content"), spans, strict=True)]


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


def object_list(value: Any, name: str) -> list[dict[str, Any]]:
    """`value` if it is a list of objects. Raises `Unreadable`, with the field's `name`, if it is not."""
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise Unreadable(f"{name} is no list of objects")
    return value


def as_text(value: Any) -> str:
    """A string as it is, any other value as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
