"""What answered requests came to, by the minute."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from penstock.conversation.exchange import Kind
from penstock.events.event import Event, EventKind
from penstock_tui.log.row import Row

__all__ = ["Minute", "MinuteSums"]

MINUTE = 60.0
MINUTES = 180
"""Kept."""


@dataclass(slots=True)
class Minute:
    """Sums over the answers of one minute of the clock."""

    sent: int = 0
    """Tokens as they left."""
    prompt: int = 0
    """Input tokens as the providers counted them."""
    cache_read: int = 0

    @property
    def cache_share(self) -> float | None:
        """The part of the input that came from providers' caches. None: no provider told."""
        return self.cache_read / self.prompt if self.prompt else None


class MinuteSums:
    """The newest minutes; bounded however long the log is."""

    KINDS = (EventKind.ANSWERED,)

    def __init__(self) -> None:
        self._minutes: OrderedDict[int, Minute] = OrderedDict()

    def fold(self, event: Event, row: Row | None) -> None:
        """Count an answer in. Requests that only count tokens are left out."""
        if row is None or row.kind == Kind.COUNT:
            return
        sums = self._minutes.setdefault(int(event.at // MINUTE), Minute())
        sums.sent += row.tokens_out or 0
        sums.prompt += row.usage.prompt or 0
        sums.cache_read += row.usage.cache_read or 0
        while len(self._minutes) > MINUTES:
            self._minutes.popitem(last=False)

    def minutes(self, now: float, count: int = 60) -> list[Minute]:
        """Each of the last `count` minutes, oldest first; the last is the present one."""
        this = int(now // MINUTE)
        return [self._minutes.get(minute) or Minute() for minute in range(this - count + 1, this + 1)]
