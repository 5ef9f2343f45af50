"""`GatewayView`: the gateway view: a table of a team's keys, below it what is spent of their limits, and usage today.
Opens a key's page; revokes a key."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.signal import Signal
from textual.widgets import Static

from penstock.base.format import plural
from penstock.base.readable import one_line
from penstock.gateway.records import ApiKey
from penstock_tui.data.gateway import GatewaySnapshot, KeyPage, KeyRow, read_gateway, read_key, revoke
from penstock_tui.dialogs.confirm import ConfirmScreen
from penstock_tui.format import clock_time
from penstock_tui.log.feed import Feed
from penstock_tui.log.log_model import Changes
from penstock_tui.screens.background_task import BackgroundTaskView
from penstock_tui.screens.base import ShowInLog, Words
from penstock_tui.screens.gateway_key import KeyScreen
from penstock_tui.screens.gateway_lines import STATES, last_used, limit_lines, money, usage_lines
from penstock_tui.screens.table_base import TableView
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.column_layout import Cell, Column, Moment
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.wrapped_text import Line, content_of, section

__all__ = ["GatewayView"]

EVERY = 2.0
"""Seconds between two looks into the gateway's store, while the view is on top."""
INDENT = 4
NO_GATEWAY = (
    "No gateway here",
    ["A gateway gives a team one port, with keys and limits.", "penstock keys add NAME   and   penstock up --gateway"],
)


def _ends(one: KeyRow, moment: Moment) -> Cell:
    return ("" if one.key.expires_at is None else clock_time(one.key.expires_at, moment.now)), "dim"


class GatewayView(BackgroundTaskView, TableView[KeyRow]):
    """A table of keys; below it the limits, and usage today by model and by key."""

    NAME = ViewName.GATEWAY
    DEFAULT_CSS = """
    GatewayView KeyedTable { height: auto; max-height: 50%; }
    GatewayView VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size: 1 1; }
    GatewayView #text { height: auto; }
    """
    COLUMNS: ClassVar[tuple[Column[KeyRow], ...]] = (
        Column("key", 21, 1, "", lambda one, _: (one.key.name, "strong")),
        Column("workspace", 10, 5, "", lambda one, _: (one.key.workspace, "")),
        Column("begins", 8, 7, "", lambda one, _: (one.key.prefix, "dim")),
        Column("state", 9, 2, "", lambda one, _: STATES[one.state]),
        Column("last used", 9, 6, "", lambda one, moment: (last_used(one.key.last_used_day, moment.now), "dim")),
        Column("today", 8, 3, "", lambda one, _: (money(one.today), ""), True),
        Column("month", 8, 4, "", lambda one, _: (money(one.month), ""), True),
        Column("expires", 9, 8, "", _ends),
        Column("models", 12, 9, "", lambda one, _: (one_line(", ".join(one.key.models) or "all"), "dim"), grows=True),
    )
    OFFERS = (("Revoke the key", "Have the one under the cursor refused from now on", "revoke"),)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "revoke", "Revoke"),
        Binding("tab", "app.focus_next", "Keys/limits"),
    ]

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self.snapshot: GatewaySnapshot | None = None
        """The gateway's state. None: there is no gateway, or it was not read yet."""
        self._has_looked = False

    @property
    def is_complete(self) -> bool:
        return self._has_looked

    def on_mount(self) -> None:
        self.set_interval(EVERY, self._look)

    def on_screen_resume(self) -> None:
        self._look()

    def on_resize(self) -> None:
        self.show_now()

    def body(self) -> ComposeResult:
        yield from super().body()
        with VerticalScroll():
            yield Static(id="text")

    def draw(self, now: float) -> None:
        super().draw(now)
        width = max(self.query_one(VerticalScroll).scrollable_content_region.width, 1)
        self.query_one("#text", Static).update(content_of(self._lines(now, width), width, INDENT))

    def words(self) -> Words | None:
        found = self.snapshot
        if found is None:
            return NO_GATEWAY if self._has_looked else ("Reading the gateway's store", [])
        if found.error:
            return "The gateway's store cannot be read", [found.error, "It is tried again all the time."]
        return None

    def _words(self) -> Words | None:
        """It needs no log: keys may be made before the proxy is started."""
        return self.words()

    def head(self, now: float) -> list[Fact]:
        found = self.snapshot
        if found is None or found.error:
            return []
        good = sum(one.state == "active" for one in found.keys)
        full = sum(one.spent + one.held >= one.cap for one in found.limits)
        return [
            Fact(f"⊘ {plural(full, 'limit')} full" if full else "", 2, "bad"),
            Fact(f"{money(found.today)} today", 3),
            Fact(f"{money(found.month)} this month", 4),
            Fact(f"{good} of {plural(len(found.keys), 'key')} active", 5),
            Fact("days of UTC", 7, "dim"),
            self.cut(len(found.keys)),
        ]

    def rows(self) -> Sequence[tuple[str, KeyRow]]:
        return [(one.key.id, one) for one in self.snapshot.keys] if self.snapshot is not None else []

    def _lines(self, now: float, width: int) -> list[Line]:
        found = self.snapshot
        assert found is not None
        is_one = len({one.key.workspace for one in found.keys}) == 1
        names = {
            key.id: key.name if is_one else f"{key.name} in {key.workspace}" for key in (one.key for one in found.keys)
        }
        none: list[Line] = [(("Nothing was used today.", "dim"),)]
        unlimited: list[Line] = [
            (("Nothing is limited:   penstock quotas set '20 dollars per day'   does that.", "dim"),)
        ]
        no_keys: list[Line] = [(("No key yet:   penstock keys add NAME   makes one.", "dim"),)]
        return [
            *section("", [] if found.keys else no_keys),
            *section("Limits", limit_lines(found.limits, names, now, width) or unlimited),
            *section("Today by model", usage_lines(found.by_model, width) or none),
            *section("Today by key", usage_lines(found.by_key, width, names)),
        ]

    # ---------------------------------------------------------------- one key

    def open(self, key: str) -> None:
        row = self._row(key)
        if row is not None:
            read = partial(read_key, self.feed.path, self.feed.clock, row)
            self.in_background("read the key", read, self._show)

    def _show(self, page: KeyPage) -> None:
        if not self.is_active:  # one has gone elsewhere meanwhile
            return
        now = self.feed.clock.now()

        def leave(exchange: str | None) -> None:
            if exchange:
                self.post_message(ShowInLog(f"id:{exchange}"))

        self.app.push_screen(KeyScreen(page, now, self._is_in_log), leave)

    def _is_in_log(self, exchange: str) -> bool:
        return self.feed.model.row(exchange) is not None

    def action_revoke(self) -> None:
        """Revoke the key under the cursor, after asking."""
        row = self._row(self.table.chosen)
        if row is None:
            return
        key = row.key
        if row.state == "revoked":
            self.notify(f"The key {key.name} is revoked already.", severity="warning")
            return
        lines = [
            f"{key.prefix}… of the workspace {key.workspace}: {money(row.month)} spent this month.",
            "Requests with it are refused from now on; those under way go on.",
            "",
            "Nothing brings it back. Its usage is kept.",
        ]

        def go(sure: bool | None) -> None:
            if sure:
                do = partial(revoke, self.feed.path, self.feed.clock, key)
                self.in_background("revoke it", do, lambda _none: self._revoked(key))

        self.app.push_screen(ConfirmScreen(f"Revoke the key {key.name}?", lines, "revokes it"), go)

    def _revoked(self, key: ApiKey) -> None:
        self.notify(f"The key {key.name} is revoked.")
        self._look()

    def _row(self, number: str) -> KeyRow | None:
        rows = self.snapshot.keys if self.snapshot is not None else ()
        return next((one for one in rows if one.key.id == number), None)

    def _look(self) -> None:
        if self.is_current:
            look = partial(read_gateway, self.feed.path, self.feed.clock)
            self.read_in_background("read the gateway's store", look, self._take)

    def _take(self, found: GatewaySnapshot | None) -> None:
        if found != self.snapshot or not self._has_looked:
            self.snapshot, self._has_looked = found, True
            self.show_now()
