"""A view that is a text: to scroll, select and copy."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from penstock_tui.screens.base import BaseView
from penstock_tui.widgets.wrapped_text import LABEL, Line, content_of

__all__ = ["TextView"]


class TextView(BaseView):
    """Scrolls by keys, and stays where it was scrolled to."""

    DEFAULT_CSS = """
    TextView VerticalScroll { padding: 0 1; scrollbar-size: 1 1; }
    TextView #text { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    INDENT: ClassVar = LABEL
    """Where a line that is too long goes on."""

    @abstractmethod
    def lines(self, now: float, width: int) -> list[Line]:
        """The text, made for `width` cells."""

    def body(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(id="text")

    def draw(self, now: float) -> None:
        text = self.query_one("#text", Static)
        room = self.query_one(VerticalScroll).scrollable_content_region.width
        text.update(content_of(self.lines(now, max(room, 1)), max(room, 1), self.INDENT))

    def on_resize(self) -> None:
        self.show_now()

    def action_scroll(self, step: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)
