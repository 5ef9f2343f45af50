"""Sessions: who works with what, and what it comes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path, PurePath
from typing import ClassVar

from textual.binding import Binding, BindingType

from penstock.errors import PenstockError
from penstock.prices import Prices
from penstock_tui.counts.sessions import Session
from penstock_tui.figures import clock_time, count, dollars, many, percent
from penstock_tui.report.hand_on import export_session, report_session
from penstock_tui.rooms.names import RoomName
from penstock_tui.rooms.room import Words
from penstock_tui.rooms.table_room import TableRoom
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.fitting import Cell, Column, Moment

__all__ = ["SessionsRoom"]

HANDED_ON = {"export": export_session, "report": report_session}


def _tokens(session: Session, _moment: Moment) -> Cell:
    totals = session.totals
    return f"{count(totals.tokens_in)} → {count(totals.tokens_out)}", ""


def _saved(session: Session, _moment: Moment) -> Cell:
    purse = session.totals.purse
    if not purse.requests:
        return "", ""
    tone = "bad" if purse.saved < 0 else "good" if purse.saved > 0 else "dim"
    return f"{'~' if purse.estimated else ''}{dollars(purse.saved)}", tone


def _window(session: Session, _moment: Moment) -> Cell:
    window = _window_of(session.provider, session.model)
    if not window or not session.prompt:
        return "", ""
    share = session.prompt / window
    return percent(share), "warn" if share >= 0.8 else ""


@cache
def _prices() -> Prices:
    return Prices()


def _window_of(provider: str, model: str) -> int:
    """Tokens a request to the model may have, by the bundled table. 0: not known."""
    return _prices().of(provider, model).window if provider in _prices().providers else 0


class SessionsRoom(TableRoom[Session]):
    """The one that was active last on top."""

    NAME = RoomName.SESSIONS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "hand_on('export')", "Export"),
        Binding("h", "hand_on('report')", "HTML report"),
    ]
    COLUMNS: ClassVar[tuple[Column[Session], ...]] = (
        Column("last", 9, 2, "", lambda one, moment: (clock_time(one.last_at, moment.now), "dim")),
        Column("first", 9, 9, "", lambda one, moment: (clock_time(one.first_at, moment.now), "dim")),
        Column("client", 12, 1, "", lambda one, _: (one.client or "?", "strong")),
        Column("project", 12, 6, "", lambda one, _: (PurePath(one.project).name, ""), grows=True),
        Column("session", 14, 10, "", lambda one, _: (one.name if one.named else f"conv {one.name}", "dim")),
        Column("requests", 8, 3, "", lambda one, _: (f"{one.totals.requests:,}", ""), True),
        Column("turns", 5, 7, "", lambda one, _: (f"{one.totals.turns:,}", ""), True),
        Column("tokens in → out", 15, 5, "", _tokens, True),
        Column("saved", 9, 4, "", _saved, True),
        Column("window", 6, 8, "", _window, True),
    )

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
        lost = sum(one.totals.purse.saved < 0 for one in sessions)
        return [
            Fact(many(len(sessions), "session"), 2),
            Fact(f"{lost} cost more than untouched" if lost else "", 3, "bad"),
            self.cut(len(sessions)),
        ]

    def rows(self) -> Sequence[tuple[str, Session]]:
        return [(one.name, one) for one in self.feed.model.sessions.listed()]

    def action_hand_on(self, what: str) -> None:
        """Write the session under the cursor to a file in the folder the screen was started in."""
        session = self.feed.model.sessions.get(self.table.chosen)
        if session is not None:
            write = partial(HANDED_ON[what], self.feed.path, session.name, Path.cwd(), is_named=session.named)
            self.run_worker(partial(self._hand_on, write), thread=True, group="files", name=f"write {what}")

    def _hand_on(self, write: Callable[[], Path]) -> None:
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
