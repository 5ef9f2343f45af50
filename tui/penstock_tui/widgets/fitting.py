"""Columns of a table: how wide each is, and which go first when there is little room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["GAP", "Cell", "Column", "Moment", "fit"]

Shown = TypeVar("Shown")
GAP = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """When a cell is drawn: running rows move with it."""

    now: float
    frame: int = 0


Cell = tuple[str, str]
"""A text and the tone it is drawn in; the empty tone is that of its row."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Shown]):
    """One column of a table that shows `Shown`, one a row."""

    title: str
    width: int
    """The least width of the one that takes what is left over, the width of any other."""
    priority: int
    """1 is the last to go."""
    help: str
    cell: Callable[[Shown, Moment], Cell]
    right: bool = False
    grows: bool = False


def fit(width: int, columns: Sequence[Column[Shown]]) -> list[tuple[Column[Shown], int]]:
    """The columns that have room in `width`, in their order on the screen, each with its width.

    They go in by priority as long as there is room. A narrow one of lower rank does not take the place of a wider one,
    so that growing the window only ever adds columns.
    """
    chosen: list[Column[Shown]] = []
    left = width
    for column in sorted(columns, key=lambda one: one.priority):
        if left < column.width and chosen:
            break
        chosen.append(column)
        left -= column.width + GAP
    spare = max(left + GAP, 0)
    shown = [column for column in columns if column in chosen]
    return [(one, min(one.width + (spare if one.grows else 0), width)) for one in shown]
