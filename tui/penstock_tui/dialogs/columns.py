"""`ColumnsScreen`: a dialog in which the user chooses the columns that the request log shows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from penstock_tui.dialogs.base import Dialog
from penstock_tui.widgets.column_layout import Column, Moment
from penstock_tui.widgets.keyed_table import KeyedTable

__all__ = ["ColumnsScreen"]

FRAME = 3
"""Lines of the dialog that the border and the heading take."""


class ColumnsScreen(Dialog[tuple[str, ...]]):
    """A list of columns to choose from. Returns the chosen titles, none for "as many as fit the window", or None when
    it is cancelled."""

    DEFAULT_CSS = "ColumnsScreen > Vertical { padding: 0 1; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,x", "turn", "Show or hide"),
        Binding("r", "reset", "By the window"),
        Binding("q", "leave", "Back"),
    ]

    def __init__(self, columns: Sequence[Column[Any]], chosen: Sequence[str]) -> None:
        super().__init__()
        self._columns, self._chosen = columns, set(chosen)

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Columns"
            box.border_subtitle = "Space shows or hides · Enter takes · r by the window · Esc back"
            box.styles.height = len(self._columns) + FRAME
            yield KeyedTable(
                [
                    Column("shown", 5, 1, "", lambda one, _: ("[x]" if one.title in self._chosen else "[ ]", "")),
                    Column("column", 13, 2, "", lambda one, _: (one.title, "strong")),
                    Column("what it shows", 20, 3, "", lambda one, _: (one.help, ""), grows=True),
                ]
            )

    def on_mount(self) -> None:
        self._table: KeyedTable[Column[Any]] = self.query_one(KeyedTable)
        self._table.fill([(column.title, column) for column in self._columns], Moment(0.0))
        self._table.focus()

    def action_turn(self) -> None:
        self._chosen ^= {self._table.chosen}
        self._table.refresh()

    def action_reset(self) -> None:
        self.dismiss(())

    @on(KeyedTable.Opened)
    def _take(self, event: KeyedTable.Opened) -> None:
        event.stop()
        if not self._chosen:
            self.notify("Choose at least one column, or r for those that the window has room for.", severity="warning")
            return
        self.dismiss(tuple(column.title for column in self._columns if column.title in self._chosen))
