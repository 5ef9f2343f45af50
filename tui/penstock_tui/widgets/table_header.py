"""The titles over the request log."""

from __future__ import annotations

from dataclasses import dataclass

from textual.events import Click
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from penstock_tui.log.filtered_rows import Order
from penstock_tui.log.row import Row
from penstock_tui.widgets.fitting import GAP, Fitted
from penstock_tui.widgets.segments import fitted, strip_of
from penstock_tui.widgets.tones import Tones

__all__ = ["TableHeader"]

FALLS, RISES = "▼", "▲"


class TableHeader(Widget):
    """One line, laid out as the table below it is."""

    DEFAULT_CSS = "TableHeader { height: 1; background: $panel; }"
    ALLOW_SELECT = False

    @dataclass
    class Clicked(Message):
        """A title was clicked."""

        title: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._columns: Fitted[Row] = []
        self._order: Order | None = None
        self.tone = Tones(self)

    def show(self, columns: Fitted[Row], order: Order | None) -> None:
        """Head these columns from now on."""
        if (columns, order) != (self._columns, self._order):
            self._columns, self._order = columns, order
            self.refresh()

    def render_line(self, y: int) -> Strip:
        style = self.tone("head")
        parts = [(self._title(column.title, size, column.right) + " " * GAP, style) for column, size in self._columns]
        return strip_of(parts, self.size.width, style)

    def on_click(self, event: Click) -> None:
        right = 0
        for column, size in self._columns:
            right += size + GAP
            if event.x < right:
                self.post_message(self.Clicked(column.title))
                return

    def _title(self, title: str, size: int, right: bool) -> str:
        if self._order is None or self._order.title != title:
            return fitted(title, size, right)
        mark = FALLS if self._order.falls else RISES
        return fitted(f"{title[: max(size - 1, 0)]}{mark}", size, right)
