"""`KeyedTable`: the table of a view, with a key for each row, at most 500 of them: the cursor stays on its row while
rows come, go and change order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from penstock_tui.widgets.cell_width import fitted, strip_of
from penstock_tui.widgets.column_layout import GAP, Column, Fitted, Moment, fit
from penstock_tui.widgets.table import Table

__all__ = ["MOST", "KeyedTable"]

Shown = TypeVar("Shown")
MOST = 500
"""The largest number of rows drawn. To see one further down, filter the log."""


class KeyedTable(Table[Shown]):
    """Shows rows, each with a unique key, in as many columns as fit."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "open", "Open")]

    @dataclass
    class Opened(Message):
        """A row was chosen."""

        key: str

    @dataclass
    class Moved(Message):
        """The cursor went to another row."""

        key: str

    def __init__(self, columns: Sequence[Column[Shown]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._all = tuple(columns)
        self._rows: list[tuple[str, Shown]] = []
        self._lines: dict[str, int] = {}
        self._cursor = 0
        self._moment = Moment(0.0)

    @property
    def chosen(self) -> str:
        """The key of the row under the cursor. Empty: there is no row."""
        return self._rows[self._cursor][0] if self._rows else ""

    @property
    def columns(self) -> Fitted[Shown]:
        return fit(self.scrollable_content_region.width, self._all)

    @property
    def cursor_line(self) -> int:
        return self._cursor

    @property
    def count(self) -> int:
        return len(self._rows)

    def fill(self, rows: Sequence[tuple[str, Shown]], moment: Moment) -> None:
        """Show `rows`, each with a unique key. The cursor stays on its key, the scroll position as it is. While text is
        selected nothing changes, so that the selection stays on its text."""
        if self.waits:
            return
        chosen, line, top = self.chosen, self._cursor, round(self.scroll_y)
        self._rows, self._moment = list(rows[:MOST]), moment
        self._lines = {key: i for i, (key, _) in enumerate(self._rows)}
        self._cursor = self._lines.get(chosen, min(line, max(len(self._rows) - 1, 0)))
        self.virtual_size = Size(0, len(self._rows) + self.HEAD)
        if top and self._cursor != line:
            # Scrolled down, the row that is read stays where it is on the screen; at the top one stays at the top.
            self.scroll_to(y=max(top + self._cursor - line, 0), animate=False, force=True)
        self.refresh()

    def neighbour(self, key: str, step: int) -> str:
        """The key `step` rows further down. Empty: past the ends."""
        at = self._lines[key] + step if key in self._lines else -1
        return self._rows[at][0] if 0 <= at < len(self._rows) else ""

    def choose(self, key: str) -> None:
        """Put the cursor on a row."""
        if key in self._lines:
            self.go(self._lines[key])

    def go(self, line: int) -> None:
        line = max(0, min(line, len(self._rows) - 1))
        if line != self._cursor and self._rows:
            before, self._cursor = self._cursor, line
            for one in (before, line):
                self.redraw(one)
            self.post_message(self.Moved(self.chosen))
        self.reveal(self._cursor)

    def line(self, at: int) -> Strip:
        if at == self._cursor:
            # On the cursor's ground other colours would be hard to read.
            return self._row(at, self.tone("cursor" if self.has_focus else "cursor-away"), toned=False)
        return self._row(at, self.tone("plain"), toned=True)

    def action_open(self) -> None:
        if self._rows:
            self.post_message(self.Opened(self.chosen))

    def on_resize(self, _event: Resize) -> None:
        self.reveal(self._cursor)

    def _row(self, at: int, base: Style, *, toned: bool) -> Strip:
        parts: list[tuple[str, Style]] = []
        for column, size in self.columns:
            text, tone = column.cell(self._rows[at][1], self._moment)
            style = base + self.tone(tone) if toned and tone else base
            parts += [(fitted(text, size, column.right), style), (" " * GAP, base)]
        return strip_of(parts, self.scrollable_content_region.width, base)
