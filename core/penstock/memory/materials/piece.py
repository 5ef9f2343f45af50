"""`Piece`: a part of a material that can be understood alone; `Pieces`: all pieces of a material, and what was left out
of it."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.memory.items import Kind

__all__ = ["Piece", "Pieces"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A text that can be understood alone."""

    text: str
    kind: Kind
    role: str = "tool"
    """As in `Item`; `tool` for what was not said by a person or an assistant."""
    at: float | None = None
    """When it was said or happened, in seconds since 1970, where the material tells."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A material, split."""

    kept: tuple[Piece, ...] = ()
    """In the order of the material."""
    skipped: tuple[str, ...] = ()
    """What was left out and why, as texts for a person."""
