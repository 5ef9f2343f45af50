"""`ReplayView`: the replay view: runs a file of prompts through the whole pipeline on this machine, without a provider,
and shows the result of each prompt. `OpenLog`: the message that asks the application for the replay's own log."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.signal import Signal
from textual.suggester import Suggester
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from penstock.plugins.manager import Plugins
from penstock.replay.run import COLD, WARM, Run
from penstock_tui.log.feed import Feed
from penstock_tui.log.log_model import Changes
from penstock_tui.replay.completion import completed
from penstock_tui.screens.base import Words
from penstock_tui.screens.replay_lines import COLUMNS, cache, hint, progress, sums
from penstock_tui.screens.table_base import TableView
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.fitted_line import Fact, FittedLine
from penstock_tui.widgets.keyed_table import KeyedTable

if TYPE_CHECKING:
    from penstock.replay.prompt_replay import Played

__all__ = ["OpenLog", "ReplayView"]


class OpenLog(Message):
    """A request to show another log; with an exchange, only that one."""

    def __init__(self, path: Path, exchange: str = "") -> None:
        super().__init__()
        self.path, self.exchange = path, exchange


class _Paths(Suggester):
    """Suggests the rest of the path, accepted by the right arrow."""

    async def get_suggestion(self, value: str) -> str | None:
        return await asyncio.to_thread(completed, value)  # a folder may be slow to list


class ReplayView(TableView["Played"]):
    """The replay runs on a thread; the result of each prompt is shown as it ends."""

    NAME = ViewName.REPLAY
    DEFAULT_CSS = """
    ReplayView #file { height: 1; background: $panel; }
    ReplayView #label { width: auto; padding: 0 1; color: $text-accent; text-style: bold; }
    ReplayView Input, ReplayView Input:focus { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    ReplayView.-low #hint { display: none; }
    ReplayView #hint { height: auto; max-height: 3; padding: 0 1; color: $foreground 70%; }
    """
    AUTO_FOCUS = "KeyedTable"
    """The table has the focus first, so that the keys of the views work at once; / moves to the input line."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Log"),
        Binding("s", "stop", "Stop"),
        Binding("o", "its_log", "Its log"),
        Binding("c", "cold", "Cold or warm"),
        Binding("slash", "file", "File", key_display="/"),
    ]
    COLUMNS = COLUMNS

    class Told(Message):
        """The replay has made progress."""

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self.run: Run | None = None
        """The replay on the screen."""
        self.gap = WARM
        self._home = feed.path

    def body(self) -> ComposeResult:
        with Horizontal(id="file"):
            yield Static("file", id="label")
            yield Input(placeholder="prompts.txt", id="path", suggester=_Paths(use_cache=False), select_on_focus=False)
        yield Static(hint(None), id="hint", markup=False)
        yield FittedLine(id="progress")
        yield KeyedTable(self.COLUMNS)

    def words(self) -> Words | None:
        return None

    def _words(self) -> Words | None:
        """It needs no log."""
        return None

    def head(self, now: float) -> list[Fact]:
        if self.run is None:
            return [Fact(f"profile {self._profile}", 3, "dim"), cache(self.gap)]
        return [*sums(self.run), cache(self.gap), self.cut(len(self.run.played))]

    def draw(self, now: float) -> None:
        is_at_newest = not self.table.cursor_line
        super().draw(now)
        if is_at_newest:  # who has not moved follows
            self.table.action_first()
        self.query_one("#hint", Static).update(hint(self.run))
        self.query_one("#progress", FittedLine).show(progress(self.run))

    def rows(self) -> Sequence[tuple[str, Played]]:
        return [(str(one.number), one) for one in reversed(self.run.played)] if self.run is not None else []

    def open(self, key: str) -> None:
        found = self._played(key)
        if self.run is not None and found is not None:
            self.post_message(OpenLog(self.run.log, found.passed.exchange))

    def name_of(self, key: str) -> str:
        found = self._played(key)
        return found.passed.exchange if found is not None else ""

    def on_unmount(self) -> None:
        if self.run is not None:
            self.run.forget()

    async def action_back(self) -> None:
        """Leave the input line; otherwise go to the log."""
        if isinstance(self.focused, Input):
            self.table.focus()
        else:
            await self.run_action("app.view('log')")

    def action_file(self) -> None:
        self.query_one(Input).focus()

    def action_cold(self) -> None:
        """Toggle whether the provider's cache is cold at each prompt of the next replay, so that old results are
        shortened."""
        self.gap = COLD if self.gap == WARM else WARM
        self.show_now()

    def action_stop(self) -> None:
        if self.run is None or self.run.is_over:
            self.notify("Nothing is being replayed.")
            return
        self.run.stop()
        self.show_now()

    def action_its_log(self) -> None:
        """Show the replay's log, or the one that was shown before."""
        if self.feed.path != self._home:
            self.post_message(OpenLog(self._home))
        elif self.run is None or not self.run.played:
            self.notify("There is no log of a replay yet.")
        else:
            self.post_message(OpenLog(self.run.log))

    @on(Input.Submitted)
    def _begin(self, event: Input.Submitted) -> None:
        if not event.value.strip():
            return
        if self.run is not None and not self.run.is_over:
            self.notify("A replay is under way: s stops it.", severity="warning")
            return
        self._leave_log()
        try:
            file = Path(event.value.strip()).expanduser()
        except RuntimeError:  # no such home
            file = Path(event.value.strip())
        self.run = run = Run(file, self._profile, Plugins.load, self.gap)
        self.run_worker(partial(self._play, run), thread=True, group="replay", name="replay prompts")
        self.table.focus()
        self.show_now()

    def _leave_log(self) -> None:
        """That of the run before goes now."""
        if self.run is not None:
            if self.feed.path == self.run.log:
                self.feed.show(self._home)
            self.run.forget()

    def _play(self, run: Run) -> None:
        """On a thread."""
        worker = get_current_worker()

        def tell() -> None:
            if worker.is_cancelled:
                run.stop()
            else:
                self.post_message(self.Told())

        run.go(tell)

    @on(Told)
    def _took(self) -> None:
        self._is_stale = True

    @property
    def _profile(self) -> str:
        return self.feed.model.health.profile or "default"

    def _played(self, key: str) -> Played | None:
        at = int(key) - 1 if key.isdecimal() else -1
        return self.run.played[at] if self.run is not None and 0 <= at < len(self.run.played) else None
