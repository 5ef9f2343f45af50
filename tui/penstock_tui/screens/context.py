"""The context map: what fills the model's window by the time of one exchange. Follows it while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.signal import Signal
from textual.worker import get_current_worker

from penstock.base.errors import StoreError
from penstock_tui.dialogs.base import Transient
from penstock_tui.exchange.context.window import WindowMap
from penstock_tui.exchange.reader import ExchangeReader, Wanted
from penstock_tui.format import clock_time
from penstock_tui.log.feed import Feed
from penstock_tui.log.model import Changes
from penstock_tui.log.row import Row
from penstock_tui.screens.opening import OpenExchange, Walk
from penstock_tui.widgets.finding_list import FindingList
from penstock_tui.widgets.fitted_line import Fact, FittedLine
from penstock_tui.widgets.key_line import KeyLine
from penstock_tui.widgets.line_view import LineView
from penstock_tui.widgets.map_lines import map_lines
from penstock_tui.widgets.wrapped_text import Line

__all__ = ["ContextScreen"]


class MapView(LineView):
    """The bars and the parts."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("e", "full", show=False)]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._map: WindowMap | None = None

    def show(self, found: WindowMap) -> None:
        """Show this map."""
        self._map = found
        how = f" · {found.now.how}" if found.now.how else ""
        by = f" · parts by {found.by}" if found.by else ""
        self.border_title = Content(f"Context window{how}{by}")
        self.draw()

    def made(self, width: int) -> list[Line]:
        return map_lines(self._map, max(width - 1, 20)) if self._map is not None else []


class ContextScreen(Screen[None], Transient):
    """`walk` gives the exchange next to one in the log's order."""

    DEFAULT_CSS = """
    ContextScreen Container { height: 1fr; layout: horizontal; }
    ContextScreen MapView, ContextScreen FindingList {
        height: 1fr; border: round $foreground 30%; border-title-color: $foreground; padding: 0 0 0 1;
    }
    ContextScreen MapView:focus, ContextScreen FindingList:focus { border: round $primary; }
    ContextScreen MapView { width: 3fr; }
    ContextScreen FindingList { width: 2fr; }
    ContextScreen.-narrow Container { layout: vertical; }
    ContextScreen.-narrow MapView { width: 1fr; height: 2fr; }
    ContextScreen.-narrow FindingList { width: 1fr; height: 1fr; }
    ContextScreen.-low MapView, ContextScreen.-low FindingList { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "close", "Back"),
        Binding("j,right", "walk(1)", "Older", key_display="j", priority=True),
        Binding("k,left", "walk(-1)", "Newer", key_display="k", priority=True),
        Binding("tab", "app.focus_next", "Map/findings"),
        Binding("i,m", "inspect", "Inspect"),
        Binding("y", "copy", "Copy id", show=False),
    ]

    @dataclass
    class Loaded(Message):
        """The reader's thread has the map."""

        row: Row
        found: WindowMap | None
        error: str = ""

    def __init__(self, row: Row, feed: Feed, changed: Signal[Changes], walk: Walk) -> None:
        super().__init__()
        self.row = row
        self.loaded = False
        """Whether the map of `row` is on the screen."""
        self._feed = feed
        self._changed = changed
        self._walk = walk
        self._reader = ExchangeReader(feed.path)

    @property
    def is_complete(self) -> bool:
        """Whether all that it shows is there."""
        return self.loaded

    def compose(self) -> ComposeResult:
        yield FittedLine(id="head")
        with Container():
            yield MapView(id="map")
            yield FindingList(id="findings")
        yield KeyLine()

    def on_mount(self) -> None:
        self._changed.subscribe(self, self.take)
        self.query_one(FindingList).focus()
        self._head()
        self._load()

    def on_unmount(self) -> None:
        self._changed.unsubscribe(self)  # a signal keeps whom it calls until it is given again

    def take(self, changes: Changes) -> None:
        """Follow the exchange."""
        if self.row in changes.changed:
            self._load()

    def show(self, row: Row) -> None:
        """The map of another exchange."""
        self.row = row
        self.loaded = False
        self._head()
        self._load()

    def action_close(self) -> None:
        self.dismiss()

    def action_walk(self, step: int) -> None:
        found = self._walk(self.row, step)
        if found is None:
            self.notify("That was the oldest." if step > 0 else "That is the newest.", timeout=2)
            return
        self.show(found)

    def action_inspect(self) -> None:
        self.post_message(OpenExchange(self.row, self._walk))

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.row.id)
        self.notify(f"Copied the id {self.row.id}", markup=False)

    @on(FindingList.Opened)
    def _go(self, event: FindingList.Opened) -> None:
        finding = event.finding
        if finding.place is not None:
            self.post_message(OpenExchange(self.row, self._walk, finding.place))
            return
        row = self._feed.model.row(finding.exchange) if finding.exchange else None
        if row is not None:
            self.post_message(OpenExchange(row, self._walk))

    @on(Loaded)
    def _show(self, event: Loaded) -> None:
        if event.row is not self.row:
            return
        if event.found is None:
            self.notify(event.error, title="The log cannot be read", severity="error", markup=False)
            return
        self.query_one(MapView).show(event.found)
        self.query_one(FindingList).show(event.found.findings)
        self.loaded = True
        self._head()

    def _load(self) -> None:
        wanted = Wanted.of(self.row, self._feed.model.earlier(self.row))
        self.run_worker(partial(self._read, self.row, wanted), thread=True, exclusive=True, group="map")

    def _read(self, row: Row, wanted: Wanted) -> None:
        """On a thread."""
        if get_current_worker().is_cancelled:
            return
        try:
            self.post_message(self.Loaded(row, self._reader.map(wanted)))
        except (StoreError, OSError, ValueError, TypeError) as e:
            self.post_message(self.Loaded(row, None, str(e)))

    def _head(self) -> None:
        row, rows = self.row, self._feed.model.rows
        place = len(rows) - self._feed.model.index_of(row)
        counted = "" if row.usage.prompt is None else f"the provider counted {row.usage.prompt:,}"
        facts = [
            Fact("Context map", 1, "head"),
            Fact(clock_time(row.at, self._feed.clock.now()), 2),
            Fact(" ".join(filter(None, (row.client, row.kind))), 3),
            Fact(f"turn {row.turn}" if row.turn else "", 4),
            Fact(row.model, 6),
            Fact(counted, 7),
            Fact(f"{place:,} of {len(rows):,}", 5, "dim"),
        ]
        self.query_one(FittedLine).show(facts)
