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
    """The number in the database; 0 before it is stored."""

    @property
    def hash(self) -> bytes:
        """The content hash: equal texts of the same kind are stored once in a project."""
        return hash_of(self.text, self.kind)

    @property
    def key(self) -> str:
        """Its id for programs: 16 hexadecimal digits of its hash, beginning with `handle`."""
        return self.hash.hex()[:16]

    @property
    def handle(self) -> str:
        """Its id for people and agents: the first 8 hexadecimal digits of its hash, which may not be unique."""
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
    """The estimated tokens of its text."""
    overlap: float = 0.0
    """The share of the question's words, weighted by rarity, that the item has itself or in a related word: 0 to 1."""
    shared: float = 0.0
    """The sum of those words' rarity in the project: about 1 for a word that is everywhere, 4 to 8 for a rare one."""
    sureness: float = 0.0
    """How certain it is that the item answers the question. Unlike the score, it can be compared with a threshold,
    `weights.SURE`."""


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to a search."""

    hits: tuple[Hit, ...] = ()
    degraded: tuple[str, ...] = ()
    """What could not be searched, in words for a person; empty if words and vectors were both searched."""
    corrected: Mapping[str, str] = field(default_factory=dict)
    """Words of the question that no item has, each with the nearest one that was searched instead."""
    rarity: Mapping[str, float] = field(default_factory=dict)
    """How rare the stem of each word of the question is in the project; `Hit.shared` is a sum of these."""
