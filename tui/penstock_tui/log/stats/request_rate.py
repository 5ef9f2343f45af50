"""Requests by the minute."""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import takewhile

__all__ = ["RequestRate"]

MINUTE = 60.0
MINUTES = 180
"""Kept. Events of different threads come a little out of order; hours apart they do not."""


class RequestRate:
    """Counts arrivals; bounded however many come."""

    def __init__(self) -> None:
        self._minutes: OrderedDict[int, int] = OrderedDict()
        self._arrivals: deque[float] = deque(maxlen=10_000)

    def count(self, at: float) -> None:
        """A request came."""
        minute = int(at // MINUTE)
        self._minutes[minute] = self._minutes.get(minute, 0) + 1
        while len(self._minutes) > MINUTES:
            self._minutes.popitem(last=False)
        self._arrivals.append(at)

    def per_minute(self, now: float) -> int:
        """Requests that came in the last minute."""
        recent = takewhile(lambda at: now - at < MINUTE, reversed(self._arrivals))
        return sum(at <= now for at in recent)

    def minutes(self, now: float, count: int = 60) -> list[int]:
        """Requests in each of the last `count` minutes of the clock, oldest first; the last is the present one."""
        this = int(now // MINUTE)
        return [self._minutes.get(minute, 0) for minute in range(this - count + 1, this + 1)]
