"""The request log as a table that grows at the top. Draws lines itself: only what is seen costs anything."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Focus, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from penstock_tui.model import Changes
from penstock_tui.query import Query
from penstock_tui.rows import Row
from penstock_tui.widgets.columns import COLUMNS, tone_of_row
from penstock_tui.widgets.fitting import GAP, Moment, fit
from penstock_tui.widgets.segments import fitted, strip_of
from penstock_tui.widgets.tones import TONE_CLASSES, tone_of

__all__ = ["RequestTable"]

HOUR = 3600.0
CACHED = 500
"""Lines kept drawn. More than any window shows."""


class RequestTable(ScrollView, can_focus=True):
    """Rows newest first. The cursor stays on its row, wherever new rows push it; while `following`, on the newest."""

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    DEFAULT_CSS = """
    RequestTable { height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size: 1 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Newer", show=False),
        Binding("down,j", "move(1)", "Older", show=False),
        Binding("pageup", "page(-1)", "A page newer", show=False),
        Binding("pagedown", "page(1)", "A page older", show=False),
        Binding("home,g", "newest", "Newest", show=False),
        Binding("end,G", "oldest", "Oldest", show=False),
        Binding("enter", "choose", "Detail"),
    ]

    @dataclass
    class Moved(Message):
        """The cursor is on another row, or following began or ended."""

        row: Row | None

    @dataclass
    class Chosen(Message):
        """A row is to be opened."""

        row: Row

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.moment = Moment(0.0)
        self.following = True
        self.cursor: Row | None = None
        self._rows: list[Row] = []  # oldest first, those that match
        self._query = Query()
        self._drawn: dict[tuple[int, int, int, str], Strip] = {}

    @property
    def count(self) -> int:
        """How many rows there are, after the filter."""
        return len(self._rows)

    @property
    def newer(self) -> int:
        """How many rows are newer than the one under the cursor, while they are not followed."""
        return self._line_of(self.cursor) if self.cursor and self._rows and not self.following else 0

    def show(self, rows: Sequence[Row], query: Query) -> None:
        """Show those of `rows` (oldest first) that match. The cursor stays on its row, or goes to the nearest."""
        self._query = query
        self._rows = [row for row in rows if query.matches(row)]
        self._settle()
        self.refresh()

    def update(self, changes: Changes, oldest: int) -> None:
        """Take in what changed in the model, whose oldest row has the number `oldest`."""
        top = self._top()
        moved = [row for row in changes.added if self._query.matches(row)]
        self._rows += moved
        moved += [row for row in changes.changed if self._place(row)]
        if changes.dropped:
            self._rows = self._rows[bisect_left(self._rows, oldest, key=lambda one: one.number) :]
        if moved or changes.dropped:
            self._settle(top)
            self.refresh()
        else:
            self._redraw(changes.changed)

    def animate_rows(self, moment: Moment) -> None:
        """Let running rows show that they run."""
        if moment.now // HOUR != self.moment.now // HOUR:  # what was today may not be any more
            self._drawn.clear()
            self.refresh()
        self.moment = moment
        first = round(self.scroll_y)
        for y in range(first, min(first + self.size.height, len(self._rows))):
            if self._at(y).running:
                self.refresh_line(y)

    def select(self, row: Row) -> None:
        """Put the cursor on `row` and bring it into view. Following goes on only on the newest."""
        if not self._rows:
            return
        self.following = self.following and row is self._rows[-1]
        self._go(self._line_of(row))

    def follow(self, on: bool) -> None:
        """Stay at the newest row from now on, or stay where the cursor is."""
        self.following = on
        if on:
            self._go(0)
        self.post_message(self.Moved(self.cursor))

    def neighbour(self, row: Row, step: int) -> Row | None:
        """The row `step` lines further down, None past the ends."""
        line = self._line_of(row) + step
        return self._at(line) if 0 <= line < len(self._rows) else None

    def find(self, query: Query, step: int) -> Row | None:
        """The next row from the cursor that matches, going round. None: there is none."""
        start = self._line_of(self.cursor) if self.cursor else 0
        for away in range(1, len(self._rows) + 1):
            row = self._at((start + step * away) % len(self._rows))
            if query.matches(row):
                return row
        return None

    def render_line(self, y: int) -> Strip:
        at = round(self.scroll_y) + y
        width = self.scrollable_content_region.width
        if at >= len(self._rows):
            return Strip.blank(width, tone_of(self, "plain"))
        row = self._at(at)
        tone = ("cursor" if self.has_focus else "cursor-away") if row is self.cursor else "plain"
        if row.running:
            return self._draw(row, tone, width)
        key = (row.number, row.version, width, tone)
        strip = self._drawn.get(key)
        if strip is None:
            if len(self._drawn) >= CACHED:
                self._drawn.clear()
            strip = self._drawn[key] = self._draw(row, tone, width)
        return strip

    def action_move(self, step: int) -> None:
        self._go((self._line_of(self.cursor) if self.cursor else 0) + step, by_person=True)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_newest(self) -> None:
        self.follow(True)

    def action_oldest(self) -> None:
        self._go(len(self._rows) - 1, by_person=True)

    def action_choose(self) -> None:
        if self.cursor is not None:
            self.post_message(self.Chosen(self.cursor))

    def on_click(self, event: Click) -> None:
        line = round(self.scroll_y) + event.y
        if line >= len(self._rows):
            return
        again = self._at(line) is self.cursor
        self._go(line, by_person=True)
        if again or event.chain > 1:
            self.action_choose()

    def on_resize(self, _event: Resize) -> None:
        self._drawn.clear()
        self._settle()

    def on_focus(self, _event: Focus) -> None:
        self.refresh()

    def notify_style_update(self) -> None:
        """The theme changed: what was drawn has the wrong colours."""
        self._drawn.clear()
        super().notify_style_update()

    def _draw(self, row: Row, tone: str, width: int) -> Strip:
        base = tone_of(self, tone)
        row_tone = tone_of_row(row)
        parts: list[tuple[str, Style]] = []
        for column, size in fit(width, COLUMNS):
            text, cell_tone = column.cell(row, self.moment)
            # On the cursor's ground other colours would be hard to read.
            color = tone_of(self, cell_tone or row_tone).color if tone == "plain" else base.color
            parts.append((fitted(text, size, column.right), base + Style(color=color)))
            parts.append((" " * GAP, base))
        return strip_of(parts, width, base)

    def _at(self, line: int) -> Row:
        return self._rows[len(self._rows) - 1 - line]

    def _line_of(self, row: Row) -> int:
        return len(self._rows) - 1 - self._index_of(row)

    def _index_of(self, row: Row) -> int:
        return bisect_left(self._rows, row.number, key=lambda one: one.number)

    def _place(self, row: Row) -> bool:
        """A changed row may begin or cease to match. Gives whether it did."""
        i = self._index_of(row)
        here = i < len(self._rows) and self._rows[i] is row
        if self._query.matches(row) and not here:
            self._rows.insert(i, row)
            return True
        if here and not self._query.matches(row):
            del self._rows[i]
            return True
        return False

    def _redraw(self, rows: Sequence[Row]) -> None:
        first, last = round(self.scroll_y), round(self.scroll_y) + self.size.height
        for row in rows:
            i = self._index_of(row)
            line = len(self._rows) - 1 - i
            if i < len(self._rows) and first <= line < last:
                self.refresh_line(line)

    def _top(self) -> Row | None:
        """The row at the top of the window, when that is not the newest."""
        line = round(self.scroll_y)
        return self._at(line) if 0 < line < len(self._rows) else None

    def _settle(self, top: Row | None = None) -> None:
        """After rows came or went: the cursor back on its row, and `top` back at the top of the window."""
        self.virtual_size = Size(0, len(self._rows))
        if not self._rows:
            self._set_cursor(None)
            return
        if self.following or self.cursor is None:
            self._set_cursor(self._rows[-1])
        else:
            i = min(self._index_of(self.cursor), len(self._rows) - 1)
            self._set_cursor(self._rows[i])
        if top is not None and not self.following:
            self.scroll_to(y=max(self._line_of(top), 0), animate=False, force=True)
        elif self.cursor is not None:
            self._reveal(self._line_of(self.cursor))

    def _go(self, line: int, *, by_person: bool = False) -> None:
        if not self._rows:
            return
        line = max(0, min(line, len(self._rows) - 1))
        if by_person and line > 0:
            self.following = False
        self._set_cursor(self._at(line))
        self._reveal(line)

    def _set_cursor(self, row: Row | None) -> None:
        if row is self.cursor:
            return
        before, self.cursor = self.cursor, row
        for one in (before, row):
            if one is not None:
                self.refresh_line(self._line_of(one))
        self.post_message(self.Moved(row))

    def _reveal(self, line: int) -> None:
        height = self.size.height
        top = round(self.scroll_y)
        if line < top:
            self.scroll_to(y=line, animate=False, force=True)
        elif height and line >= top + height:
            self.scroll_to(y=line - height + 1, animate=False, force=True)
