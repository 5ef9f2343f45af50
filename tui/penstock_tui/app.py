"""`PenstockApp`: the Textual application. It follows the log through one feed, passes changes to the screens, switches
between them, opens and closes the views of one exchange, and holds what all have: the palette, themes, help."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, InputEvent, Key
from textual.reactive import reactive
from textual.screen import Screen
from textual.signal import Signal

from penstock.base.clock import Clock, SystemClock
from penstock.control.client import Remote
from penstock_tui.data.settings import ProxyClient
from penstock_tui.format import home_path
from penstock_tui.gc_pauses import GcScheduler
from penstock_tui.log.feed import Feed
from penstock_tui.log.log_model import Changes, LogModel
from penstock_tui.log.query import parse
from penstock_tui.proxy_commands import ProxyCommands
from penstock_tui.screens.base import BaseView, ShowInLog
from penstock_tui.screens.budget import BudgetView
from penstock_tui.screens.compactions import CompactionsView
from penstock_tui.screens.context import ContextScreen
from penstock_tui.screens.detail import DetailScreen
from penstock_tui.screens.exchange_base import ExchangeScreen, OpenExchange, OpenMap, OpenWhole
from penstock_tui.screens.gateway import GatewayView
from penstock_tui.screens.help import HelpScreen
from penstock_tui.screens.log import LogScreen
from penstock_tui.screens.memory import MemoryView
from penstock_tui.screens.overview import OverviewView
from penstock_tui.screens.pipeline import PipelineView
from penstock_tui.screens.replay import OpenLog, ReplayView
from penstock_tui.screens.sessions import SessionsView
from penstock_tui.screens.settings import SettingsView
from penstock_tui.screens.tags import TagsView
from penstock_tui.screens.whole import WholeScreen
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.columns import COLUMNS, order_by

__all__ = ["PenstockApp"]

Shown = TypeVar("Shown", bound=ExchangeScreen)
NOT_OURS = frozenset({"Keys", "Maximize", "Minimize"})
"""Textual's own commands that are left out of the palette; `?` shows the keys."""
COPIES = frozenset({"ctrl+c", "super+c"})
"""Keys that keep the selection."""
TAKE = 0.1
FOLD, READ = 0.04, 0.08
"""Seconds in which events are folded before keys are handled again: while following a log, and while a long one is
first read."""
CHECK = 1.0
SHORTCUTS = (
    ("Show what failed", "is:failed"),
    ("Show what runs", "is:running"),
    ("Show what was edited", "is:edited"),
    ("Show messages of a person", "kind:main"),
    ("Hide side calls and counts", "-kind:side -kind:count"),
)


VIEWS: Final[dict[ViewName, type[BaseView]]] = {
    view.NAME: view
    for view in (
        OverviewView,
        TagsView,
        CompactionsView,
        SessionsView,
        PipelineView,
        BudgetView,
        MemoryView,
        SettingsView,
        ReplayView,
        GatewayView,
    )
}
"""The classes of the views. The log is not among them: they are opened from it."""


class PenstockApp(App[None]):
    """Shows the log at `path`, whether a proxy is writing to it, has ended, or has not started yet."""

    TITLE = "Penstock"
    CSS_PATH = "app.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - App declares it without ClassVar
    VERTICAL_BREAKPOINTS = [(0, "-low"), (9, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(view.key, f"view('{view}')", view.capitalize(), show=False) for view in ViewName),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("t", "turn_theme", "Dark or light", show=False),
        Binding("q", "quit", "Quit"),
    ]

    has_gateway: reactive[bool] = reactive(False)
    """Whether the bar of views names the gateway view."""

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        *,
        model: LogModel | None = None,
        proxy: ProxyClient | None = None,
    ) -> None:
        """`proxy`: whom commands go to; the one that has the log when not given."""
        super().__init__()
        self.commander = ProxyCommands(self, proxy or Remote(path))
        self.feed = Feed(path, clock or SystemClock(), model)
        self.changed: Signal[Changes] = Signal(self, "changed")
        """A signal, published on the screen's thread with each change of the model."""
        self._sweeping = GcScheduler()

    def get_default_screen(self) -> Screen[None]:
        return self.log_screen

    @property
    def log_screen(self) -> LogScreen:
        """The request log, which is the first screen."""
        if not hasattr(self, "_log_screen"):
            self._log_screen = LogScreen(self.feed, self.changed)
        return self._log_screen

    def view(self, name: ViewName) -> BaseView:
        """The view of that name. It keeps its scroll position while another is shown. The log is not among them."""
        if not self.is_screen_installed(name):
            self.install_screen(VIEWS[name](self.feed, self.changed), name)
        found = self.get_screen(name)
        assert isinstance(found, BaseView)
        return found

    def on_mount(self) -> None:
        if not self.is_headless:  # a program that shows pictures sweeps for itself
            self._sweeping.begin()
            self.set_interval(CHECK, self._sweep)
        self.run_worker(self.feed.run, thread=True, group="feed", name="follow the log")
        self.set_interval(TAKE, self._take)
        self.set_interval(CHECK, self._check)

    def on_unmount(self) -> None:
        self.feed.stop()
        if not self.is_headless:
            self._sweeping.end()

    async def on_event(self, event: Event) -> None:
        if isinstance(event, InputEvent):
            self._sweeping.touch(time.monotonic())
        if isinstance(event, Key) and event.key not in COPIES and self.screen_stack and self.screen.selections:
            # Whatever a key does, it is done to lines that go on. Esc does no more than that.
            self.screen.clear_selection()
            if event.key == "escape":
                return
        await super().on_event(event)

    def action_help(self) -> None:
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen())

    def action_view(self, name: str) -> None:
        """Switch to a view, or to the log, from any screen."""
        target = self.log_screen if name == ViewName.LOG else self.view(ViewName(name))
        self._go_back_to(target if target in self.screen_stack else self.log_screen)
        if self.screen is not target:
            self.push_screen(target)

    @on(ShowInLog)
    def _show_in_log(self, event: ShowInLog) -> None:
        self.action_view(ViewName.LOG)
        self.log_screen.show_only(event.text, parse(event.text))

    @on(OpenExchange)
    def _open_exchange(self, event: OpenExchange) -> None:
        below = self._back_below(DetailScreen)
        if below is None:
            self.push_screen(DetailScreen(event.row, self.feed, self.changed, event.walk, place=event.place))
            return
        below.to_blocks()
        below.go_to(event.row, event.place)

    @on(OpenMap)
    def _open_map(self, event: OpenMap) -> None:
        below = self._back_below(ContextScreen)
        if below is None:
            self.push_screen(ContextScreen(event.row, self.feed, self.changed, event.walk))
        else:
            below.go_to(event.row)

    @on(OpenWhole)
    def _open_whole(self, event: OpenWhole) -> None:
        self.push_screen(WholeScreen(event.row, event.detail, self.commander.proxy))

    def _back_below(self, kind: type[Shown]) -> Shown | None:
        """From an exchange to the map that it was opened from, or the other way round: the two are never opened over
        one another again and again. None: below is another screen."""
        below = self.screen_stack[-2] if len(self.screen_stack) > 1 else None
        if not isinstance(below, kind):
            return None
        self._go_back_to(below)
        return below

    @on(OpenLog)
    def _open_log(self, event: OpenLog) -> None:
        self.feed.show(event.path)
        if event.exchange:
            self._show_in_log(ShowInLog(f"id:{event.exchange}"))
        else:
            self.action_view(ViewName.LOG)
            self.log_screen.action_clear()
        self.notify(f"The log is now {home_path(event.path)}; o in the view replay changes it.", markup=False)

    def action_turn_theme(self) -> None:
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from (command for command in super().get_system_commands(screen) if command.title not in NOT_OURS)
        for view in ViewName:
            yield SystemCommand(f"View: {view}", view.help.capitalize(), lambda view=view: self.action_view(view))
        replay = "Send a file of prompts through the whole pipeline, on this machine"
        yield SystemCommand("Replay a file of prompts", replay, lambda: self.action_view(ViewName.REPLAY))
        if isinstance(screen, BaseView):
            for title, does, action in screen.OFFERS:
                yield SystemCommand(title, does, getattr(screen, f"action_{action}"))
        for command in self.commander.commands():
            yield SystemCommand(command.title, command.help, command.do)
        log = self.log_screen
        if screen is not log:
            return
        yield SystemCommand("Follow", "Stay at the newest request, or stay where the cursor is", log.action_follow)
        yield SystemCommand("Find", "Go to the next request that fits some words", log.action_find)
        yield SystemCommand("Filter", "Show only requests that fit some words", log.action_filter)
        yield SystemCommand("Choose columns", "Which columns of the log are shown", log.action_columns)
        yield SystemCommand("Group by session", "Requests under a heading for each session", log.action_by_session)
        yield SystemCommand("Newest first", "Do not sort the requests", lambda: log.sort(None))
        for column in COLUMNS:
            by = order_by(column.title)
            yield SystemCommand(f"Sort by {column.title}", column.help, lambda by=by: log.sort(by))
        yield SystemCommand("Copy the prompt", "Copy the user's prompt of the exchange", log.action_copy_prompt)
        yield SystemCommand("Clear the filter", "Show all requests", log.action_clear)
        yield SystemCommand("Compact this session now", "That of the exchange under the cursor", log.action_compact)
        yield SystemCommand("Copy the id", "Copy the id of the exchange under the cursor", log.action_copy)
        for title, text in SHORTCUTS:
            yield SystemCommand(title, f"Filter by {text}", lambda text=text: log.show_only(text, parse(text)))

    def _take(self) -> None:
        self.has_gateway = self.feed.has_gateway
        taken = self.feed.take(READ if self.feed.left else FOLD)
        if taken:
            taken.append(self.feed.check())
        for changes in taken:  # empty ones too: the state of the log may be what changed
            if changes.reset and self.screen is not self.log_screen:
                self._leave_detail()
            if changes.reset and not changes.thinned and self.screen is not self.log_screen:
                self.notify("Another log stands in the place of the one that was shown.", severity="warning")
            self.changed.publish(changes)

    def _leave_detail(self) -> None:
        """An exchange that is gone is not shown any more; a view is, with what the new log holds."""
        for below, screen in pairwise(self.screen_stack):
            if isinstance(screen, ExchangeScreen):
                self._go_back_to(below)
                return

    def _go_back_to(self, screen: Screen[Any]) -> None:
        """Leave all that is above `screen`. At once, so that another may be pushed right after."""
        while self.screen is not screen:
            self.pop_screen()

    def _sweep(self) -> None:
        self._sweeping.look(time.monotonic(), loaded=not self.feed.is_catching_up)

    def _check(self) -> None:
        changes = self.feed.check()
        if changes:
            self.changed.publish(changes)
