"""`TableView`: base class of views whose body is a table."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from penstock_tui.screens.base import BaseView, ShowInLog
from penstock_tui.widgets.column_layout import Column, Moment
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.keyed_table import MOST, KeyedTable

__all__ = ["TableView"]

Shown = TypeVar("Shown")


class TableView(BaseView, Generic[Shown]):
    """Rows of type `Shown`. Enter opens one."""

    COLUMNS: ClassVar[tuple[Column, ...]] = ()  # type: ignore[type-arg]  # a class variable can not be generic
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "copy", "Copy", show=False)]

    def columns(self) -> Sequence[Column[Shown]]:
        """The columns from left to right."""
        return self.COLUMNS

    @abstractmethod
    def rows(self) -> Sequence[tuple[str, Shown]]:
        """The rows in the order of the screen, each with a unique key."""

    @abstractmethod
    def open(self, key: str) -> None:
        """Called when Enter is pressed on a row."""

    def name_of(self, key: str) -> str:
        """The text that `y` copies for a row."""
        return key

    @property
    def table(self) -> KeyedTable[Shown]:
        found: KeyedTable[Shown] = self.query_one(KeyedTable)
        return found

    def body(self) -> ComposeResult:
        yield KeyedTable(self.columns())

    def draw(self, now: float) -> None:
        self.table.fill(self.rows(), Moment(now))

    def restyle(self) -> None:
        super().restyle()
        self.table.refresh()

    def action_copy(self) -> None:
        if self.table.chosen:
            name = self.name_of(self.table.chosen)
            self.app.copy_to_clipboard(name)
            self.notify(f"Copied {name}", markup=False)

    def show_in_log(self, name: str, value: str) -> None:
        """Go to the log, filtered by one term."""
        self.post_message(ShowInLog(f'{name}:"{value.replace(chr(34), "")}"'))

    def cut(self, known: int) -> Fact:
        """A note when there are more rows than are drawn."""
        return Fact(f"{MOST} of {known:,} shown" if known > MOST else "", 2, "warn")

    @on(KeyedTable.Opened)
    def _opened(self, event: KeyedTable.Opened) -> None:
        self.open(event.key)
