"""`DetailScreen`: the screen of one exchange: an overview, and beside it a `Pane` with its blocks, edits or
differences. Updates while the exchange runs; opens its context map and whole request, and saves it to a file."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.signal import Signal
from textual.widgets import ContentSwitcher

from penstock_tui.dialogs.save import SaveScreen
from penstock_tui.exchange.model import ExchangeDetail
from penstock_tui.exchange.reader import Wanted
from penstock_tui.exchange.save import write_new
from penstock_tui.format import clock_time, duration
from penstock_tui.log.feed import Feed
from penstock_tui.log.log_model import Changes
from penstock_tui.log.row import Row
from penstock_tui.screens.exchange_base import ExchangeScreen, OpenMap, OpenWhole, Walk
from penstock_tui.widgets.block_list import BlockList
from penstock_tui.widgets.column_layout import Moment
from penstock_tui.widgets.columns import COLUMNS, tone_of_row
from penstock_tui.widgets.diff_list import DiffList
from penstock_tui.widgets.edit_list import EditList
from penstock_tui.widgets.exchange_overview import exchange_overview
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.line_view import LineView
from penstock_tui.widgets.text_lines import TextLines

__all__ = ["DetailScreen", "Pane"]

TICK = 0.25


class Pane(StrEnum):
    """What the pane beside the overview shows."""

    BLOCKS = "blocks"
    EDITS = "edits"
    DIFF = "diff"


class DetailScreen(ExchangeScreen):
    """An overview, and beside it the blocks, the edits or the differences."""

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
        Binding("tab", "other", "Switch pane"),
        Binding("d", "pane('diff')", "Diff"),
        Binding("x", "pane('edits')", "Edits"),
        Binding("m", "map", "Map"),
        Binding("e", "full", "Full"),
        Binding("f", "whole", "Whole"),
        Binding("w", "save", "Save"),
    ]

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
        super().__init__(row, feed, changed, walk)
        self._pane = pane
        self._back_to: tuple[Pane, bool] | None = None
        """The pane that Esc goes back to, and whether focus was on it. None: Esc closes the screen."""
        self._place = place
        self._detail = ExchangeDetail()
        self.is_compared = False
        """Whether the differences are on the screen."""
        self._frame = 0

    @property
    def is_complete(self) -> bool:
        """Whether all that it shows has been read."""
        return self.loaded and (self.is_compared or self._pane is not Pane.DIFF)

    def body(self) -> ComposeResult:
        with Horizontal():
            with VerticalScroll(id="overview") as pane:
                pane.border_title = "Overview"
                yield TextLines()
            with ContentSwitcher(initial=self._pane, id="panes"):
                yield BlockList(id=Pane.BLOCKS)
                yield EditList(id=Pane.EDITS)
                yield DiffList(id=Pane.DIFF)

    def on_mount(self) -> None:
        is_aside = self._pane is not Pane.BLOCKS or self._place is not None
        self.add_class("-on-panes" if is_aside else "-on-overview")
        self.set_interval(TICK, self._tick)
        self.query_one(f"#{self._pane}" if is_aside else "#overview").focus()

    def go_to(self, row: Row, place: tuple[int, int] | None = None) -> None:
        """Show another exchange, or a block of this one."""
        self._place = place
        self.is_compared = False
        super().go_to(row)

    def to_blocks(self) -> None:
        """Show the blocks, beside the overview or in its place."""
        self._back_to = None
        self._turn_to(Pane.BLOCKS, on_panes=True)

    def action_other(self) -> None:
        """Switch focus to the other half; where only one fits, show the other."""
        self._turn_to(self._pane, on_panes=not self.has_class("-on-panes"))

    def action_pane(self, name: str) -> None:
        """Show a pane, or the blocks again if it is shown already."""
        before = self._pane, self.has_class("-on-panes")
        if before == (name, True):
            self._back_to = None
            self._turn_to(Pane.BLOCKS, on_panes=True)
            return
        if self._pane != name:
            self._back_to = self._back_to or before
        self._turn_to(Pane(name), on_panes=True)

    def action_close(self) -> None:
        """Go back from the edits or the differences to what was shown before them; from there, close the screen."""
        is_hidden = self.has_class("-narrow") and not self.has_class("-on-panes")
        if self._back_to is None or is_hidden:
            super().action_close()
            return
        (pane, on_panes), self._back_to = self._back_to, None
        self._turn_to(pane, on_panes=on_panes)

    def _turn_to(self, pane: Pane, *, on_panes: bool) -> None:
        is_unread = pane is Pane.DIFF and pane is not self._pane
        self._pane = pane
        self.query_one(ContentSwitcher).current = pane
        self.set_class(on_panes, "-on-panes")
        self.set_class(not on_panes, "-on-overview")
        self.query_one(f"#{pane}" if on_panes else "#overview").focus()
        if is_unread:
            self.load()

    def action_full(self) -> None:
        pane = self.query_one(f"#{self._pane}")
        assert isinstance(pane, LineView)
        pane.action_full()

    def action_map(self) -> None:
        self.post_message(OpenMap(self.row, self.walk))

    def action_save(self) -> None:
        wanted = self.wanted
        self.app.push_screen(SaveScreen(wanted.id, lambda path: {path: write_new(path, self.reader.record(wanted))}))

    def action_whole(self) -> None:
        self.post_message(OpenWhole(self.row, self._detail))

    def readings(self, wanted: Wanted) -> Iterator[object]:
        detail = self.reader.read(wanted)
        yield detail
        if self._pane is Pane.DIFF:
            yield self.reader.differences(detail)

    def show(self, found: object) -> None:
        if isinstance(found, ExchangeDetail):
            self._show_detail(found)
        else:
            assert isinstance(found, list)
            self.query_one(DiffList).show(found, from_start=False)
            self.is_compared = True

    def _show_detail(self, detail: ExchangeDetail) -> None:
        self._detail = detail
        blocks = self.query_one(BlockList)
        blocks.show(detail, from_start=not self.loaded)
        self.query_one(EditList).show(detail)
        if self._place is not None:
            blocks.go_to(*self._place)
            self._place = None
        if not self.loaded:
            self.query_one("#overview").scroll_home(animate=False)
            self.query_one(EditList).scroll_home(animate=False)
            self.query_one(DiffList).show(None, from_start=True)
        self.loaded = True
        self._draw_overview()

    def _tick(self) -> None:
        self._frame += 1
        if self.row.running:
            self._draw_overview()
            self.draw_head()

    @property
    def _moment(self) -> Moment:
        return Moment(self.feed.clock.now(), self._frame)

    def _draw_overview(self) -> None:
        costs = self.feed.model.session_costs(self.row)
        self.query_one(TextLines).show(exchange_overview(self.row, self._detail, self._moment, costs))

    def head(self) -> list[Fact]:
        row, moment = self.row, self._moment
        status, _ = next(one for one in COLUMNS if one.title == "status").cell(row, moment)
        tone = tone_of_row(row)
        took = duration(max(moment.now - row.at, 0) * 1000) if row.running else duration(row.ms)
        return [
            Fact(status, 1, tone if tone in ("warn", "bad") else "strong"),
            Fact(clock_time(row.at, moment.now), 2),
            Fact(" ".join(filter(None, (row.client, row.kind))), 3),
            Fact(f"turn {row.turn}" if row.turn else "", 5),
            Fact(took, 6),
        ]
