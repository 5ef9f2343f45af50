"""The dataclasses of memory: `Item`, what is remembered, with its `Kind`; `Hit` and `Found`, what a search returns."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Found", "Hit", "Item", "Kind", "hash_of"]


class Kind(StrEnum):
    """The kind of a text, which decides how it is split."""

    CHAT = "chat"
    DIFF = "diff"
    LOG = "log"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Item:
    """One remembered message, or a part of a long one."""

    project: str
    text: str
    session: str = ""
    conversation: str = ""
    seq: int = 0
    """The position of the message in its session: neighbours tell what a short answer is about."""
    part: int = 0
    """Which part of the message it is, when the message was split."""
    at: float | None = None
    """When it was said, in seconds since 1970. None: not known."""
    role: str = "user"
    """`user`, `assistant`, `tool`, or the name of a person."""
    kind: Kind = Kind.CHAT
    tags: tuple[str, ...] = ()
    pinned: bool = False
    expires_at: float | None = None
    helpful: int = 0
    wrong: int = 0
    id: int = 0
    """Given by the store; 0 before that."""

    @property
    def hash(self) -> bytes:
        """Equal for equal words of the same kind: within a project they are kept once."""
        return hash_of(self.text, self.kind)

    @property
    def key(self) -> str:
        """What a program calls it: so much of its hash that no two items of a project share it. It begins with its
        `handle`."""
        return self.hash.hex()[:16]

    @property
    def handle(self) -> str:
        """What a person and an agent call it: the beginning of its hash, as long as others do not begin so too."""
        return self.hash.hex()[:8]


def hash_of(text: str, kind: Kind = Kind.CHAT) -> bytes:
    """The content hash of an item, 16 bytes, of its kind and its text. White space does not count."""
    return hashlib.sha256(f"{kind}\0{' '.join(text.split())}".encode("utf-8", "surrogatepass")).digest()[:16]


@dataclass(frozen=True, slots=True)
class Hit:
    """One item found, with its scores."""

    item: Item
    score: float
    """Compare within one search only."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """What each signal added to the score, the largest first."""
    tokens: int = 0
    """About how many its text has."""
    overlap: float = 0.0
    """The share of the question's words, rare ones counting more, that it or a relative of theirs has: 0 to 1."""
    shared: float = 0.0
    """How much those words tell: each by its rarity in the project, some 1 for a word that is everywhere, 4 to 8 for
    a rare one."""
    sureness: float = 0.0
    """Unlike the score, this can be compared with a threshold: `weights.SURE` tells what was asked about from what
    merely is the best there is."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search."""

    hits: tuple[Hit, ...] = ()
    degraded: tuple[str, ...] = ()
    """What was down, in words for a person; empty when words and vectors were both there."""
    corrected: Mapping[str, str] = field(default_factory=dict)
    """Words of the question that nothing has, each with the nearest that something has."""
