"""`OverviewView`: the overview: panels with totals, requests per minute, money, windows, recent activity and the health
of each part. Their texts are in `overview_lines` and `overview_story`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.signal import Signal
from textual.widgets import Static

from penstock.base.format import plural
from penstock_tui.data.savings_reasons import reasons_for
from penstock_tui.log.feed import Feed
from penstock_tui.log.follow import LogState
from penstock_tui.log.log_model import Changes
from penstock_tui.log.model_windows import stale
from penstock_tui.screens.background_task import BackgroundTaskView
from penstock_tui.screens.base import Words
from penstock_tui.screens.overview_lines import (
    client_lines,
    little_saved,
    money_lines,
    part_lines,
    recent_lines,
    token_lines,
    traffic_lines,
    why_lines,
)
from penstock_tui.screens.overview_story import cost_lines, edit_lines, next_lines, window_lines
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.wrapped_text import LABEL, Line, content_of

__all__ = ["OverviewView"]


EVERY = 60.0
"""Seconds between two looks at why sessions saved little, while the view is on top."""


COSTS = "Cost over time, with and without Penstock"
FRAME = 4
"""Cells of a line that a panel's border and padding take."""


class Panel(Static):
    """A titled box, as high as its lines."""

    DEFAULT_CSS = """
    Panel { height: auto; border: round $foreground 30%; border-title-color: $text-primary; padding: 0 1; }
    """

    def __init__(self, title: str, *, id: str, hang: int = LABEL) -> None:
        """`hang`: cells by which the rest of a wrapped line is indented."""
        super().__init__(id=id)
        self.border_title, self._hang = title, hang

    @property
    def room(self) -> int:
        """The width of a line in cells. A panel that was not shown yet has no size of its own."""
        beside = self.parent.size.width - FRAME if isinstance(self.parent, Vertical) else 1
        return max(self.scrollable_content_region.width or beside, 1)

    def show(self, lines: Sequence[Line]) -> None:
        """Show `lines`, wrapped to fit."""
        self.update(content_of(lines, self.room, self._hang))


class OverviewView(BackgroundTaskView):
    """Two columns of panels where there is room, otherwise one."""

    NAME = ViewName.OVERVIEW
    DEFAULT_CSS = """
    OverviewView VerticalScroll { scrollbar-size: 1 1; }
    OverviewView .panels { height: auto; }
    OverviewView .panels Vertical { width: 1fr; height: auto; }
    OverviewView.-narrow .panels { layout: vertical; }
    OverviewView.-narrow Panel { border: none; border-top: solid $foreground 30%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self._reasons: Mapping[str, Sequence[str]] = {}
        self._looked_at: dict[str, int] = {}
        """Those that were looked at, with how many requests they had then."""

    def on_mount(self) -> None:
        self.set_interval(EVERY, self._look)

    def on_screen_resume(self) -> None:
        self._look()

    def words(self) -> Words | None:
        return None  # an empty log has a health too

    def head(self, now: float) -> list[Fact]:
        requests = self.feed.model.totals.requests
        return [
            Fact(plural(requests, "request") if requests else "no request yet", 2),
            Fact("! old table of models" if stale() else "", 3, "warn"),
        ]

    def body(self) -> ComposeResult:
        with VerticalScroll(), Horizontal(classes="panels"):
            with Vertical():
                yield Panel("Traffic", id="traffic")
                yield Panel("Tokens", id="tokens")
                yield Panel("Money", id="money")
                yield Panel(COSTS, id="costs")
            with Vertical():
                yield Panel("What to do next", id="next", hang=2)
                yield Panel("Health", id="parts")
                yield Panel("Context windows of active conversations", id="windows")
                yield Panel("Last edits", id="edits")
                yield Panel("Clients", id="clients")
                yield Panel("Why little was saved", id="why", hang=2)
                yield Panel("Lately", id="lately")
                yield Panel(COSTS, id="costs-below")

    def draw(self, now: float) -> None:
        feed = self.feed
        self._show("traffic", lambda width: traffic_lines(feed, now, width))
        self._show("money", lambda width: money_lines(feed, width))
        self._show("why", lambda _: why_lines(feed, self._reasons))
        self._show("tokens", lambda width: token_lines(feed, now, width))
        self._show("parts", lambda _: part_lines(feed, now))
        self._show("clients", lambda _: client_lines(feed, now))
        # In one column, health comes before the plot: it must be seen without scrolling.
        is_narrow = self.has_class("-narrow")
        self._show("costs", lambda width: [] if is_narrow else cost_lines(feed, now, width))
        self._show("costs-below", lambda width: cost_lines(feed, now, width) if is_narrow else [])
        self._show("next", lambda _: next_lines(feed, now))
        self._show("windows", lambda width: window_lines(feed, width))
        self._show("edits", lambda _: edit_lines(feed, now))
        self._show("lately", lambda _: recent_lines(feed, now))

    def _show(self, name: str, lines: Callable[[int], Sequence[Line]]) -> None:
        panel = self.query_one(f"#{name}", Panel)
        found = lines(panel.room)
        panel.display = bool(found)  # one that has nothing to say takes no room
        if found:
            panel.show(found)

    def on_resize(self) -> None:
        self.call_after_refresh(self.show_now)  # the panels have their new width only then

    def _look(self) -> None:
        """Why little was saved is worked out from all events of a session: on a thread, and only where some are new."""
        sessions = {one.name: one.totals.requests for one in little_saved(self.feed)}
        if (
            not self.is_current
            or self.is_reading
            or self.feed.state is not LogState.OPEN
            or sessions == self._looked_at
        ):
            return
        self._looked_at = sessions
        look = partial(reasons_for, self.feed.path, sessions, self.feed.model.health.profile)
        self.read_in_background("say why little was saved", look, self._take)

    def _take(self, reasons: Mapping[str, Sequence[str]]) -> None:
        self._reasons = reasons
        self.show_now()

    def action_scroll(self, step: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=step, animate=False)
