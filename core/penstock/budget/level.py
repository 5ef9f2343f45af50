"""How near a budget is to its end, and what that means."""

from __future__ import annotations

from enum import IntEnum
from typing import Protocol

__all__ = ["Level", "Marks", "next_level"]


class Level(IntEnum):
    """Higher is less."""

    NORMAL = 0
    REDUCED = 1
    """Less is recalled, and new tool outputs are shortened one setting further."""
    MINIMAL = 2
    """Nothing is recalled, and new tool outputs are shortened as far as they can be."""
    BLOCKED = 3
    """Requests are refused, in the provider's own form."""

    def __str__(self) -> str:
        return self.name


class Marks(Protocol):
    """Where levels begin, as shares of a budget."""

    @property
    def reduced(self) -> float: ...

    @property
    def minimal(self) -> float: ...

    @property
    def margin(self) -> float:
        """A level is left only this far below where it begins."""
        ...


def next_level(share: float, before: Level, marks: Marks) -> Level:
    """The level of a budget of which `share` is used or held. It rises at once, and falls by the margin: what is held
    for a request and then not used must not make it go up and down.

    BLOCKED has no margin: what is left of a budget may be spent, and used alone never falls."""
    return max(_at(share, marks), min(before, _at(share + marks.margin, marks), Level.MINIMAL))


def _at(share: float, marks: Marks) -> Level:
    if share >= 1:
        return Level.BLOCKED
    if share >= marks.minimal:
        return Level.MINIMAL
    return Level.REDUCED if share >= marks.reduced else Level.NORMAL
