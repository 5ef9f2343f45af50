"""`Column`, a column of a table; `fit` and `pages`, which choose the columns that fit a width, and how wide each is
(`Fitted`); `Moment`, the time at which a `Cell` is drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["GAP", "Cell", "Column", "Fitted", "Moment", "fit", "pages"]

Shown = TypeVar("Shown")
GAP = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """The time at which a cell is drawn: cells of running rows are animated."""

    now: float
    frame: int = 0


Cell = tuple[str, str]
"""A text and the tone it is drawn in; the empty tone is that of its row."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Shown]):
    """One column of a table with rows of type `Shown`."""

    title: str
    width: int
    """The least width in cells of a column that grows, the width of any other."""
    priority: int
    """1 is dropped last."""
    help: str
    cell: Callable[[Shown, Moment], Cell]
    right: bool = False
    grows: bool = False
    ample: int = 0
    """For one that grows: the width that it gets, where there is room, before columns of a lower rank are shown."""
    sort: Callable[[Shown], float | str | None] | None = None
    """The value that rows are sorted by: all numbers, or all texts. None, or an empty text: the row has none yet."""
    parts: Callable[[Shown, int], Sequence[Cell]] | None = None
    """For a cell in several colours: its texts for a number of cells. `cell` gives all of it."""
    stays: bool = False
    """Whether it is on every page, so that one knows which row one reads."""


AT_LEAST = 80
"""Cells of a window from which on a column that grows gets more than its least width."""
SHARE = 0.4
"""The share of the width beyond that which such a column gets until it is ample."""
Fitted = list[tuple[Column[Shown], int]]
"""Columns in their order on the screen, each with its width there."""


def fit(width: int, columns: Sequence[Column[Shown]], first: Column[Shown] | None = None) -> Fitted[Shown]:
    """The columns that fit `width`, in their order on the screen, each with its width.

    They are added by priority, first those in `first`, as long as there is room. A narrow column of lower rank does not
    take the place of a wider one, so a growing window only ever adds columns.
    """
    chosen: list[Column[Shown]] = []
    left = width
    for column in sorted(columns, key=lambda one: (one is not first, one.priority)):
        size = _wanted(column, width)
        if left < size and chosen:
            break
        chosen.append(column)
        left -= size + GAP
    return _filled(width, [column for column in columns if column in chosen])


def pages(
    width: int,
    columns: Sequence[Column[Shown]],
    first: Column[Shown] | None = None,
    chosen: Collection[str] = (),
) -> list[Fitted[Shown]]:
    """All columns, page by page: `fit` chooses the first page, from `chosen` if there are any; the others follow in
    their order on the screen, on each page beside those that stay."""
    wanted = [column for column in columns if column.title in chosen or column is first] if chosen else columns
    found = [fit(width, wanted, first)]
    shown = {column.title for column, _ in found[0]}
    rest = [column for column in columns if column.title not in shown]
    while rest:
        here = [column for column in columns if column.stays]
        while here and _room(width, here) < rest[0].width:
            here.pop()
        while rest and (not here or _room(width, here) >= rest[0].width):
            here.append(rest.pop(0))
        found.append(_filled(width, [column for column in columns if column in here]))
    return found


def _wanted(column: Column[Shown], width: int) -> int:
    """Grows by at most one cell for each cell that the window grows, so that no column is dropped."""
    spare = int((width - AT_LEAST) * SHARE)
    return max(column.width, min(column.width + spare, column.ample))


def _room(width: int, chosen: Sequence[Column[Shown]]) -> int:
    return width - sum(column.width + GAP for column in chosen)


def _filled(width: int, shown: Sequence[Column[Shown]]) -> Fitted[Shown]:
    spare = max(_room(width, shown) + GAP, 0)
    return [(one, min(one.width + (spare if one.grows else 0), width)) for one in shown]
