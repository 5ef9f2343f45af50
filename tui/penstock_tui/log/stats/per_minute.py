"""`RequestRate`: requests per minute. `MinuteSums`: tokens and cache share of the answers of each minute (`Minute`).
Both keep the last 180 minutes."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import takewhile

from penstock.conversation.exchange import Kind
from penstock.events.event import Event, EventKind
from penstock_tui.log.row import Row

__all__ = ["Minute", "MinuteSums", "RequestRate"]

MINUTE = 60.0
MINUTES = 180
"""Kept. Events of different threads come a little out of order; hours apart they do not."""


@dataclass(slots=True)
class Minute:
    """Sums over the answers of one clock minute."""

    sent: int = 0
    """Tokens as forwarded."""
    prompt: int = 0
    """Input tokens as the providers counted them."""
    cache_read: int = 0

    @property
    def cache_share(self) -> float | None:
        """The share of input tokens that came from providers' caches. None: no provider reported it."""
        return self.cache_read / self.prompt if self.prompt else None


class MinuteSums:
    """The latest minutes; bounded however long the log is."""

    KINDS = (EventKind.ANSWERED,)

    def __init__(self) -> None:
        self._minutes: OrderedDict[int, Minute] = OrderedDict()

    def fold(self, event: Event, row: Row | None) -> None:
        """Add an answer. Requests that only count tokens are left out."""
        if row is None or row.kind == Kind.COUNT:
            return
        sums = self._minutes.setdefault(int(event.at // MINUTE), Minute())
        read, prompt = row.cached
        sums.sent += row.traffic[1]
        sums.prompt += prompt
        sums.cache_read += read
        while len(self._minutes) > MINUTES:
            self._minutes.popitem(last=False)

    def minutes(self, now: float, count: int = 60) -> list[Minute]:
        """Each of the last `count` minutes, oldest first; the last is the current one."""
        this = int(now // MINUTE)
        return [self._minutes.get(minute) or Minute() for minute in range(this - count + 1, this + 1)]


class RequestRate:
    """Counts arrivals; bounded however many there are."""

    def __init__(self) -> None:
        self._minutes: OrderedDict[int, int] = OrderedDict()
        self._arrivals: deque[float] = deque(maxlen=10_000)

    def count(self, at: float) -> None:
        """Count a request that arrived."""
        minute = int(at // MINUTE)
        self._minutes[minute] = self._minutes.get(minute, 0) + 1
        while len(self._minutes) > MINUTES:
            self._minutes.popitem(last=False)
        self._arrivals.append(at)

    def per_minute(self, now: float) -> int:
        """Requests that arrived in the last minute."""
        recent = takewhile(lambda at: now - at < MINUTE, reversed(self._arrivals))
        return sum(at <= now for at in recent)

    def minutes(self, now: float, count: int = 60) -> list[int]:
        """Requests in each of the last `count` clock minutes, oldest first; the last is the current one."""
        this = int(now // MINUTE)
        return [self._minutes.get(minute, 0) for minute in range(this - count + 1, this + 1)]
