"""Replay: a file of prompts through the whole pipeline, on this machine alone."""

from __future__ import annotations

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

from penstock.plugins import Plugins
from penstock_tui.feed import Feed
from penstock_tui.figures import bar, count, dollars, duration, home_path, many, percent
from penstock_tui.model import Changes
from penstock_tui.replay.completion import completed
from penstock_tui.replay.run import COLD, WARM, Run, Stage
from penstock_tui.rooms.names import RoomName
from penstock_tui.rooms.room import Words
from penstock_tui.rooms.table_room import TableRoom
from penstock_tui.widgets.fitted_line import Fact, FittedLine
from penstock_tui.widgets.fitting import Cell, Column, Moment
from penstock_tui.widgets.room_table import RoomTable

if TYPE_CHECKING:
    from penstock.playback.replay import Played

__all__ = ["OpenLog", "ReplayRoom"]

BAR = 24
HINT = (
    "A file with one prompt a line; # begins a comment, /clear an empty history, @notes.md is read. Nothing leaves "
    "this machine: a stand-in answers, and store and memory are of this replay alone."
)


class OpenLog(Message):
    """Another log is to be shown; with an exchange, that one alone."""

    def __init__(self, path: Path, exchange: str = "") -> None:
        super().__init__()
        self.path, self.exchange = path, exchange


class _Paths(Suggester):
    """The rest of the path, to be taken by the right arrow."""

    async def get_suggestion(self, value: str) -> str | None:
        return completed(value)


def _recalled(one: Played, _moment: Moment) -> Cell:
    tokens = one.passed.sums.injected
    return (f"+{count(tokens)}", "accent") if tokens else ("", "")


def _tokens(one: Played, _moment: Moment) -> Cell:
    sums = one.passed.sums
    return f"{count(sums.came)} → {count(sums.sent)}" if sums.came else "", ""


def _saved(one: Played, _moment: Moment) -> Cell:
    sums = one.passed.sums
    if not sums.paid_requests:
        return "", ""
    tone = "bad" if sums.saved < 0 else "good" if sums.saved else "dim"
    return f"{'~' if sums.estimated else ''}{dollars(sums.saved)}", tone


def _prompt(one: Played, _moment: Moment) -> Cell:
    if one.passed.error:
        return f"! {one.passed.error}: {one.prompt.text}", "bad"
    return one.prompt.text, ""


def _edits(op: str, one: Played, _moment: Moment) -> Cell:
    return str(one.passed.landed(op) or ""), ""


class ReplayRoom(TableRoom["Played"]):
    """Runs on a thread; what came of each prompt stands there as it ends."""

    NAME = RoomName.REPLAY
    DEFAULT_CSS = """
    ReplayRoom #file { height: 1; background: $panel; }
    ReplayRoom #label { width: auto; padding: 0 1; color: $text-accent; text-style: bold; }
    ReplayRoom Input, ReplayRoom Input:focus { width: 1fr; height: 1; border: none; padding: 0; background: $panel; }
    ReplayRoom #hint { height: auto; max-height: 3; padding: 0 1; color: $foreground 70%; }
    """
    AUTO_FOCUS = "RoomTable"
    """So that the keys of the rooms work at once; / is the way into the line."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Log"),
        Binding("s", "stop", "Stop"),
        Binding("o", "its_log", "Its log"),
        Binding("c", "cold", "Cold or warm"),
        Binding("slash", "file", "File", key_display="/"),
    ]
    COLUMNS: ClassVar[tuple[Column[Played], ...]] = (
        Column("#", 4, 3, "", lambda one, _: (str(one.number), "dim"), True),
        Column("prompt", 20, 1, "", _prompt, grows=True),
        Column("tags", 22, 6, "", lambda one, _: (", ".join(one.passed.tags[:3]), "")),
        Column("came → sent", 15, 2, "", _tokens, True),
        Column("recalled", 8, 4, "", _recalled, True),
        Column("trimmed", 7, 8, "", partial(_edits, "replace"), True),
        Column("compacted", 9, 9, "", partial(_edits, "compact"), True),
        Column("cached", 6, 10, "", lambda one, _: (percent(one.passed.sums.cache_share), ""), True),
        Column("saved", 9, 7, "", _saved, True),
        Column("suite", 6, 5, "", lambda one, _: (duration(one.passed.suite_ms), ""), True),
    )

    class Told(Message):
        """The thread has come further."""

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self.run: Run | None = None
        """The one on the screen."""
        self.gap = WARM
        self._home = feed.path

    def body(self) -> ComposeResult:
        with Horizontal(id="file"):
            yield Static("file", id="label")
            yield Input(placeholder="prompts.txt", id="path", suggester=_Paths(use_cache=False), select_on_focus=False)
        yield Static(HINT, id="hint", markup=False)
        yield FittedLine(id="progress")
        yield RoomTable(self.COLUMNS)

    def words(self) -> Words | None:
        return None

    def _words(self) -> Words | None:
        """It needs no log."""
        return None

    def head(self, now: float) -> list[Fact]:
        run = self.run
        if run is None:
            return [Fact(f"profile {self._profile}", 3, "dim"), self._cache(self.gap)]
        slow = max((one.passed.suite_ms or 0 for one in run.played), default=0)
        sums = run.sums
        return [
            Fact(run.file.name, 2),
            Fact(f"{count(sums.came)} → {count(sums.sent)} tokens", 3),
            Fact(f"+{count(sums.injected)} recalled" if sums.injected else "", 4, "accent"),
            Fact(
                f"{'~' if sums.estimated else ''}{dollars(sums.saved)} saved", 5, "bad" if sums.saved < 0 else "plain"
            ),
            Fact(f"suite at most {duration(slow)}" if slow else "", 6, "dim"),
            self._cache(self.gap),
            self.cut(len(run.played)),
        ]

    def _cache(self, gap: float) -> Fact:
        return Fact(f"{gap:.0f} s between prompts: the cache is {'warm' if gap == WARM else 'cold'}", 7, "dim")

    def draw(self, now: float) -> None:
        is_at_newest = self.table.cursor_row <= 0
        super().draw(now)
        if is_at_newest and self.table.row_count:  # who has not moved follows
            self.table.move_cursor(row=0, animate=False)
        self.query_one("#hint", Static).update(self._hint())
        self.query_one("#progress", FittedLine).show(self._progress())

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
        """Out of the line; else to the log."""
        if isinstance(self.focused, Input):
            self.table.focus()
        else:
            await self.run_action("app.room('log')")

    def action_file(self) -> None:
        self.query_one(Input).focus()

    def action_cold(self) -> None:
        """Whether the provider's cache is cold at each prompt of the next replay: then old results are shortened."""
        self.gap = COLD if self.gap == WARM else WARM
        self.tell()

    def action_stop(self) -> None:
        if self.run is None or self.run.is_over:
            self.notify("Nothing is being replayed.")
            return
        self.run.stop()
        self.tell()

    def action_its_log(self) -> None:
        """The replay's, or back to the one that was there before."""
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
        self.tell()

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

    def _hint(self) -> str:
        if self.run is None:
            return HINT
        if self.run.error:
            return f"! {self.run.error}"
        more = f" (and {len(self.run.remarks) - 1} more remarks)" if len(self.run.remarks) > 1 else ""
        where = "Enter on a row, or o: its log." if self.run.played else ""
        return f"{self.run.remarks[0]}{more}. {where}" if self.run.remarks else where or HINT

    def _progress(self) -> list[Fact]:
        run = self.run
        if run is None:
            return [Fact("/ names a file, → takes what is suggested, Enter begins", 1, "dim")]
        done = len(run.played)
        states = {
            Stage.OPENING: ("… opening", "accent"),
            Stage.RUNNING: ("▶ running", "accent"),
            Stage.STOPPING: ("■ stopping", "warn"),
            Stage.DONE: ("✓ done", "good") if done == run.total and not run.error else ("■ ended early", "warn"),
        }
        text, tone = states[run.stage]
        whole = f"{bar(done / run.total if run.total else 0.0, BAR)} {done:,} of {many(run.total, 'prompt')}"
        return [
            Fact(text, 1, tone),
            Fact(whole, 2),
            Fact(f"profile {run.profile}", 4, "dim"),
            Fact(f"log {home_path(run.log)}" if done else "", 5, "dim"),
        ]
