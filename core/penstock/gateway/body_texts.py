"""`texts`: finds the texts in the body of a request or an answer of any format: what a person, a program or a model
wrote. Names, ids, signatures, files in base64 and a model's thinking are left out, since a provider refuses them
changed."""

from __future__ import annotations

import re

from penstock.conversation.json_strings import Path, Scalar, scalars

__all__ = ["texts"]

_KEPT = frozenset(
    b"type id role name model tool_use_id tool_call_id call_id item_id container_id file_id signature thinking thought "
    b"reasoning reasoning_content thoughtSignature thought_signature media_type mimeType mime_type ttl user_id "
    b"previous_response_id prompt_cache_key session_id finish_reason stop_reason status object format encoding".split()
)
"""Members whose strings are not texts."""
_FREE = frozenset({b"input", b"arguments", b"args", b"parameters", b"input_schema", b"properties"})
"""Members with free content, in which a member called `id` is a text like any other."""
_RESPONSE = frozenset({b"response"})
"""In a request the free data of a Gemini function; in an answer its envelope."""
_DATA = frozenset(
    {b"data", b"images", b"image_url", b"url", b"file_data", b"b64_json", b"result", b"partial_image_b64"}
)
_BASE64 = re.compile(
    rb"(?:data:[^,\"]{0,200};base64,)?[A-Za-z0-9+/=_-]{64,}|data:[^,\"]{0,200};base64,[A-Za-z0-9+/=_-]*"
)
_THINKING = (b"thinking", b"redacted_thinking", b"reasoning")


def texts(data: bytes, start: int, end: int, base: Path = (), *, is_answer: bool = False) -> list[Scalar]:
    """The texts in the JSON value at `start` to `end` of `data`, `base` being the path to it. In free data, keys and
    long numbers are among them."""
    found: list[Scalar] = []
    thinking: list[Path] = []
    free = _FREE if is_answer else _FREE | _RESPONSE
    for one in scalars(data, start, end, base):
        key = next((part for part in reversed(one.path) if isinstance(part, bytes)), b"")
        is_free = not free.isdisjoint(one.path[:-1]) or (one.path != base and key in free)
        if one.what == "true":
            if key == b"thought" and not is_free:
                thinking.append(one.path[:-1])
        elif is_free:
            found.append(one)
        elif one.what == "string":
            if key == b"type":
                if data.startswith(_THINKING, one.start):
                    thinking.append(one.path[:-1])
            elif key not in _KEPT and not key.startswith(b"encrypted") and not _is_file(data, key, one):
                found.append(one)
    if not thinking:
        return found
    return [one for one in found if not any(one.path[: len(path)] == path for path in thinking)]


def _is_file(data: bytes, key: bytes, one: Scalar) -> bool:
    return key in _DATA and _BASE64.fullmatch(data, one.start, one.end) is not None
