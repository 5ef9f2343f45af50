"""`Original`: a text that an edit or a client's own compaction removed, with its digest (`digest_of`) and compression
(`packed`, `unpacked`); `RetentionPolicy`: how long originals are kept."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from hashlib import sha256

__all__ = ["Original", "RetentionPolicy", "digest_of", "packed", "unpacked"]

LEVEL = 1
"""Originals are packed while a request waits. Against the default: twice to five times as fast, and up to
a quarter larger."""


@dataclass(frozen=True, slots=True)
class Original:
    """An original text, and when and why it was last removed."""

    digest: str
    """SHA-256 of its UTF-8, in hex. `handle_of` is the beginning of it."""
    text: str = field(repr=False)
    conversation: str
    stage: str
    """The stage that removed it; empty if it was no stage."""
    op: str
    """The operation: `replace` or `compact`; empty when there was no edit."""
    reason: str
    at: float
    """When it was last removed, in seconds since 1970."""

    @property
    def handle(self) -> str:
        """The handle by which a stub names it."""
        return self.digest[:8]


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """Which originals are kept."""

    since: float = 0.0
    """Originals removed before this time are deleted."""
    size: int | None = None
    """Bytes that originals may take, compressed: past that, the oldest are deleted. None: no limit."""


def digest_of(text: str) -> str:
    """The SHA-256 of a text, by which an original is stored."""
    return sha256(_bytes(text)).hexdigest()


def packed(text: str) -> bytes:
    """`text` compressed, as it is stored. Lone surrogates are kept."""
    return zlib.compress(_bytes(text), LEVEL)


def unpacked(data: bytes) -> str:
    """The text that was `packed`. Raises `zlib.error` and `UnicodeDecodeError` when it is damaged."""
    return zlib.decompress(data).decode("utf-8", "surrogatepass")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
