"""`ReadingScreen`: a dialog that shows a text to read, over the current screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from penstock_tui.dialogs.base import Dialog
from penstock_tui.widgets.wrapped_text import Line, content_of

__all__ = ["ReadingScreen"]


class ReadingScreen(Dialog[str]):
    """A scrollable text. Returns the one of `keys` that was pressed, None when it is closed."""

    DEFAULT_CSS = """
    ReadingScreen > VerticalScroll { max-width: 120; height: 100%; max-height: 56; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,backspace", "leave", "Back"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Line], keys: Sequence[tuple[str, str]] = ()) -> None:
        """`keys`: further keys that close the dialog, each with what it does."""
        super().__init__()
        self._title, self._lines, self._keys = title, lines, keys
        for key, does in keys:
            self._bindings.bind(key, f"leave('{key}')", does)

    def compose(self) -> ComposeResult:
        with VerticalScroll() as page:
            page.border_title = Content(self._title)
            page.border_subtitle = " · ".join([*(f"{key} {does}" for key, does in self._keys), "Esc goes back"])
            yield Static(id="text")

    def on_mount(self) -> None:
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def action_scroll(self, step: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)

    def action_leave(self, key: str = "") -> None:
        self.dismiss(key or None)

    def _draw(self) -> None:
        room = self.query_one(VerticalScroll).scrollable_content_region.width
        if room:  # none before the first layout: a long text a cell wide takes seconds to lay out
            self.query_one("#text", Static).update(content_of(self._lines, room))
