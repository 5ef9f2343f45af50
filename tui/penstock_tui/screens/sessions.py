"""`SessionsView`: the sessions view: a table with the times, client, project, tokens and savings of each session.
Labels one, deletes it, and on request what is remembered of it, or writes its export or report to a file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.signal import Signal

from penstock.base.errors import PenstockError
from penstock.base.format import plural
from penstock_tui.data.memory import MemoryReader
from penstock_tui.data.sessions import Deletion, delete_session, label_session, sizes_of, weigh_session
from penstock_tui.dialogs.ask import AskScreen
from penstock_tui.dialogs.choose import ChooseScreen
from penstock_tui.dialogs.confirm import ConfirmScreen
from penstock_tui.format import bytes_of, clock_time, count, dollars, keep_alive, percent
from penstock_tui.log.feed import Feed
from penstock_tui.log.follow import LogState
from penstock_tui.log.log_model import Changes
from penstock_tui.log.model_windows import window_of
from penstock_tui.log.row import SHORT
from penstock_tui.log.stats.sessions import Session, session_of
from penstock_tui.report.write import export_session, report_session
from penstock_tui.screens.background_task import BackgroundTaskView
from penstock_tui.screens.base import Words
from penstock_tui.screens.table_base import TableView
from penstock_tui.view_names import ViewName
from penstock_tui.widgets.column_layout import Cell, Column, Moment
from penstock_tui.widgets.fitted_line import Fact

__all__ = ["SessionsView"]

SHARED = {"export": export_session, "report": report_session}
EVERY = 10.0
"""Seconds between two looks at what sessions take in the log, while the view is on top."""
KEEP, BOTH = "keep what is remembered of it", "forget that, too"


def _tokens(session: Session, _moment: Moment) -> Cell:
    totals = session.totals
    return f"{totals.about}{count(totals.tokens_in)} → {count(totals.tokens_out)}", ""


def _saved(session: Session, _moment: Moment) -> Cell:
    costs = session.totals.costs
    if not costs.requests:
        return ("?", "dim") if costs.unpriced else ("", "")
    tone = "bad" if costs.saved < 0 else "good" if costs.saved > 0 else "dim"
    return f"{'~' if costs.estimated else ''}{dollars(costs.saved)}{'+?' if costs.unpriced else ''}", tone


def _window(session: Session, _moment: Moment) -> Cell:
    window = window_of(session.provider, session.model)
    if not window or not session.prompt:
        return "", ""
    share = session.prompt / window
    return percent(share), "warn" if share >= 0.8 else ""


def _ratio(session: Session, _moment: Moment) -> Cell:
    """The forwarded size as a share of the received one."""
    totals = session.totals
    return (percent(totals.tokens_out / totals.tokens_in) if totals.tokens_in else ""), ""


class SessionsView(BackgroundTaskView, TableView[Session]):
    """A table of sessions, the most recently active first."""

    NAME = ViewName.SESSIONS
    OFFERS = (
        ("Label the session", "Give the one under the cursor a name of your own", "label"),
        ("Delete the session", "Delete the one under the cursor for good", "delete"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "label", "Label"),
        Binding("d", "delete", "Delete"),
        Binding("x", "share('export')", "Export"),
        Binding("h", "share('report')", "HTML report"),
    ]

    def __init__(self, feed: Feed, changed: Signal[Changes]) -> None:
        super().__init__(feed, changed)
        self.sizes: dict[str, int] = {}
        """What the events of each take in the log, about, as of the last look."""
        self._looked_at = float("-inf")

    def columns(self) -> Sequence[Column[Session]]:
        """The columns need labels and sizes, which sessions do not have."""

        def named(one: Session, _moment: Moment) -> Cell:
            """The session as the log names it."""
            return f"{one.number} {self.feed.model.label_of(one.name) or one.name[:SHORT]}", "accent"

        return (
            Column("last", 9, 3, "", lambda one, moment: (clock_time(one.last_at, moment.now), "dim")),
            Column("first", 9, 12, "", lambda one, moment: (clock_time(one.first_at, moment.now), "dim")),
            Column("client", 12, 1, "", lambda one, _: (one.client or "?", "strong")),
            Column("session", 16, 6, "", named),
            Column("project", 12, 9, "", lambda one, _: (PurePath(one.project).name, ""), grows=True),
            Column("id", 14, 11, "", lambda one, _: (one.name if one.named else f"conv {one.name}", "dim")),
            Column("requests", 8, 4, "", lambda one, _: (f"{one.totals.requests:,}", ""), True),
            Column("turns", 5, 10, "", lambda one, _: (f"{one.totals.turns:,}", ""), True),
            Column("tokens in → out", 15, 5, "", _tokens, True),
            Column("sent", 5, 2, "", _ratio, True),
            Column("saved", 9, 7, "", _saved, True),
            Column("keep-alive", 17, 13, "", lambda one, _: (keep_alive(one.totals.costs), ""), True),
            Column("window", 6, 8, "", _window, True),
            Column("in log", 7, 8, "", lambda one, _: (bytes_of(self.sizes.get(one.name, 0)), "dim"), True),
        )

    def on_mount(self) -> None:
        self.set_interval(EVERY, self._look)

    def on_screen_resume(self) -> None:
        if time.monotonic() - self._looked_at >= EVERY:
            self._look()

    def words(self) -> Words | None:
        if len(self.feed.model.sessions):
            return None
        return "No session yet", [
            "What came through so far says neither session nor conversation.",
            "Send a client through the proxy:   penstock run -- claude",
        ]

    def head(self, now: float) -> list[Fact]:
        sessions = self.feed.model.sessions.listed()
        if not sessions:
            return []
        lost = sum(one.totals.costs.saved < 0 for one in sessions)
        return [
            Fact(plural(len(sessions), "session"), 2),
            Fact(f"{lost} cost more than without Penstock" if lost else "", 3, "bad"),
            Fact(f"{plural(self.feed.model.deleted, 'session')} deleted" if self.feed.model.deleted else "", 5, "dim"),
            self.cut(len(sessions)),
        ]

    def rows(self) -> Sequence[tuple[str, Session]]:
        return [(one.name, one) for one in self.feed.model.sessions.listed()]

    def action_share(self, what: str) -> None:
        """Export the session under the cursor to a file in the folder where the screen was started."""
        session = self.feed.model.sessions.get(self.table.chosen)
        if session is not None:
            write = partial(SHARED[what], self.feed.path, session.name, Path.cwd(), is_named=session.named)
            self.run_worker(partial(self._share, write), thread=True, group="files", name=f"write {what}")

    def _share(self, write: Callable[[], Path]) -> None:
        """On a thread."""
        try:
            said = f"Wrote {write()}"
        except PenstockError as e:
            self.app.call_from_thread(self.notify, str(e), severity="error", markup=False)
            return
        self.app.call_from_thread(self.notify, said, timeout=10, markup=False)

    def open(self, key: str) -> None:
        session = self.feed.model.sessions.get(key)
        self.show_in_log("session" if session is None or session.named else "conv", key)

    def action_label(self) -> None:
        """Label the session under the cursor."""
        session = self._chosen()
        if session is None:
            return
        known = self.feed.model.label_of(session.name)

        def take(label: str | None) -> None:
            if label is not None and label != known:
                name = partial(label_session, self.feed.path, session.name, label)
                self.in_background("name it", name, self._named)

        hint = f"A name of your own for session {session.name}. Nothing: none any more."
        self.app.push_screen(AskScreen("Label", hint, known), take)

    def _named(self, label: str) -> None:
        self.notify(f"It is called {label} now." if label else "It has no label any more.", markup=False)

    def action_delete(self) -> None:
        """Delete the session under the cursor, after showing what that would delete."""
        session = self._chosen()
        if session is not None:
            weigh = partial(weigh_session, self.feed.path, session.name)
            self.in_background("delete it", weigh, self._confirm)

    def _confirm(self, found: Deletion) -> None:
        if not self.is_active:  # who has gone elsewhere meanwhile types other things there
            return
        if found.refused:
            self.notify(found.refused, title="Not now", severity="warning", markup=False)
            return
        warning = ["", f"! {found.warning}"] if found.warning else []
        lines = [
            *found.lines,
            *warning,
            "",
            "What is remembered of it is asked about next. Nothing brings back the rest.",
        ]

        def go(sure: bool | None) -> None:
            if sure:
                self.app.push_screen(ChooseScreen("Memory", [KEEP, BOTH]), partial(self._delete, found.session))

        self.app.push_screen(ConfirmScreen(f"Delete session {found.session}?", lines, "deletes it"), go)

    def _delete(self, session: str, chosen: int | None) -> None:
        if chosen is None:
            self.notify("Nothing was deleted.")
            return
        profile, path = self.feed.model.health.profile, self.feed.path
        memory = MemoryReader(path)

        def do() -> str:
            # What is remembered goes first: where that fails, all is as it was.
            forgotten = f" {memory.forget_session(profile, session)}." if chosen else ""
            return f"{plural(delete_session(path, session), 'event')} deleted.{forgotten}"

        self.in_background("delete it", do, self._deleted)

    def _deleted(self, said: str) -> None:
        self._looked_at = float("-inf")
        self.notify(said, markup=False)

    def _chosen(self) -> Session | None:
        return self.feed.model.sessions.get(self.table.chosen) if self.table.chosen else None

    def _look(self) -> None:
        """What each takes in the log is not said by an event."""
        if not self.is_current or self.is_reading or self.feed.state is not LogState.OPEN:
            return
        exchanges = {row.id: session_of(row) for row in self.feed.model.rows if session_of(row)}
        look = partial(sizes_of, self.feed.path, exchanges)
        self.read_in_background("measure the sessions", look, self._take)

    def _take(self, sizes: dict[str, int]) -> None:
        self.sizes, self._looked_at = sizes, time.monotonic()
        self.show_now()
