"""`Sessions`: for each session its client, project, time span, requests, tokens and cost (`Session`); `session_of`
gives the session of a row. Beyond 2,000, sessions with no row left in the log are dropped."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from penstock_tui.log.row import Row
from penstock_tui.log.stats.totals import Totals

__all__ = ["Session", "Sessions", "session_of"]

KEPT = 2000


@dataclass(slots=True, eq=False)
class Session:
    """A client's session, or a conversation of a client that names no session."""

    name: str
    named: bool = False
    """Whether the client gave it this name."""
    client: str = ""
    project: str = ""
    provider: str = ""
    model: str = ""
    first_at: float = 0.0
    last_at: float = 0.0
    prompt: int = 0
    """Input tokens of the main agent's newest request."""
    totals: Totals = field(default_factory=Totals)
    rows: int = 0
    """The rows of its requests that are kept and may still change."""
    number: int = 0
    """Order of appearance in this log, from 1."""


class Sessions:
    """All sessions, the most recently active last. One is dropped only when none of its rows are left."""

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._appeared = 0

    def __len__(self) -> int:
        return sum(one.totals.requests > 0 for one in self._sessions.values())

    def get(self, name: str) -> Session | None:
        """The session, or conversation, of that name."""
        return self._sessions.get(name)

    def listed(self) -> list[Session]:
        """All sessions, the most recently active first."""
        return [one for one in reversed(self._sessions.values()) if one.totals.requests]

    def leave(self, row: Row) -> None:
        """Subtract `row`, because it is about to change."""
        session = self._sessions.get(session_of(row))
        if session is not None:
            session.totals.add(row, -1)
            session.rows -= 1

    def enter(self, row: Row) -> None:
        """Add `row` as it is now, and number it by its session."""
        name = session_of(row)
        if not name:
            return
        session = self._sessions.get(name)
        if session is None:
            self._appeared += 1
            session = self._sessions[name] = Session(name, first_at=row.at, number=self._appeared)
        row.session_number = session.number
        self._sessions.move_to_end(name)
        session.totals.add(row, 1)
        session.rows += 1
        session.named = bool(row.session)
        session.first_at, session.last_at = min(session.first_at, row.at), max(session.last_at, row.at)
        session.client = row.client or session.client
        session.project = row.project or session.project
        if row.agent in ("", "main") and row.kind in ("main", "tool-loop"):
            session.provider, session.model = row.provider or session.provider, row.model or session.model
            session.prompt = row.usage.prompt or row.tokens_out or session.prompt

    def keep_alive(self, row: Row) -> None:
        """Add the cost of a keep-alive request, and nothing else: the session was not active."""
        session = self._sessions.get(session_of(row))
        if session is not None and row.money is not None:
            session.totals.costs.add_reads(1, row.money.spent)
            session.rows += 1

    def add_row(self, row: Row) -> None:
        """A row of the log that counts for nothing else."""
        session = self._sessions.get(session_of(row))
        if session is not None:
            session.rows += 1

    def drop(self, row: Row) -> None:
        """`row` is dropped from the log. What it counted for is kept."""
        session = self._sessions.get(session_of(row))
        if session is not None:
            session.rows -= 1
        if len(self._sessions) > self._limit:
            self._forget()

    def _forget(self) -> None:
        over = len(self._sessions) - self._limit
        for name in [one.name for one in self._sessions.values() if not one.rows][:over]:
            del self._sessions[name]


def session_of(row: Row) -> str:
    """The session that `row` is counted under. Empty: it names neither a session nor a conversation."""
    return row.session or row.conversation
