"""A table of a room: keeps its cursor on its row and its place while rows come, go and change order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.style import Style
from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.widgets import DataTable

from penstock_tui.widgets.fitting import GAP, Column, Moment, fit
from penstock_tui.widgets.segments import fitted
from penstock_tui.widgets.tones import TONE_CLASSES, tone_of

__all__ = ["MOST", "RoomTable"]

Shown = TypeVar("Shown")
MOST = 500
"""Rows drawn. Who looks for one further down filters the log."""
SCROLLBAR = 1
Cells = tuple[tuple[str, str], ...]


class RoomTable(DataTable[Text], Generic[Shown]):
    """Shows rows in columns, as many as have room."""

    COMPONENT_CLASSES: ClassVar[set[str]] = DataTable.COMPONENT_CLASSES | TONE_CLASSES
    DEFAULT_CSS = """
    RoomTable { height: 1fr; overflow-x: hidden; background: $background; }
    RoomTable { scrollbar-gutter: stable; scrollbar-size: 1 1; }
    RoomTable > .datatable--header { background: $panel; color: $text-primary; text-style: bold; }
    RoomTable > .datatable--even-row, RoomTable > .datatable--odd-row { background: $background; }
    RoomTable > .datatable--cursor { background: $foreground 15%; color: $foreground; }
    RoomTable:focus > .datatable--cursor { background: $primary 45%; color: $foreground; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "Open"),
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("home,g", "scroll_top", show=False),
        Binding("end,G", "scroll_bottom", show=False),
    ]

    @dataclass
    class Opened(Message):
        """A row was chosen."""

        key: str

    def __init__(self, columns: Sequence[Column[Shown]], *, id: str | None = None) -> None:
        super().__init__(id=id, cursor_type="row", cell_padding=0)
        self._all = tuple(columns)
        self._fitting: list[tuple[Column[Shown], int]] = []
        self._rows: list[tuple[str, Shown]] = []
        self._cells: dict[str, Cells] = {}
        self._moment = Moment(0.0)

    @property
    def chosen(self) -> str:
        """The key of the row under the cursor. Empty: there is no row."""
        order = list(self._cells)
        return order[self.cursor_row] if 0 <= self.cursor_row < len(order) else ""

    def fill(self, rows: Sequence[tuple[str, Shown]], moment: Moment) -> None:
        """Show `rows`, each under a key of its own. The cursor stays on its key, the window where it is."""
        self._rows, self._moment = list(rows[:MOST]), moment
        if self._fitting:
            self._settle()

    def neighbour(self, key: str, step: int) -> str:
        """The key `step` rows further down. Empty: past the ends."""
        order = list(self._cells)
        at = order.index(key) + step if key in self._cells else -1
        return order[at] if 0 <= at < len(order) else ""

    def choose(self, key: str) -> None:
        """Put the cursor on a row."""
        if key in self._cells:
            self.move_cursor(row=list(self._cells).index(key), animate=False)

    def repaint(self) -> None:
        """The theme turned: all cells have the wrong colours."""
        self._rebuild()

    def on_resize(self, _event: Resize) -> None:
        fitting = fit(max(self.size.width - SCROLLBAR, 1), self._all)
        if fitting != self._fitting:
            self._fitting = fitting
            self._rebuild()

    @on(DataTable.RowSelected)
    def _selected(self, event: DataTable.RowSelected) -> None:
        event.stop()
        self.post_message(self.Opened(event.row_key.value or ""))

    def _settle(self) -> None:
        cells = {key: self._drawn(row) for key, row in self._rows}
        if list(cells) != list(self._cells):
            self._place(cells)
            return
        for key, drawn in cells.items():
            if drawn != self._cells[key]:
                for (column, size), cell in zip(self._fitting, drawn, strict=True):
                    self.update_cell(key, column.title, self._text(column, size, cell))
        self._cells = cells

    def _rebuild(self) -> None:
        """Columns and all."""
        self._place({key: self._drawn(row) for key, row in self._rows}, columns=True)

    def _place(self, cells: dict[str, Cells], *, columns: bool = False) -> None:
        chosen, line, top = self.chosen, self.cursor_row, self.scroll_y
        self.clear(columns=columns)
        if columns:
            for column, size in self._fitting:
                title = Text(fitted(column.title, size, column.right))
                self.add_column(title, width=size + GAP, key=column.title)
        for key, drawn in cells.items():
            texts = (self._text(*one, cell) for one, cell in zip(self._fitting, drawn, strict=True))
            self.add_row(*texts, key=key)
        self._cells = cells
        if cells:
            at = list(cells).index(chosen) if chosen in cells else min(max(line, 0), len(cells) - 1)
            self.move_cursor(row=at, animate=False, scroll=False)
            # Scrolled down, the row that is read stays where it is on the screen; at the top one stays at the top.
            self.scroll_to(y=max(top + at - line, 0) if top else 0, animate=False, force=True)

    def _drawn(self, row: Shown) -> Cells:
        return tuple(column.cell(row, self._moment) for column, _ in self._fitting)

    def _text(self, column: Column[Shown], size: int, cell: tuple[str, str]) -> Text:
        text, tone = cell
        found = tone_of(self, tone or "plain")
        return Text(fitted(text, size, column.right), Style(color=found.color, bold=found.bold), no_wrap=True, end="")
