"""`ContextScreen`: the context map of one exchange: what fills the model's window, and beside it the findings. Updates
while the exchange runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content

from penstock_tui.exchange.context.window import WindowMap
from penstock_tui.exchange.reader import Wanted
from penstock_tui.format import clock_time
from penstock_tui.screens.exchange_base import ExchangeScreen, OpenExchange
from penstock_tui.widgets.finding_list import FindingList
from penstock_tui.widgets.fitted_line import Fact
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


class ContextScreen(ExchangeScreen):
    """The map, and beside it the findings."""

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
        Binding("tab", "app.focus_next", "Map/findings"),
        Binding("i,m", "inspect", "Inspect"),
    ]

    def body(self) -> ComposeResult:
        with Container():
            yield MapView(id="map")
            yield FindingList(id="findings")

    def on_mount(self) -> None:
        self.query_one(FindingList).focus()

    def head(self) -> list[Fact]:
        row = self.row
        counted = "" if row.usage.prompt is None else f"the provider counted {row.usage.prompt:,}"
        return [
            Fact("Context map", 1, "head"),
            Fact(clock_time(row.at, self.feed.clock.now()), 2),
            Fact(" ".join(filter(None, (row.client, row.kind))), 3),
            Fact(f"turn {row.turn}" if row.turn else "", 5),
            Fact(row.model, 6),
            Fact(counted, 7),
        ]

    def readings(self, wanted: Wanted) -> Iterator[object]:
        yield self.reader.map(wanted)

    def show(self, found: object) -> None:
        assert isinstance(found, WindowMap)
        self.query_one(MapView).show(found)
        self.query_one(FindingList).show(found.findings)
        self.loaded = True

    def action_inspect(self) -> None:
        self.post_message(OpenExchange(self.row, self.walk))

    @on(FindingList.Opened)
    def _go(self, event: FindingList.Opened) -> None:
        finding = event.finding
        if finding.place is not None:
            self.post_message(OpenExchange(self.row, self.walk, finding.place))
            return
        row = self.feed.model.row(finding.exchange) if finding.exchange else None
        if row is not None:
            self.post_message(OpenExchange(row, self.walk))
