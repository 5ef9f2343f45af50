"""`KeyScreen`: one key of the gateway, with its limits, its usage and its newest requests."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from penstock.base.readable import one_line
from penstock.gateway.usage import UsageLine
from penstock_tui.data.gateway import KeyPage
from penstock_tui.dialogs.base import Dialog
from penstock_tui.format import clock_time, count
from penstock_tui.screens.gateway_lines import money, page_lines
from penstock_tui.widgets.column_layout import Cell, Column, Moment
from penstock_tui.widgets.keyed_table import KeyedTable
from penstock_tui.widgets.wrapped_text import content_of

__all__ = ["KeyScreen"]


def _tokens(one: UsageLine, _moment: Moment) -> Cell:
    about = "~" if one.how == "estimated" else ""
    return f"{about}{count(one.input + one.cache_read + one.cache_write)} → {count(one.output)}", ""


def _status(one: UsageLine, _moment: Moment) -> Cell:
    return (str(one.status), "" if one.status < 400 else "bad") if one.status else ("✗ none", "bad")


class KeyScreen(Dialog[str]):
    """Returns the exchange of the request that was chosen, if the log has it."""

    DEFAULT_CSS = """
    KeyScreen > Vertical { max-width: 140; height: 100%; max-height: 56; padding: 0 1; }
    KeyScreen VerticalScroll { height: 1fr; scrollbar-size: 1 1; }
    KeyScreen KeyedTable { height: auto; max-height: 45%; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,backspace", "leave", "Back")]

    def __init__(self, page: KeyPage, now: float, is_in_log: Callable[[str], bool]) -> None:
        """`is_in_log`: whether the log on the screen has an exchange."""
        super().__init__()
        self._page, self._now, self._is_in_log = page, now, is_in_log

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(f"Key {self._page.row.key.name}")
            box.border_subtitle = "↵ Enter: the request in the log · Tab: to scroll the rest · Esc goes back"
            with VerticalScroll():
                yield Static(id="text")
            yield KeyedTable(
                (
                    Column("", 1, 3, "", lambda one, _: ("↵" if self._is_in_log(one.exchange) else "", "accent")),
                    Column("request", 9, 1, "", lambda one, moment: (clock_time(one.at, moment.now), "dim")),
                    Column(
                        "model", 20, 2, "", lambda one, _: (one_line(f"{one.provider}/{one.model}"), ""), grows=True
                    ),
                    Column("session", 12, 7, "", lambda one, _: (one_line(one.session), "dim")),
                    Column("tokens in → out", 15, 6, "", _tokens, True),
                    Column("spent", 8, 4, "", lambda one, _: (money(one.dollars), "strong"), True),
                    Column("status", 6, 5, "", _status, True),
                )
            )

    def on_mount(self) -> None:
        table: KeyedTable[UsageLine] = self.query_one(KeyedTable)
        table.fill([(one.id, one) for one in self._page.lines], Moment(self._now))
        table.focus()
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width = max(self.query_one(VerticalScroll).scrollable_content_region.width, 1)
        lines = page_lines(self._page, self._now, width)
        self.query_one("#text", Static).update(content_of(lines, width))

    @on(KeyedTable.Opened)
    def _opened(self, event: KeyedTable.Opened) -> None:
        exchange = next(one.exchange for one in self._page.lines if one.id == event.key)
        if self._is_in_log(exchange):
            self.dismiss(exchange)
        else:
            self.notify("The log on the screen does not hold it: it is too old, or of another proxy.")
