"""`EditScreen`: a dialog with a multi-line text editor."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import TextArea

from penstock_tui.dialogs.base import Dialog

__all__ = ["EditScreen"]


class EditScreen(Dialog[str]):
    """A text to edit. Returns the new text when Ctrl+S is pressed, None when Esc is."""

    DEFAULT_CSS = """
    EditScreen TextArea { width: 100%; max-width: 108; height: 100%; max-height: 40; border: round $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("escape", "leave", "Back", priority=True),
    ]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        area = TextArea(self._text, soft_wrap=True, tab_behavior="indent")
        area.border_title = Content(self._title)
        area.border_subtitle = "Ctrl+S saves · Esc goes back"
        yield area

    def action_save(self) -> None:
        self.dismiss(self.query_one(TextArea).text)
