"""`TextLines`: a text of coloured lines that is wrapped to the width and can be selected."""

from __future__ import annotations

from collections.abc import Sequence

from textual.events import Resize
from textual.selection import Selection
from textual.widgets import Static

from penstock_tui.widgets.wrapped_text import Line, content_of

__all__ = ["TextLines"]


class TextLines(Static):
    """Long lines are wrapped, again at each width."""

    DEFAULT_CSS = "TextLines { height: auto; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: list[Line] = []
        self._width = 0

    def show(self, lines: Sequence[Line]) -> None:
        """Show `lines` from now on, or as soon as no text is selected any more, so that the selection stays on its
        text."""
        if list(lines) != self._lines:
            self._lines = list(lines)
            self._draw()

    def selection_updated(self, selection: Selection | None) -> None:
        super().selection_updated(selection)
        if selection is None:
            self._draw()

    def on_resize(self, event: Resize) -> None:
        if event.size.width != self._width:
            self._width = event.size.width
            self._draw()

    def _draw(self) -> None:
        if self._width and self.text_selection is None:
            self.update(content_of(self._lines, self._width, None))
