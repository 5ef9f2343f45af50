"""`Table`: base class of the request log's table and the views' tables: a title line, rows, a cursor."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.events import Blur, Click, Focus
from textual.message import Message
from textual.strip import Strip

from penstock_tui.widgets.cell_width import fitted, strip_of
from penstock_tui.widgets.column_layout import GAP, Column, Fitted
from penstock_tui.widgets.drawn_lines import DrawnLines

__all__ = ["Table"]

Shown = TypeVar("Shown")


class Table(DrawnLines, Generic[Shown]):
    """A table that draws its lines itself, only the visible ones, and handles keys and clicks."""

    HEAD = 1
    DEFAULT_CSS = """
    Table { height: 1fr; overflow-x: hidden; overflow-y: auto; background: $background; }
    Table { scrollbar-gutter: stable; scrollbar-size: 1 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "A page up", show=False),
        Binding("pagedown", "page(1)", "A page down", show=False),
        Binding("home,g", "first", "First", show=False),
        Binding("end,G", "last", "Last", show=False),
    ]

    @dataclass
    class TitleClicked(Message):
        """The title of a column was clicked."""

        title: str

    @property
    @abstractmethod
    def columns(self) -> Fitted[Shown]:
        """The visible columns."""

    @property
    @abstractmethod
    def cursor_line(self) -> int:
        """The line that the cursor is on. 0: the first one, or there is none."""

    @abstractmethod
    def go(self, line: int) -> None:
        """Put the cursor on `line`, or the nearest one, because the user moved it there."""

    @abstractmethod
    def action_open(self) -> None:
        """The user chose the row under the cursor."""

    @property
    def lines_in_sight(self) -> int:
        """The number of rows that fit."""
        return max(self.size.height - self.HEAD, 0)

    def title(self, column: Column[Shown], size: int) -> str:
        """The title of a column, in `size` cells."""
        return fitted(column.title, size, column.right)

    def reveal(self, line: int) -> None:
        """Scroll to `line`, with the titles above it."""
        top, height = round(self.scroll_y), self.lines_in_sight
        if line < top:
            self.scroll_to(y=line, animate=False, force=True)
        elif height and line >= top + height:
            self.scroll_to(y=line - height + 1, animate=False, force=True)

    def redraw(self, line: int) -> None:
        """Draw one row again."""
        self.refresh_line(line + self.HEAD)

    def render_line(self, y: int) -> Strip:
        if y >= self.HEAD:
            return super().render_line(y)
        style = self.tone("titles")
        titles = [(self.title(column, size) + " " * GAP, style) for column, size in self.columns]
        return strip_of(titles, self.scrollable_content_region.width, style)

    def action_move(self, step: int) -> None:
        self.go(self.cursor_line + step)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(self.lines_in_sight - 1, 1))

    def action_first(self) -> None:
        self.go(0)

    def action_last(self) -> None:
        self.go(self.count - 1)

    def on_click(self, event: Click) -> None:
        if event.y < self.HEAD:
            self._click_title(event.x)
            return
        line = round(self.scroll_y) + event.y - self.HEAD
        if line >= self.count or self.waits:  # the end of a selection is no choice of a row
            return
        again = line == self.cursor_line
        self.go(line)
        if again or event.chain > 1:
            self.action_open()

    def on_focus(self, _event: Focus) -> None:
        self.refresh()

    def on_blur(self, _event: Blur) -> None:
        self.refresh()

    def _click_title(self, x: int) -> None:
        right = 0
        for column, size in self.columns:
            right += size + GAP
            if x < right:
                self.post_message(self.TitleClicked(column.title))
                return
