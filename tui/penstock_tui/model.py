"""The log as the screen knows it: rows, sums and health, folded from events. Knows no Textual."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import takewhile

from penstock.events import Event, EventKind
from penstock.exchange import Kind
from penstock_tui.health import Health, pid_alive
from penstock_tui.rows import Row, fold

__all__ = ["Changes", "LogModel", "Purse", "Totals"]

MINUTE = 60.0


@dataclass(slots=True)
class Changes:
    """What a batch of events did to the rows."""

    added: list[Row] = field(default_factory=list)
    """Oldest first."""
    changed: list[Row] = field(default_factory=list)
    """Rows known before, each once."""
    dropped: list[Row] = field(default_factory=list)
    """Rows that made place for newer ones."""
    reset: bool = False
    """Everything before this is gone: another log stands in the old one's place."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.dropped or self.reset)


@dataclass(slots=True)
class Purse:
    """Money over some exchanges, those included whose rows are gone. Dollars."""

    requests: int = 0
    """Those that were paid for."""
    baseline: float = 0.0
    """What they would have cost untouched."""
    paid: float = 0.0
    naive: float = 0.0
    """What a client would have paid that compacts by itself."""
    estimated: int = 0
    """Requests for which the provider gave no count."""

    @property
    def saved(self) -> float:
        """Negative when editing cost more than it saved."""
        return round(self.baseline - self.paid, 6)  # sums of floats: what is equal must not differ by a hair

    def add(self, row: Row, sign: int) -> None:
        """Count `row` in with `sign` 1, out with -1."""
        if row.baseline is None:
            return
        self.requests += sign
        self.baseline += sign * row.baseline
        self.paid += sign * row.paid
        self.naive += sign * row.naive
        self.estimated += sign * (not row.counted)


@dataclass(slots=True)
class Totals:
    """Sums over all exchanges seen, those included whose rows are gone."""

    requests: int = 0
    turns: int = 0
    """A person's messages, retries not counted."""
    tokens_in: int = 0
    """What clients sent. Requests that only count tokens are left out here and below."""
    tokens_out: int = 0
    """What left for the providers."""
    prompt: int = 0
    """Input tokens as the providers counted them."""
    cache_read: int = 0
    purse: Purse = field(default_factory=Purse)

    @property
    def saved(self) -> int:
        """Tokens kept off the wire; negative when notes added more than edits took."""
        return self.tokens_in - self.tokens_out

    @property
    def cache_share(self) -> float | None:
        """The part of all input that came from providers' caches."""
        return self.cache_read / self.prompt if self.prompt else None

    def add(self, row: Row, sign: int) -> None:
        """Count `row` in with `sign` 1, out with -1."""
        self.turns += sign * (row.kind == Kind.MAIN and not row.retry)
        if row.kind == Kind.COUNT:
            return
        self.tokens_in += sign * (row.tokens_in or 0)
        self.tokens_out += sign * (row.tokens_out or 0)
        self.prompt += sign * (row.prompt or 0)
        self.cache_read += sign * (row.cache_read or 0)
        self.purse.add(row, sign)


class LogModel:
    """Takes events in the order of the log. Keeps the newest `limit` rows."""

    def __init__(self, limit: int = 10_000, alive: Callable[[int], bool] = pid_alive) -> None:
        self.limit = limit
        self._alive = alive
        self.clear()

    def clear(self) -> None:
        """Forget everything: another log begins."""
        self.rows: list[Row] = []
        """Oldest first, by `number`."""
        self.health = Health(self._alive)
        self.totals = Totals()
        self._sessions: dict[str, Purse] = {}
        self._by_id: dict[str, Row] = {}
        self._next = 0
        self._arrivals: deque[float] = deque(maxlen=10_000)

    def apply(self, events: Iterable[Event]) -> Changes:
        """Take `events` in and say which rows that touched."""
        added: dict[str, Row] = {}
        changed: dict[str, Row] = {}
        for event in events:
            self.health.fold(event)
            if event.kind in (EventKind.STARTED, EventKind.STOPPED):
                changed.update({row.id: row for row in self.settle() if row.id not in added})
            if not event.exchange:
                continue
            row = self._by_id.get(event.exchange)
            if row is None:
                row = added[event.exchange] = self._new(event)
            elif row.id not in added:
                changed[row.id] = row
            self.totals.add(row, -1)
            self._pay(row, -1)
            fold(row, event)
            self.totals.add(row, 1)
            self._pay(row, 1)
        dropped = self._drop()
        gone = {row.id for row in dropped}
        return Changes(
            [row for row in added.values() if row.id not in gone],
            [row for row in changed.values() if row.id not in gone],
            [row for row in dropped if row.id not in added],
        )

    def settle(self) -> list[Row]:
        """Mark what was under way as lost, because the proxy ended. Gives the rows marked."""
        ended = [row for row in self._recent() if row.running]
        for row in ended:
            row.lost = True
            row.version += 1
        return ended

    def row(self, exchange: str) -> Row | None:
        """The row of an exchange. None: not in this log, or too old."""
        return self._by_id.get(exchange)

    def purse(self, row: Row) -> Purse:
        """The money of the session that `row` belongs to."""
        return self._sessions.get(row.session or row.conversation) or Purse()

    def index_of(self, row: Row) -> int:
        """Where `row` stands in `rows`."""
        return bisect_left(self.rows, row.number, key=lambda one: one.number)

    def earlier(self, row: Row) -> list[Row]:
        """The exchanges of the same conversation before `row`, newest first."""
        if not row.conversation:
            return []
        before = self.rows[: self.index_of(row)]
        return [one for one in reversed(before) if one.conversation == row.conversation]

    def per_minute(self, now: float) -> int:
        """Requests that came in the last minute."""
        recent = takewhile(lambda at: now - at < MINUTE, reversed(self._arrivals))
        return sum(at <= now for at in recent)

    def _pay(self, row: Row, sign: int) -> None:
        if row.baseline is not None:
            self._sessions.setdefault(row.session or row.conversation, Purse()).add(row, sign)

    def _new(self, event: Event) -> Row:
        row = Row(event.exchange, self._next, event.at)
        self._next += 1
        self._by_id[row.id] = row
        self.rows.append(row)
        self.totals.requests += 1
        self._arrivals.append(event.at)
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
        return dropped
