"""`Tagger`: the interface of taggers, which name what a text is about; `Tags`: their result; `IngestedHistory`: the
tags of the history that a conversation's first request brought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["IngestedHistory", "IngestedTurn", "Tagger", "Tags"]


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of one request or turn."""

    names: tuple[str, ...] = ()
    """The most telling first."""
    is_broad: bool = False
    """The text asks for an overview, not for one thing."""
    is_temporal: bool = False
    """The text asks for what was at some time."""
    active: tuple[str, ...] = ()
    """Tags of the conversation's last turns (`[memory] active_turns`), the newest first. Recall leaves out what has no
    other tags, and the screen marks them."""

    @property
    def primary(self) -> str:
        """The most telling of them, empty when there is none."""
        return self.names[0] if self.names else ""


@dataclass(frozen=True, slots=True)
class IngestedTurn:
    """A turn of the history."""

    turn: int
    """Its number, from 1."""
    prompt: str
    """The beginning of what the person said."""
    tags: Tags


@dataclass(frozen=True, slots=True)
class IngestedHistory:
    """The history that a conversation's first request brought."""

    session: str
    turns: Sequence[IngestedTurn]
    """Those that were tagged, in order."""
    pairs: int
    """How many turns it has."""
    elapsed_ms: float


class Tagger(Protocol):
    """Says what a text is about. Called after the answer, in the background; may be slow, may raise: then the words of
    the text have to do."""

    name: str
    """What `[memory] tagger` calls it."""

    def __call__(self, text: str, known: Sequence[str]) -> Sequence[str]:
        """At most some eight tags, the most telling first. `known`: those in use, of which one that means the same is
        better than a new one."""
        ...
