"""A framed text with a title; it can be selected and copied."""

from __future__ import annotations

from collections.abc import Sequence

from textual.widgets import Static

from penstock_tui.widgets.wrapped_text import LABEL, Line, content_of

__all__ = ["Panel"]


class Panel(Static):
    """As high as its lines."""

    DEFAULT_CSS = """
    Panel { height: auto; border: round $foreground 30%; border-title-color: $text-primary; padding: 0 1; }
    """

    def __init__(self, title: str, *, id: str) -> None:
        super().__init__(id=id)
        self.border_title = title

    @property
    def room(self) -> int:
        """Cells of a line."""
        return max(self.scrollable_content_region.width, 1)

    def show(self, lines: Sequence[Line]) -> None:
        """Show `lines`, broken to fit."""
        self.update(content_of(lines, self.room, LABEL))
