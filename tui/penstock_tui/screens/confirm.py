"""Asks before something is done that a person may not have meant."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

__all__ = ["ConfirmScreen"]


class ConfirmScreen(ModalScreen[bool]):
    """A question. `y` does it; anything else a person would press to get away does not."""

    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen Vertical {
        width: 100%; max-width: 72; height: auto; max-height: 100%;
        background: $surface; border: round $warning; padding: 0 2;
    }
    ConfirmScreen Static { height: auto; padding: 1 0 0 0; }
    ConfirmScreen #ways { color: $text-accent; padding: 1 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape,enter,q", "answer(False)", "No"),
    ]

    def __init__(self, question: str, consequence: str) -> None:
        super().__init__()
        self._question, self._consequence = question, consequence

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Text(self._question, style="bold"))
            yield Static(Text(self._consequence))
            yield Static(Text("y does it    n or Esc does not"), id="ways")

    def action_answer(self, is_meant: bool) -> None:
        self.dismiss(is_meant)
