"""`ConfirmScreen`: a dialog that asks for confirmation before something that cannot be undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from penstock_tui.dialogs.base import Dialog

__all__ = ["ConfirmScreen"]


class ConfirmScreen(Dialog[bool]):
    """A question to confirm. Returns whether `y` was pressed. Enter alone means no, as a key pressed once too often
    must not delete anything; so does a `y` that was typed before the question was shown."""

    DEFAULT_CSS = "ConfirmScreen > VerticalScroll { border: round $warning; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "say(True)", "Yes"),
        Binding("n,escape,enter,q", "say(False)", "No"),
    ]

    def __init__(self, title: str, lines: Sequence[str], does: str) -> None:
        """`does`: what `y` does, in a word or two."""
        super().__init__()
        self._title, self._lines, self._does = title, lines, does
        self._is_seen = False

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = Content(self._title)
            box.border_subtitle = f"y {self._does} · Esc no"
            yield Static("\n".join(self._lines), markup=False)

    def on_mount(self) -> None:
        self.call_after_refresh(self._see)

    def _see(self) -> None:
        self._is_seen = True

    def action_say(self, answer: bool) -> None:
        if self._is_seen or not answer:
            self.dismiss(answer)
