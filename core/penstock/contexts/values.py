"""`encode` and `decode`: how the values of contexts are stored (`StoredValue`): as JSON, 8 MiB at most, compressed
above 1 KB, with a digest that equal values share; `text_of` gives the JSON, `merged` applies a JSON Merge Patch."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

import zstandard

from penstock.contexts.errors import InvalidContext, TooLarge
from penstock.sealing.data_key import DataKey

__all__ = [
    "COMPRESS_ABOVE",
    "MAX_BYTES",
    "MAX_DEPTH",
    "StoredValue",
    "check_depth",
    "decode",
    "encode",
    "merged",
    "text_of",
]

COMPRESS_ABOVE = 1024
"""Bytes of JSON above which a value is compressed, if that makes it smaller."""
MAX_BYTES = 8 << 20
"""The most bytes of JSON that a value may have."""
MAX_DEPTH = 128
"""The most levels of nested lists and objects. Python's own limit depends on the caller's stack: a value that was just
within it could not be read from deeper in the program."""


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A value as the database keeps it."""

    body: bytes
    codec: str
    size: int
    """Bytes of the JSON before compression."""
    digest: str
    text: str
    """The JSON, for the full-text index; empty for a sealed value."""

    def sealed(self, key: DataKey, place: str) -> StoredValue:
        """This value encrypted for `place`, with a keyed digest, so that a guess cannot be checked without the key."""
        body = key.seal(self.body, f"{place}\n{self.codec}")
        return replace(self, body=body, digest=key.digest(self.digest.encode()), text="")


def encode(data: Any) -> StoredValue:
    """`data` as it is stored. Raises `InvalidContext` for what JSON cannot hold or is too deep, and `TooLarge`."""
    check_depth(data)
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        canonical = json.dumps(data, allow_nan=False, separators=(",", ":"), sort_keys=True)
        raw = text.encode()
    except (ValueError, TypeError) as e:  # half a character of UTF-16 is a ValueError as well
        raise InvalidContext(f"the data cannot be kept as JSON: {_why(e)}", "data") from e
    if len(raw) > MAX_BYTES:
        raise TooLarge(f"the data has {len(raw):,} bytes as JSON; {MAX_BYTES:,} are the most", "data")
    body, codec = raw, "json"
    if len(raw) > COMPRESS_ABOVE:
        packed = zstandard.compress(raw)
        if len(packed) < len(raw):
            body, codec = packed, "zstd"
    return StoredValue(body, codec, len(raw), hashlib.sha256(canonical.encode()).hexdigest(), text)


def _why(e: Exception) -> str:
    if isinstance(e, UnicodeEncodeError):
        return "a text holds half of a character (a lone surrogate)"
    return str(e)


def check_depth(data: Any) -> None:
    """Raises `InvalidContext` when there are more than `MAX_DEPTH` lists and objects within each other."""
    level = [data] if isinstance(data, list | tuple | dict) else []
    for _ in range(MAX_DEPTH):
        parts = [part for one in level for part in (one.values() if isinstance(one, dict) else one)]
        level = [part for part in parts if isinstance(part, list | tuple | dict)]
        if not level:
            return
    raise InvalidContext(f"the data cannot be kept: it is nested deeper than {MAX_DEPTH} lists and objects", "data")


def text_of(body: bytes, codec: str) -> str:
    """The JSON that `encode` made `body` of."""
    return (zstandard.decompress(body, max_output_size=MAX_BYTES) if codec == "zstd" else body).decode()


def decode(body: bytes, codec: str) -> Any:
    """The value that `encode` made `body` of."""
    return json.loads(text_of(body, codec))


def merged(data: Any, patch: Any) -> Any:
    """`data` changed by a JSON Merge Patch (RFC 7396): fields are replaced, null removes one. Returns a new value. Both
    must pass `check_depth`."""
    if not isinstance(patch, dict):
        return patch
    out = dict(data) if isinstance(data, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged(out.get(name), value)
    return out
