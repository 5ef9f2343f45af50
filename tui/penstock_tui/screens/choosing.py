"""One of several, to choose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

__all__ = ["ChooseScreen"]


class ChooseScreen(ModalScreen[int | None]):
    """Gives the index of what was chosen, None when it is left."""

    DEFAULT_CSS = """
    ChooseScreen { align: center middle; }
    ChooseScreen OptionList {
        width: 100%; max-width: 76; height: auto; max-height: 80%; background: $surface; border: round $primary;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "Back"),
        Binding("j", "app.simulate_key('down')", show=False),
        Binding("k", "app.simulate_key('up')", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[str], at: int = 0) -> None:
        super().__init__()
        self._title, self._choices, self._at = title, choices, at

    def compose(self) -> ComposeResult:
        choices = OptionList(*(Option(Text(one, no_wrap=True, overflow="ellipsis")) for one in self._choices))
        choices.border_title = self._title
        choices.border_subtitle = "Enter chooses · Esc goes back"
        yield choices

    def on_mount(self) -> None:
        self.query_one(OptionList).highlighted = self._at

    @on(OptionList.OptionSelected)
    def _take(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_index)

    def action_leave(self) -> None:
        self.dismiss(None)
