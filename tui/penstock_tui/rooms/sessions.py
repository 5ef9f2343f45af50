"""Sessions: who works with what, and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from penstock_tui.counts.sessions import Session
from penstock_tui.figures import clock_time, count, dollars, many, percent
from penstock_tui.rooms.names import RoomName
from penstock_tui.rooms.room import Words
from penstock_tui.rooms.table_room import TableRoom
from penstock_tui.widgets.fitted_line import Fact
from penstock_tui.widgets.fitting import Cell, Column, Moment
from penstock_tui.windows import window_of

__all__ = ["SessionsRoom"]


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
    window = window_of(session.provider, session.model)
    if not window or not session.prompt:
        return "", ""
    share = session.prompt / window
    return percent(share), "warn" if share >= 0.8 else ""


class SessionsRoom(TableRoom[Session]):
    """The one that was active last on top."""

    NAME = RoomName.SESSIONS
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

    def open(self, key: str) -> None:
        session = self.feed.model.sessions.get(key)
        self.show_in_log("session" if session is None or session.named else "conv", key)
