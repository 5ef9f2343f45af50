"""The titles over the request log."""

from __future__ import annotations

from typing import ClassVar

from textual.strip import Strip
from textual.widget import Widget

from penstock_tui.widgets.columns import COLUMNS
from penstock_tui.widgets.fitting import GAP, fit
from penstock_tui.widgets.segments import fitted, strip_of
from penstock_tui.widgets.tones import TONE_CLASSES, tone_of

__all__ = ["TableHeader"]

SCROLLBAR = 1


class TableHeader(Widget):
    """One line that lays itself out as the table below it does."""

    COMPONENT_CLASSES: ClassVar[set[str]] = TONE_CLASSES
    DEFAULT_CSS = "TableHeader { height: 1; background: $panel; }"

    def render_line(self, y: int) -> Strip:
        style = tone_of(self, "head")
        parts = [
            (fitted(column.title, size, column.right) + " " * GAP, style)
            for column, size in fit(self.size.width - SCROLLBAR, COLUMNS)
        ]
        return strip_of(parts, self.size.width, style)
