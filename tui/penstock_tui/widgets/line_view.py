"""`LineView`: a scrollable view of coloured lines that draws only the visible ones, so that there may be many."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.strip import Strip

from penstock_tui.widgets.cell_width import strip_of
from penstock_tui.widgets.drawn_lines import DrawnLines
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["LineView"]


class LineView(DrawnLines):
    """A view whose lines are made for its width (`made`), again whenever its size changes."""

    DEFAULT_CSS = """
    LineView { overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; scrollbar-size: 1 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "full", "Full")]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.full = False
        self._lines: list[Line] = []

    @abstractmethod
    def made(self, width: int) -> list[Line]:
        """All lines, in `width` cells; in `full`, or a line for each thing."""

    @property
    def text(self) -> str:
        """All lines, as they are drawn."""
        return "\n".join("".join(text for text, _ in line) for line in self._lines)

    def draw(self) -> None:
        """Make and draw the lines again, since what they show has changed."""
        self.put(self.made(self.scrollable_content_region.width))

    def put(self, lines: list[Line]) -> None:
        """Show these lines."""
        self._lines = lines
        self.virtual_size = Size(0, len(self._lines))
        self.refresh()

    def on_resize(self, _event: Resize) -> None:
        self.draw()

    def action_full(self) -> None:
        """Toggle between each thing in full and one line for each."""
        self.full = not self.full
        self.draw()

    @property
    def count(self) -> int:
        return len(self._lines)

    def line(self, at: int) -> Strip:
        width = self.scrollable_content_region.width
        return strip_of([(text, self.tone(tone)) for text, tone in self._lines[at]], width, self.tone("plain"))
