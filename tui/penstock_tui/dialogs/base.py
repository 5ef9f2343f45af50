"""`Dialog`, the base class of dialogs; and `Transient`, a base class of screens that are created when opened and
release what they drew when closed."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widget import Widget

__all__ = ["Dialog", "Transient"]

Given = TypeVar("Given")


class Transient(Widget):
    """Releases what it drew when it closes. Textual's render caches outlive a widget: for some hundred screens, about a
    megabyte each. A widget that is to be redrawn has nothing cached.

    Must be the last of a screen's bases: Textual takes style rules from the first.
    """

    def on_screen_suspend(self) -> None:
        if self.screen not in self.app.screen_stack:
            self.query("*").refresh()


class Dialog(ModalScreen[Given | None], Transient):
    """A box in the middle of the screen below. Returns None when it is cancelled."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > Vertical, Dialog > VerticalScroll {
        width: 100%; max-width: 76; height: auto; max-height: 100%;
        background: $surface; border: round $primary; padding: 0 2; scrollbar-size: 1 1;
    }
    Dialog Static { height: auto; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def action_leave(self) -> None:
        self.dismiss(None)
