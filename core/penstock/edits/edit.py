"""`Edit`: one replacement, note, compaction or removal of thinking (`Op`) at a `Place`, with its reason; `Landed`: an
edit that was sent."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

__all__ = ["Edit", "Landed", "Op", "Place"]


class Op(StrEnum):
    """The kinds of edits."""

    STRIP = "strip"
    """The blocks of thinking whose keys are in `chain` are left out; the place is the last of them."""

    REPLACE = "replace"
    """The block's content becomes `text`."""
    NOTE = "note"
    """A text block `text` follows the block."""
    COMPACT = "compact"
    """The `count` messages from the place on become one user message `text`, or nothing when `text` is empty."""


class Place(NamedTuple):
    """A block, found by content: the `nth` (from 0) of those in the conversation whose key is `key`.

    Content, and not an index, so that an edit finds its block again when the client shortens the history.
    """

    key: bytes
    nth: int = 0


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit, as proposed by a stage and kept in the ledger."""

    op: Op
    place: Place
    text: str = field(repr=False)
    stage: str
    reason: str
    original: str = field(default="", repr=False)
    """The text that the edit removes. Stored before the edit is sent, so that it can be shown again; not kept in memory
    after that."""
    chain: bytes = b""
    """For `COMPACT`: hash of the keys of all messages it covers. For `STRIP`: the keys of all blocks of thinking that
    are removed, 16 bytes each, in order."""
    count: int = 0
    """For `COMPACT`: how many messages it covers. For `STRIP`: how many blocks of thinking are removed."""
    size: int = -1
    """Characters of the original, also where the original itself is not loaded."""

    def __post_init__(self) -> None:
        if self.size < 0:
            object.__setattr__(self, "size", len(self.original))

    def without_original(self) -> Edit:
        """This edit without its original, which replaying does not need."""
        return replace(self, original="") if self.original else self


@dataclass(frozen=True, slots=True)
class Landed:
    """An edit that was sent, and the revision of the ledger since which it is replayed."""

    revision: int
    edit: Edit
