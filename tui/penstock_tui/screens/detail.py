"""One exchange: what is known of it, the blocks it sent, its edits, and what was changed. Follows it while it runs."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.screen import Screen
from textual.signal import Signal
from textual.widgets import ContentSwitcher
from textual.worker import get_current_worker

from penstock.base.errors import StoreError
from penstock_tui.dialogs.base import Transient
from penstock_tui.dialogs.save import SaveScreen
from penstock_tui.exchange.diff import Difference
from penstock_tui.exchange.model import ExchangeDetail
from penstock_tui.exchange.reader import ExchangeReader, Wanted
from penstock_tui.format import clock_time, duration
from penstock_tui.log.feed import Feed
from penstock_tui.log.model import Changes
from penstock_tui.log.row import Row
from penstock_tui.screens.opening import OpenMap, Walk
from penstock_tui.widgets.block_list import BlockList
from penstock_tui.widgets.columns import COLUMNS, tone_of_row
from penstock_tui.widgets.diff_list import DiffList
from penstock_tui.widgets.edit_list import EditList
from penstock_tui.widgets.fitted_line import Fact, FittedLine
from penstock_tui.widgets.fitting import Moment
from penstock_tui.widgets.key_line import KeyLine
from penstock_tui.widgets.line_view import LineView
from penstock_tui.widgets.overview import overview
from penstock_tui.widgets.text_lines import TextLines

__all__ = ["DetailScreen", "Pane"]

TICK = 0.25


class Pane(StrEnum):
    """What the half beside the overview shows."""

    BLOCKS = "blocks"
    EDITS = "edits"
    DIFF = "diff"


class DetailScreen(Screen[None], Transient):
    """Opened over the request log; `walk` gives the exchange next to one in the log's order."""

    DEFAULT_CSS = """
    DetailScreen Horizontal { height: 1fr; }
    DetailScreen #overview, DetailScreen LineView { height: 1fr; border: round $foreground 30%; padding: 0 1; }
    DetailScreen #overview, DetailScreen LineView { border-title-color: $foreground; }
    DetailScreen LineView { border-subtitle-color: $foreground; padding: 0; }
    DetailScreen #overview:focus, DetailScreen LineView:focus { border: round $primary; }
    DetailScreen #overview { width: 2fr; scrollbar-size: 1 1; }
    DetailScreen #panes { width: 3fr; height: 1fr; }
    DetailScreen.-narrow #overview, DetailScreen.-narrow #panes { width: 1fr; }
    DetailScreen.-narrow.-on-panes #overview { display: none; }
    DetailScreen.-narrow.-on-overview #panes { display: none; }
    DetailScreen.-low #overview, DetailScreen.-low LineView { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "close", "Back"),
        Binding("j,right", "walk(1)", "Older", key_display="j", priority=True),
        Binding("k,left", "walk(-1)", "Newer", key_display="k", priority=True),
        Binding("tab", "other", "Switch pane"),
        Binding("d", "pane('diff')", "Diff"),
        Binding("x", "pane('edits')", "Edits"),
        Binding("m", "map", "Map"),
        Binding("e", "full", "Full"),
        Binding("w", "save", "Save"),
        Binding("y", "copy", "Copy id", show=False),
    ]

    @dataclass
    class Loaded(Message):
        """The reader's thread has the details."""

        row: Row
        detail: ExchangeDetail | None
        error: str = ""

    @dataclass
    class Compared(Message):
        """The reader's thread has the texts."""

        row: Row
        found: list[Difference]

    def __init__(
        self,
        row: Row,
        feed: Feed,
        changed: Signal[Changes],
        walk: Walk,
        *,
        pane: Pane = Pane.BLOCKS,
        place: tuple[int, int] | None = None,
    ) -> None:
        """`place`: message and block to begin at."""
        super().__init__()
        self.row = row
        self.loaded = False
        """Whether the details of `row` is on the screen."""
        self._pane = pane
        self._place = place
        self._feed = feed
        self._changed = changed
        self._walk = walk
        self._detail = ExchangeDetail()
        self.is_compared = False
        """Whether the texts of what was changed are on the screen."""
        self._reader = ExchangeReader(feed.path)
        self._reading = threading.Lock()
        self._frame = 0

    @property
    def is_complete(self) -> bool:
        """Whether all that it shows is there."""
        return self.loaded and (self.is_compared or self._pane is not Pane.DIFF)

    def compose(self) -> ComposeResult:
        yield FittedLine(id="head")
        with Horizontal():
            with VerticalScroll(id="overview") as pane:
                pane.border_title = "Overview"
                yield TextLines()
            with ContentSwitcher(initial=self._pane, id="panes"):
                yield BlockList(id=Pane.BLOCKS)
                yield EditList(id=Pane.EDITS)
                yield DiffList(id=Pane.DIFF)
        yield KeyLine()

    def on_mount(self) -> None:
        is_aside = self._pane is not Pane.BLOCKS or self._place is not None
        self.add_class("-on-panes" if is_aside else "-on-overview")
        self._changed.subscribe(self, self.take)
        self.set_interval(TICK, self._tick)
        self.query_one(f"#{self._pane}" if is_aside else "#overview").focus()
        self._load()

    def on_unmount(self) -> None:
        self._changed.unsubscribe(self)  # a signal keeps whom it calls until it is given again

    def take(self, changes: Changes) -> None:
        """Follow the exchange."""
        if self.row in changes.changed:
            self._load()

    def go_to(self, row: Row, place: tuple[int, int] | None) -> None:
        """Show another exchange, or a block of this one."""
        self._place = place
        self._turn_to(Pane.BLOCKS, on_panes=True)
        self.row = row
        self.loaded = self.is_compared = False
        self._load()

    def action_close(self) -> None:
        self.dismiss()

    def action_walk(self, step: int) -> None:
        found = self._walk(self.row, step)
        if found is None:
            self.notify("That was the oldest." if step > 0 else "That is the newest.", timeout=2)
            return
        self.row = found
        self.loaded = self.is_compared = False
        self._load()

    def action_other(self) -> None:
        """To the other half; where only one has room, it is the other that is shown."""
        self._turn_to(self._pane, on_panes=not self.has_class("-on-panes"))

    def action_pane(self, name: str) -> None:
        """To a pane, and from it back to the blocks."""
        is_there = self._pane == name and self.has_class("-on-panes")
        self._turn_to(Pane.BLOCKS if is_there else Pane(name), on_panes=True)
        if self._pane is Pane.DIFF:
            self._load()

    def _turn_to(self, pane: Pane, *, on_panes: bool) -> None:
        self._pane = pane
        self.query_one(ContentSwitcher).current = pane
        self.set_class(on_panes, "-on-panes")
        self.set_class(not on_panes, "-on-overview")
        self.query_one(f"#{pane}" if on_panes else "#overview").focus()

    def action_full(self) -> None:
        pane = self.query_one(f"#{self._pane}")
        assert isinstance(pane, LineView)
        pane.action_full()

    def action_map(self) -> None:
        self.post_message(OpenMap(self.row, self._walk))

    def action_save(self) -> None:
        self.app.push_screen(SaveScreen(self._reader, Wanted.of(self.row, self._feed.model.earlier(self.row))))

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.row.id)
        self.notify(f"Copied the id {self.row.id}", markup=False)

    @on(Loaded)
    def _show(self, event: Loaded) -> None:
        if event.row is not self.row:
            return
        if event.detail is None:
            self.notify(event.error, title="The log cannot be read", severity="error", markup=False)
            return
        self._detail = event.detail
        blocks = self.query_one(BlockList)
        blocks.show(event.detail, from_start=not self.loaded)
        self.query_one(EditList).show(event.detail)
        if self._place is not None:
            blocks.go_to(*self._place)
            self._place = None
        if not self.loaded:
            self.query_one("#overview").scroll_home(animate=False)
            self.query_one(EditList).scroll_home(animate=False)
            self.query_one(DiffList).show(None, from_start=True)
        self.loaded = True
        self._draw()

    @on(Compared)
    def _compare(self, event: Compared) -> None:
        if event.row is self.row:
            self.query_one(DiffList).show(event.found, from_start=False)
            self.is_compared = True

    def _load(self) -> None:
        wanted = Wanted.of(self.row, self._feed.model.earlier(self.row))
        read = partial(self._read, self.row, wanted, self._pane is Pane.DIFF)
        self.run_worker(read, thread=True, exclusive=True, group="detail")

    def _read(self, row: Row, wanted: Wanted, is_compared: bool) -> None:
        """On a thread. Who pages fast does not wait for the exchanges in between."""
        worker = get_current_worker()
        with self._reading:
            if worker.is_cancelled:
                return
            try:
                detail = self._reader.read(wanted)
                self.post_message(self.Loaded(row, detail))
                if is_compared:
                    self.post_message(self.Compared(row, self._reader.differences(detail)))
            except (StoreError, OSError, ValueError, TypeError) as e:
                self.post_message(self.Loaded(row, None, str(e)))

    def _tick(self) -> None:
        self._frame += 1
        if self.row.running:
            self._draw()

    def _draw(self) -> None:
        moment = Moment(self._feed.clock.now(), self._frame)
        costs = self._feed.model.session_costs(self.row)
        self.query_one(TextLines).show(overview(self.row, self._detail, moment, costs))
        self.query_one("#head", FittedLine).show(self._head(moment))

    def _head(self, moment: Moment) -> list[Fact]:
        row = self.row
        status, _ = next(one for one in COLUMNS if one.title == "status").cell(row, moment)
        rows = self._feed.model.rows
        place = len(rows) - self._feed.model.index_of(row)
        tone = tone_of_row(row)
        took = duration(max(moment.now - row.at, 0) * 1000) if row.running else duration(row.ms)
        return [
            Fact(status, 1, tone if tone in ("warn", "bad") else "strong"),
            Fact(clock_time(row.at, moment.now), 2),
            Fact(" ".join(filter(None, (row.client, row.kind))), 3),
            Fact(f"turn {row.turn}" if row.turn else "", 5),
            Fact(took, 6),
            Fact(f"{place:,} of {len(rows):,}", 4, "dim"),
        ]
