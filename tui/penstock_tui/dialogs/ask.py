"""`AskScreen`: a dialog that asks for one line of text."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from penstock_tui.dialogs.base import Dialog

__all__ = ["AskScreen"]


class AskScreen(Dialog[str]):
    """A dialog with one line of input. Returns the line when Enter is pressed, None when Esc is."""

    DEFAULT_CSS = """
    AskScreen Static { color: $foreground 60%; }
    AskScreen Input, AskScreen Input:focus { height: 1; border: none; padding: 0; background: $boost; }
    """

    def __init__(self, title: str, hint: str, text: str = "") -> None:
        super().__init__()
        self._title, self._hint, self._text = title, hint, text

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "Enter takes it · Esc goes back"
            yield Input(self._text, select_on_focus=False)
            yield Static(self._hint, markup=False)

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip())
