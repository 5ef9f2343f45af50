"""`RequestTable`: the request log's table: rows that come in at the top, filtered, sorted or grouped; the cursor
follows the newest row or stays on its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip

from penstock_tui.log.filtered_rows import FilteredRows, Order
from penstock_tui.log.log_model import Changes
from penstock_tui.log.query import Query
from penstock_tui.log.row import Row
from penstock_tui.widgets.cell_width import cut, fitted, strip_of, width_of
from penstock_tui.widgets.column_layout import Cell, Column, Fitted, Moment, pages
from penstock_tui.widgets.columns import COLUMNS, column_of, tone_of_row
from penstock_tui.widgets.table import Table
from penstock_tui.widgets.tones import session_tone

__all__ = ["RequestTable"]

HOUR = 3600.0
CACHED = 500
"""The number of drawn lines that are cached, more than any window shows."""
HISTORY = "┊"
"""The separator between the first two columns in rows that are older than the proxy's start."""
FALLS, RISES = "▼", "▲"


class RequestTable(Table[Row]):
    """Rows newest first, or in another order. The cursor stays on its row when others push it; while `following`, it
    stays on the newest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "columns(1)", "More columns", key_display="→"),
        Binding("left,h", "columns(-1)", "Previous columns", show=False),
        Binding("enter", "open", "Detail"),
    ]

    @dataclass
    class Chosen(Message):
        """A row was chosen, to be opened."""

        row: Row

    @dataclass
    class Behind(Message):
        """Rows that stood still are to be shown as they are now."""

    def __init__(self, heading: Callable[[Row], str] = lambda row: row.session_name, *, id: str | None = None) -> None:
        """`heading`: what stands over the rows of a group, by its first row."""
        super().__init__(id=id)
        self._heading = heading
        self._is_behind = False
        self.moment = Moment(0.0)
        self.following = True
        self.cursor: Row | None = None
        self._view = FilteredRows()
        self._chosen: tuple[str, ...] = ()
        self._page = 0
        self._pages: list[Fitted[Row]] = [[]]
        self._drawn: dict[tuple[int, int, str], Strip] = {}
        self._styles: dict[tuple[str, str], Style] = {}

    @property
    def count(self) -> int:
        """The number of lines after filtering."""
        return len(self._view)

    @property
    def rows(self) -> int:
        """The number of lines that are rows and not headings."""
        return self._view.rows

    @property
    def order(self) -> Order | None:
        """The order of the rows. None: newest first."""
        return self._view.order

    @property
    def columns(self) -> Fitted[Row]:
        """The visible columns."""
        return self._pages[min(self._page, len(self._pages) - 1)]

    def choose_columns(self, titles: Sequence[str]) -> None:
        """Show the columns of these titles first. If none of them exists: as many as fit, by rank."""
        known = {column.title for column in COLUMNS}
        self._chosen, self._page = tuple(title for title in titles if title in known), 0
        self._lay_out()

    @property
    def cursor_line(self) -> int:
        return self._line_of(self.cursor) if self.cursor is not None else 0

    @property
    def newer(self) -> int:
        """The number of rows newer than the one under the cursor, while they are not followed."""
        return self.cursor_line if self.count and not (self.following or self.order) else 0

    def show(self, rows: Sequence[Row], query: Query) -> None:
        """Show those of `rows` (oldest first) that match. The cursor stays on its row, or goes to the nearest."""
        self._view.show(rows, query, self.order)
        self._settle()
        self.refresh()

    def sort(self, rows: Sequence[Row], order: Order | None) -> None:
        """Show `rows` in this order, from its top; without one, around the row under the cursor."""
        self._view.show(rows, self._view.query, order)
        self._lay_out()
        if order is None:
            self._settle()
        else:
            self.following = False
            self._go(0)
        self.refresh()

    def update(self, changes: Changes) -> None:
        """Take in what changed in the model. While text is selected rows do not move, so that the selection stays on
        its text."""
        if self.waits:
            self._is_behind = True
            return
        top = self._top(changes)
        if self._view.update(changes):
            # A row that goes elsewhere because it is sorted by what changed does not take the window along.
            self._settle(top, reveal=self.order is None or self.cursor not in changes.changed)
            self.refresh()
        else:
            self._redraw(changes.changed)

    def animate_rows(self, moment: Moment) -> None:
        """Draw the next step of the animation of running rows."""
        if moment.now // HOUR != self.moment.now // HOUR:  # what was today may not be any more
            self._drawn.clear()
            self.refresh()
        self.moment = moment
        first = round(self.scroll_y)
        for line, row in enumerate(self._view.lines(first, self.lines_in_sight), start=first):
            if row.running or self._view.is_heading(line):
                self.redraw(line)

    def select(self, row: Row) -> None:
        """Put the cursor on `row` and scroll to it. Only the newest row is followed."""
        if not self.count:
            return
        line = self._line_of(row)
        self.following = self.following and line == 0
        self._go(line)

    def follow(self, on: bool) -> None:
        """Follow the newest row, or stay where the cursor is. Rows must not be sorted."""
        self.following = on
        if on:
            self._go(0)

    def neighbour(self, row: Row, step: int) -> Row | None:
        """The row `step` lines further down, None past the ends."""
        line = self._line_of(row) + step
        line += step if self._view.is_heading(line) else 0
        return self._view.at(line) if 0 <= line < self.count else None

    def find(self, query: Query, step: int) -> Row | None:
        """The next row from the cursor that matches, wrapping around. None: there is none."""
        return self._view.find(query, self.cursor_line, step)

    def go(self, line: int) -> None:
        if self._view.is_heading(line):  # upwards over it, where there is a row above
            line += -1 if 0 < line < self.cursor_line else 1
        if line > 0 and self.count > 1:
            self.following = False
        self._go(line)

    def title(self, column: Column[Row], size: int) -> str:
        if self.order is None or self.order.title != column.title:
            return super().title(column, size)
        mark = FALLS if self.order.falls else RISES
        return fitted(f"{column.title[: max(size - 1, 0)]}{mark}", size, column.right)

    def line(self, at: int) -> Strip:
        row = self._view.at(at)
        width = self.scrollable_content_region.width
        if self._view.is_heading(at):
            style = self.tone(session_tone(row.session_number) or "dim") + Style(bold=True)
            words = f"── {self._heading(row)} "
            return strip_of([(fitted(words + "─" * max(width - width_of(words), 0), width), style)], width, style)
        tone = ("cursor" if self.has_focus else "cursor-away") if row is self.cursor else "plain"
        if row.running:
            return self._draw(row, tone, width)
        key = (row.number, row.version, tone)
        strip = self._drawn.get(key)
        if strip is None:
            if len(self._drawn) >= CACHED:
                self._drawn.clear()
            strip = self._drawn[key] = self._draw(row, tone, width)
        return strip

    def selection_updated(self, selection: Selection | None) -> None:
        super().selection_updated(selection)
        if selection is None and self._is_behind:
            self._is_behind = False
            self.post_message(self.Behind())

    def action_first(self) -> None:
        if self.order is None:
            self.follow(True)
        else:
            self._go(0)

    def action_columns(self, step: int) -> None:
        self._page = max(0, min(self._page + step, len(self._pages) - 1))
        self._arrange()

    def action_open(self) -> None:
        if self.cursor is not None:
            self.post_message(self.Chosen(self.cursor))

    def on_resize(self, _event: Resize) -> None:
        self._lay_out()
        self._settle()

    def notify_style_update(self) -> None:
        """The theme changed: cached drawings have the wrong colours."""
        self._drawn.clear()
        self._styles.clear()
        super().notify_style_update()

    def _lay_out(self) -> None:
        first = column_of(self.order.title) if self.order is not None else None
        self._pages = pages(self.scrollable_content_region.width, COLUMNS, first, self._chosen)
        self._page = min(self._page, len(self._pages) - 1)
        self._arrange()

    def _arrange(self) -> None:
        self._drawn.clear()
        self.refresh()

    def _draw(self, row: Row, tone: str, width: int) -> Strip:
        base = self._style(tone, "")
        row_tone = tone_of_row(row)
        parts: list[tuple[str, Style]] = []
        gap = HISTORY if row.history else " "
        for column, size in self.columns:
            for text, cell_tone in [*self._pieces(column, size, row), (gap, "")]:
                shown = "dim" if row.history and cell_tone not in ("strong", "badge") else cell_tone or row_tone
                style = self._style(tone, shown)
                if parts and parts[-1][1] is style:  # few long pieces cost less to draw than a piece for each cell
                    text = parts.pop()[0] + text
                parts.append((text, style))
            gap = " "
        return strip_of(parts, width, base)

    def _pieces(self, column: Column[Row], size: int, row: Row) -> list[Cell]:
        """A cell in exactly `size` cells of the screen."""
        if column.parts is not None:
            return cut(column.parts(row, size), size)
        text, tone = column.cell(row, self.moment)
        return [(fitted(text, size, column.right), tone)]

    def _style(self, ground: str, tone: str) -> Style:
        """A tone on the ground of a row. On the cursor's ground other colours would be hard to read."""
        style = self._styles.get((ground, tone))
        if style is None:
            style = self.tone(ground)
            if tone:
                found = self.tone(tone)
                color = found.color if ground == "plain" else style.color
                style += Style(color=color, bold=found.bold or None, reverse=found.reverse or None)
            self._styles[ground, tone] = style
        return style

    def _line_of(self, row: Row) -> int:
        return self._view.near(row)

    def _redraw(self, rows: Sequence[Row]) -> None:
        first, last = round(self.scroll_y), round(self.scroll_y) + self.lines_in_sight
        for row in rows:
            line = self._view.line_of(row)
            if line is not None and first <= line < last:
                self.redraw(line)

    def _top(self, changes: Changes) -> tuple[Row, int] | None:
        """A row in the window that holds still, and how far down it is; none while the window is at the top."""
        first = round(self.scroll_y)
        if first <= 0:
            return None
        restless = {row.number for row in (*changes.changed, *changes.dropped)} if self.order is not None else set()
        shown = enumerate(self._view.lines(first, max(self.lines_in_sight, 1)))
        still = ((row, down) for down, row in shown if row.number not in restless)
        return next((one for one in still if not self._view.is_heading(first + one[1])), None)

    def _settle(self, top: tuple[Row, int] | None = None, *, reveal: bool = True) -> None:
        """After rows came or went: the cursor back on its row, and `top` back where it was in the window."""
        self.virtual_size = Size(0, self.count + self.HEAD)
        if not self.count:
            self._set_cursor(None)
            return
        self._set_cursor(self._view.at(0 if self.following or self.cursor is None else self._line_of(self.cursor)))
        if top is not None and not self.following:
            row, down = top
            self.scroll_to(y=max(self._line_of(row) - down, 0), animate=False, force=True)
        elif self.cursor is not None and reveal:
            self.reveal(self._line_of(self.cursor))

    def _go(self, line: int) -> None:
        if not self.count:
            return
        line = max(0, min(line, self.count - 1))
        self._set_cursor(self._view.at(line))
        self.reveal(line)

    def _set_cursor(self, row: Row | None) -> None:
        if row is self.cursor:
            return
        before, self.cursor = self.cursor, row
        for one in (before, row):
            line = self._view.line_of(one) if one is not None else None
            if line is not None:
                self.redraw(line)
