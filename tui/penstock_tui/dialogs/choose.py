"""`ChooseScreen`: a dialog that asks the user to choose one of several options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from penstock_tui.dialogs.base import Dialog
from penstock_tui.widgets.column_layout import Column, Moment
from penstock_tui.widgets.keyed_table import KeyedTable

__all__ = ["ChooseScreen"]

ROOM = 3
"""Lines of the dialog that the border and the heading take."""


class ChooseScreen(Dialog[int]):
    """A list of options. Returns the index of the chosen one, None when it is cancelled."""

    DEFAULT_CSS = "ChooseScreen > Vertical { padding: 0 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "leave", "Back")]

    def __init__(self, title: str, choices: Sequence[str], at: int = 0) -> None:
        super().__init__()
        self._title, self._choices, self._at = title, choices, at

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_subtitle = "Enter chooses · Esc goes back"
            box.styles.height = len(self._choices) + ROOM
            yield KeyedTable([Column(self._title, 8, 1, "", lambda one, _: (one, ""), grows=True)])

    def on_mount(self) -> None:
        table: KeyedTable[str] = self.query_one(KeyedTable)
        table.fill([(str(i), one) for i, one in enumerate(self._choices)], Moment(0.0))
        table.choose(str(self._at))
        table.focus()

    @on(KeyedTable.Opened)
    def _take(self, event: KeyedTable.Opened) -> None:
        event.stop()
        self.dismiss(int(event.key))
