"""A table of a view: keeps its cursor on its row and its place while rows come, go and change order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Blur, Click, Focus, Resize
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from penstock_tui.widgets.drawn_lines import DrawnLines
from penstock_tui.widgets.fitting import GAP, Column, Moment, fit
from penstock_tui.widgets.segments import fitted, strip_of

__all__ = ["MOST", "KeyedTable"]

Shown = TypeVar("Shown")
MOST = 500
"""Rows drawn. Who looks for one further down filters the log."""


class KeyedTable(DrawnLines, Generic[Shown]):
    """Shows rows in columns, as many as have room. Draws lines itself: only what is seen costs anything."""

    HEAD = 1
    DEFAULT_CSS = """
    KeyedTable { height: 1fr; overflow-x: hidden; overflow-y: auto; background: $background; }
    KeyedTable { scrollbar-gutter: stable; scrollbar-size: 1 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open"),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "A page up", show=False),
        Binding("pagedown", "page(1)", "A page down", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Last", show=False),
    ]

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
    def is_at_top(self) -> bool:
        """Whether the cursor is on the first row, or there is none."""
        return self._cursor == 0

    def fill(self, rows: Sequence[tuple[str, Shown]], moment: Moment) -> None:
        """Show `rows`, each under a key of its own. The cursor stays on its key, the window where it is. While text is
        selected, nothing changes, or it would run from under it."""
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
            self._go(self._lines[key])

    def repaint(self) -> None:
        """The theme turned: all cells have the wrong colours."""
        self.refresh()

    @property
    def count(self) -> int:
        return len(self._rows)

    def render_line(self, y: int) -> Strip:
        return super().render_line(y) if y >= self.HEAD else self._titles(self.scrollable_content_region.width)

    def line(self, at: int) -> Strip:
        width = self.scrollable_content_region.width
        if at == self._cursor:
            # On the cursor's ground other colours would be hard to read.
            return self._row(at, width, self.tone("cursor" if self.has_focus else "cursor-away"), toned=False)
        return self._row(at, width, self.tone("plain"), toned=True)

    def action_move(self, step: int) -> None:
        self._go(self._cursor + step)

    def action_page(self, pages: int) -> None:
        self._go(self._cursor + pages * max(self._height - 1, 1))

    def action_first(self) -> None:
        self._go(0)

    def action_last(self) -> None:
        self._go(len(self._rows) - 1)

    def action_open(self) -> None:
        if self._rows:
            self.post_message(self.Opened(self.chosen))

    def on_click(self, event: Click) -> None:
        line = round(self.scroll_y) + event.y - self.HEAD
        if event.y < self.HEAD or line >= len(self._rows) or self.waits:  # the end of a selection chooses no row
            return
        again = line == self._cursor
        self._go(line)
        if again or event.chain > 1:
            self.action_open()

    def on_resize(self, _event: Resize) -> None:
        self._reveal()

    def on_focus(self, _event: Focus) -> None:
        self.refresh()

    def on_blur(self, _event: Blur) -> None:
        self.refresh()

    @property
    def _height(self) -> int:
        return max(self.size.height - self.HEAD, 0)

    def _titles(self, width: int) -> Strip:
        style = self.tone("titles")
        titles = (fitted(one.title, size, one.right) + " " * GAP for one, size in fit(width, self._all))
        return strip_of([(title, style) for title in titles], width, style)

    def _row(self, at: int, width: int, base: Style, *, toned: bool) -> Strip:
        parts: list[tuple[str, Style]] = []
        for column, size in fit(width, self._all):
            text, tone = column.cell(self._rows[at][1], self._moment)
            style = base + self.tone(tone) if toned and tone else base
            parts += [(fitted(text, size, column.right), style), (" " * GAP, base)]
        return strip_of(parts, width, base)

    def _go(self, line: int) -> None:
        line = max(0, min(line, len(self._rows) - 1))
        if line != self._cursor and self._rows:
            before, self._cursor = self._cursor, line
            for one in (before, line):
                self.refresh_line(one + self.HEAD)
            self.post_message(self.Moved(self.chosen))
        self._reveal()

    def _reveal(self) -> None:
        """The cursor's row in the window, with the titles above it."""
        top = round(self.scroll_y)
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._height and self._cursor >= top + self._height:
            self.scroll_to(y=self._cursor - self._height + 1, animate=False, force=True)
