"""`FilteredRows`: the rows of the request log that match a query, sorted by an `Order`, and updated as rows come and
go. Independent of Textual."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from penstock_tui.log.log_model import Changes
from penstock_tui.log.query import Query
from penstock_tui.log.row import Row

__all__ = ["FilteredRows", "Order"]

Key = tuple[Any, ...]
"""The sort key of a row. Keys of one order compare with one another."""


@dataclass(frozen=True, slots=True)
class Order:
    """How rows are sorted: by a column's value, and in which direction."""

    title: str
    """The title of the column."""
    value: Callable[[Row], float | str | None]
    """The column's value of a row. None, or an empty text: it has none yet. Such rows come last in either direction."""
    falls: bool
    """Whether the greatest value is on top."""
    groups: bool = False
    """Whether rows of one value stand together under a heading. Values are then whole numbers, and fall."""

    def turned(self) -> Order:
        """The reverse order."""
        return Order(self.title, self.value, not self.falls)  # turned around, there are no headings

    def key(self, row: Row) -> Key:
        """The sort key of a row. Equal rows are ordered newest first."""
        value = self.value(row)
        if value is None or value == "":
            return (-1 if self.falls else 1, row.number if self.falls else -row.number)
        if isinstance(value, str):
            value = value.lower()
        return (0, value, row.number if self.falls else -row.number)


class FilteredRows:
    """Lines from the top. Without an order the newest row is first.

    A change costs a search and a shift, never a sort: with 10,000 rows that is some microseconds.
    """

    def __init__(self) -> None:
        self.query = Query()
        self.order: Order | None = None
        self._keys: list[Key] = []  # growing; what falls is read from the end
        self._rows: list[Row] = []  # beside its key
        self._known: dict[int, Key] = {}  # by a row's number: the key it stands under, which may have changed since
        self._above: list[int] = []  # of each heading, from the top: how many rows stand above it
        self._heads: list[int] = []  # and its line

    def __len__(self) -> int:
        return len(self._rows) + len(self._heads)

    @property
    def rows(self) -> int:
        """The number of lines that are rows and not headings."""
        return len(self._rows)

    def is_heading(self, line: int) -> bool:
        """Whether a line is the heading of the rows below it."""
        at = bisect_left(self._heads, line)
        return at < len(self._heads) and self._heads[at] == line

    def at(self, line: int) -> Row:
        """The row on a line, or the first one below a heading."""
        return self._rows[self._turn(line - bisect_left(self._heads, line))]

    def line_of(self, row: Row) -> int | None:
        """The line of a row. None: it does not match."""
        i = self._index(row)
        return None if i is None else self._line(self._turn(i))

    def near(self, row: Row) -> int:
        """The line of a row, or where it would be, within the lines there are."""
        found = self.line_of(row)
        if found is not None:
            return found
        line = self._turn(bisect_left(self._keys, self._key(row)))
        return self._line(max(0, min(line, len(self._rows) - 1)))

    def show(self, rows: Iterable[Row], query: Query, order: Order | None) -> None:
        """Show those of `rows` that match, in this order."""
        self.query, self.order = query, order
        found = [row for row in rows if query.matches(row)] if query else list(rows)
        keyed = sorted(zip(map(self._key, found), found, strict=True), key=itemgetter(0))
        self._keys, self._rows = [key for key, _ in keyed], [row for _, row in keyed]
        self._known = {row.number: key for key, row in keyed}
        self._group()

    def update(self, changes: Changes) -> bool:
        """Take in what changed in the model. Returns whether any line now shows another row."""
        moved = False
        for row in changes.dropped:
            moved |= self._remove(row)
        for row in (*changes.changed, *changes.added):
            moved |= self._place(row)
        if moved:
            self._group()
        return moved

    def find(self, query: Query, start: int, step: int) -> Row | None:
        """The next row from a line that matches, wrapping around. None: there is none."""
        for away in range(1, len(self) + 1):
            line = (start + step * away) % len(self)
            if not self.is_heading(line) and query.matches(self.at(line)):
                return self.at(line)
        return None

    def lines(self, first: int, count: int) -> Sequence[Row]:
        """The rows of at most so many lines, from the line `first` on; for a heading, the row below it."""
        return [self.at(line) for line in range(max(first, 0), min(first + count, len(self)))]

    def _group(self) -> None:
        """Find the headings: a search for each group, however many rows it has."""
        self._above, self._heads = [], []
        if self.order is None or not self.order.groups:
            return
        end = len(self._keys)
        while end:
            grade, value, *_ = self._keys[end - 1]
            self._above.append(len(self._keys) - end)
            self._heads.append(self._above[-1] + len(self._heads))
            end = bisect_left(self._keys, (grade, value) if grade == 0 else (grade,))

    def _line(self, above: int) -> int:
        """The line of a row that has so many rows above it."""
        return above + bisect_right(self._above, above)

    def _turn(self, i: int) -> int:
        """From a line to an index, and back."""
        return len(self._rows) - 1 - i if self.order is None or self.order.falls else i

    def _key(self, row: Row) -> Key:
        return (row.number,) if self.order is None else self.order.key(row)

    def _index(self, row: Row) -> int | None:
        key = self._known.get(row.number)
        i = -1 if key is None else bisect_left(self._keys, key)
        return i if 0 <= i < len(self._rows) and self._rows[i] is row else None

    def _place(self, row: Row) -> bool:
        """A row may begin or cease to match, or belong elsewhere. Gives whether it did."""
        key, known = self._key(row), self._known.get(row.number)
        matches = self.query.matches(row)
        if (key == known) if matches else known is None:
            return False
        if known is not None:
            self._remove(row)
        if matches:
            i = bisect_left(self._keys, key)
            self._keys.insert(i, key)
            self._rows.insert(i, row)
            self._known[row.number] = key
        return True

    def _remove(self, row: Row) -> bool:
        i = self._index(row)
        if i is None:
            return False
        del self._keys[i], self._rows[i], self._known[row.number]
        return True
