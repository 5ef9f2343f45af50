"""`LogModel`: builds what the screens show from the events of the log: the newest 10,000 requests as rows, totals, and
whether the proxy is well. `Changes`: which rows a batch of events changed. Independent of Textual."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import takewhile

from penstock.budget.scopes import storable
from penstock.conversation.exchange import Kind
from penstock.events.event import Event, EventKind
from penstock.events.request_events import IngestedTurnEvent
from penstock.events.response_events import KeptAliveEvent
from penstock.stats.cost_totals import CostTotals
from penstock_tui.log.health import Health, pid_alive
from penstock_tui.log.row import INGESTED, KEEP_ALIVE, Row, ingested_row, keep_alive_row
from penstock_tui.log.stats.compactions import Compactions
from penstock_tui.log.stats.cost_curve import CostCurve
from penstock_tui.log.stats.faults import Faults
from penstock_tui.log.stats.last_edits import LastEdits
from penstock_tui.log.stats.levels import Levels
from penstock_tui.log.stats.per_minute import MinuteSums, RequestRate
from penstock_tui.log.stats.pipeline import Pipeline
from penstock_tui.log.stats.sessions import Sessions, session_of
from penstock_tui.log.stats.tags import Tags
from penstock_tui.log.stats.totals import Totals

__all__ = ["Changes", "LogModel"]

Count = Callable[[Event, Row | None], None]
"""A function that takes in an event of a kind it counts, with the row of the event's exchange."""


SUMMED = frozenset(
    (
        EventKind.RECEIVED,
        EventKind.CLASSIFIED,
        EventKind.REWRITTEN,
        EventKind.REFUSED,
        EventKind.ANSWERED,
        EventKind.FAILED,
    )
)
"""Only these change what a row counts for in a sum; most events are others."""


@dataclass(slots=True)
class Changes:
    """Which rows a batch of events changed."""

    added: list[Row] = field(default_factory=list)
    """New rows, the oldest first."""
    changed: list[Row] = field(default_factory=list)
    """Rows that were known before and changed, each once."""
    dropped: list[Row] = field(default_factory=list)
    """Rows that were dropped to make room for newer ones."""
    reset: bool = False
    """Everything before this is gone: another log stands in the old one's place."""
    thinned: bool = False
    """With `reset`: it is the same log, of which something was deleted; the rest follows again."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.dropped or self.reset)


class LogModel:
    """The rows, sums and health of a log. Takes events in the order of the log, and keeps the newest `limit` rows."""

    def __init__(self, limit: int = 10_000, alive: Callable[[int], bool] = pid_alive) -> None:
        self.limit = limit
        self._alive = alive
        self.labels: dict[str, str] = {}
        """The users' labels of sessions. See `label_of`."""
        self.clear()

    def clear(self, thinned: bool = False) -> None:
        """Reset: another log begins; or with `thinned` the same one, from which events were deleted."""
        self.rows: list[Row] = []
        """Oldest first, by `number`."""
        self.health = Health(self._alive)
        self.totals = Totals()
        self.sessions = Sessions()
        self.request_rate = RequestRate()
        self.minute_sums = MinuteSums()
        self.tags = Tags()
        self.compactions = Compactions()
        self.pipeline = Pipeline()
        self.cost_curve = CostCurve()
        self.last_edits = LastEdits()
        self.levels = Levels()
        self.faults = Faults()
        self.deleted = 0
        """Sessions, or requests of none, that a person had deleted of this log."""
        self.labels = self.labels if thinned else {}
        self._counts: dict[EventKind, list[Count]] = {}
        for counted in (
            *(self.minute_sums, self.tags, self.compactions, self.pipeline, self.levels, self.faults),
            *(self.cost_curve, self.last_edits),
        ):
            for kind in counted.KINDS:
                self._counts.setdefault(kind, []).append(counted.fold)
        self._extra = {EventKind.KEPT_ALIVE: self._keep_alive, EventKind.INGESTED_TURN: self._ingested}
        """Events that have rows of their own, beside that of their exchange."""
        self._by_id: dict[str, Row] = {}
        self._next = 0

    def apply(self, events: Iterable[Event]) -> Changes:
        """Take in `events`, and return which rows changed."""
        added: dict[str, Row] = {}
        changed: dict[str, Row] = {}
        for event in events:
            self.health.fold(event)
            self.deleted += event.kind is EventKind.DELETED
            if event.kind in (EventKind.STARTED, EventKind.STOPPED):
                touched = self.settle()
                if event.kind is EventKind.STARTED:
                    touched += self._age()
                changed.update({row.id: row for row in touched if row.id not in added})
            fold = self._extra.get(event.kind, self._fold)
            row = fold(event, added, changed) if event.exchange else None
            for count in self._counts.get(event.kind, ()):
                count(event, row)
        dropped = self._drop()
        gone = {row.id for row in dropped}
        return Changes(
            [row for row in added.values() if row.id not in gone],
            [row for row in changed.values() if row.id not in gone],
            [row for row in dropped if row.id not in added],
        )

    def settle(self) -> list[Row]:
        """Mark requests under way as lost, because the proxy ended. Returns the marked rows."""
        ended = [row for row in self._recent() if row.running]
        for row in ended:
            row.lost = True
            row.version += 1
        return ended

    def _age(self) -> list[Row]:
        """A proxy starts: what was there is history. Gives the rows it came to be for."""
        aged = list(takewhile(lambda row: not row.history, reversed(self.rows)))
        for row in aged:
            row.history = True
            row.version += 1
        return aged

    def label(self, labels: dict[str, str]) -> list[Row]:
        """Set the labels of sessions. Returns the rows that this changes."""
        self.labels = labels
        changed = [row for row in self.rows if row.label != self.label_of(session_of(row))]
        for row in changed:
            row.label = self.label_of(session_of(row))
            row.version += 1
        return changed

    def label_of(self, session: str) -> str:
        """The user's label of a session. Empty: none."""
        return self.labels.get(storable(session), "") if self.labels else ""

    def row(self, exchange: str) -> Row | None:
        """The row of an exchange. None: not in this log, or too old."""
        return self._by_id.get(exchange)

    def session_costs(self, row: Row) -> CostTotals:
        """The costs of the session that `row` belongs to."""
        session = self.sessions.get(session_of(row))
        return session.totals.costs if session is not None else CostTotals()

    def index_of(self, row: Row) -> int:
        """The index of `row` in `rows`."""
        return bisect_left(self.rows, row.number, key=lambda one: one.number)

    def earlier(self, row: Row) -> list[Row]:
        """The previous exchanges of the conversation of `row`, newest first. Requests that only count tokens are left
        out: one may hold only part of the history."""
        if not row.conversation:
            return []
        before = reversed(self.rows[: self.index_of(row)])
        left_out = (Kind.COUNT, KEEP_ALIVE, INGESTED)
        return [one for one in before if one.conversation == row.conversation and one.kind not in left_out]

    def per_minute(self, now: float) -> int:
        """Requests that arrived in the last minute."""
        return self.request_rate.per_minute(now)

    def _fold(self, event: Event, added: dict[str, Row], changed: dict[str, Row]) -> Row:
        """Bring the row of an event, and all sums it is in, up to date."""
        row = self._by_id.get(event.exchange)
        if row is None:
            row = added[event.exchange] = self._add(Row(event.exchange, event.at, number=self._next))
            self.request_rate.count(event.at)
        else:
            if row.id not in added:
                changed[row.id] = row
            if event.kind not in SUMMED:
                row.fold(event)
                return row
            self.totals.add(row, -1)
            self.sessions.leave(row)
        row.fold(event)
        row.label = self.label_of(session_of(row))
        self.totals.add(row, 1)
        self.sessions.enter(row)
        return row

    def _keep_alive(self, event: Event, added: dict[str, Row], changed: dict[str, Row]) -> Row | None:
        """A line of its own for a keep-alive request, whose cost is in the sums of the request that it repeats. None:
        that one is too old to be shown."""
        row, said = self._by_id.get(event.exchange), event.data
        if row is None or not isinstance(said, KeptAliveEvent):
            return None
        row.fold(event)
        if row.id not in added:
            changed[row.id] = row
        self.totals.costs.add_reads(1, said.usd or 0.0)
        read = self._add(keep_alive_row(row, event, said, self._next))
        self.sessions.keep_alive(read)
        added[read.id] = read
        return row

    def _ingested(self, event: Event, added: dict[str, Row], changed: dict[str, Row]) -> Row | None:
        """A line of its own for a turn of the history that a request brought. None: that one is too old to be shown."""
        row, said = self._by_id.get(event.exchange), event.data
        if row is None or not isinstance(said, IngestedTurnEvent):
            return None
        turn = ingested_row(row, event, said, self._next)
        if turn.id not in self._by_id:
            self.sessions.add_row(turn)
            added[turn.id] = self._add(turn)
        return turn

    def _add(self, row: Row) -> Row:
        self._next += 1
        self._by_id[row.id] = row
        self.rows.append(row)
        return row

    def _recent(self) -> list[Row]:
        """A proxy has no more than this under way; looking at all rows would cost at each of many starts."""
        return self.rows[-2000:]

    def _drop(self) -> list[Row]:
        over = len(self.rows) - self.limit
        if over <= 0:
            return []
        dropped, self.rows = self.rows[:over], self.rows[over:]
        for row in dropped:
            del self._by_id[row.id]
            self.sessions.drop(row)
        return dropped
