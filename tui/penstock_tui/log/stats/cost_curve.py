"""`CostCurve`: dollars paid over time, and dollars without Penstock (`CostPoint`), at 256 points at most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from penstock.conversation.exchange import Kind
from penstock.events.event import Event, EventKind
from penstock.events.response_events import KeptAliveEvent
from penstock_tui.log.row import Row

__all__ = ["CostCurve", "CostPoint"]

MOST = 256
"""Spans of time. When there are more, each becomes twice as long."""


@dataclass(frozen=True, slots=True)
class CostPoint:
    """Dollars from the beginning of the log up to a moment."""

    at: float
    baseline: float
    """Dollars without Penstock."""
    paid: float


class CostCurve:
    """Bounded: as large after a year as after an hour."""

    KINDS = (EventKind.ANSWERED, EventKind.KEPT_ALIVE)

    def __init__(self) -> None:
        self._span = 1.0
        self._sums: dict[int, tuple[float, float]] = {}

    def fold(self, event: Event, row: Row | None) -> None:
        """Add the cost of a request. Requests that only count tokens are left out."""
        said = event.data
        if isinstance(said, KeptAliveEvent):
            self._add(event.at, 0.0, said.usd or 0.0)
        elif row is not None and row.kind != Kind.COUNT and row.money is not None and row.money.is_known:
            self._add(event.at, row.money.baseline or 0.0, row.money.spent)

    def _add(self, at: float, baseline: float, paid: float) -> None:
        place = int(at // self._span)
        before = self._sums.get(place, (0.0, 0.0))
        self._sums[place] = before[0] + baseline, before[1] + paid
        while len(self._sums) > MOST:
            self._span, sums = self._span * 2, self._sums
            self._sums = {}
            for old, (more_baseline, more_paid) in sums.items():
                baseline, paid = self._sums.get(old // 2, (0.0, 0.0))
                self._sums[old // 2] = baseline + more_baseline, paid + more_paid

    def points(self) -> list[CostPoint]:
        """A point for each interval in which something was paid, the oldest first."""
        places = sorted(self._sums)
        baselines = accumulate(self._sums[place][0] for place in places)
        paid = accumulate(self._sums[place][1] for place in places)
        return [
            CostPoint((place + 1) * self._span, *sums)
            for place, sums in zip(places, zip(baselines, paid, strict=True), strict=True)
        ]

    def sampled(self, width: int) -> Iterator[CostPoint]:
        """The sums at `width` evenly spaced moments, from the first point to the last."""
        points = self.points()
        if not points or width <= 0:
            return
        first, last, at = points[0].at, points[-1].at, 0
        for cell in range(width):
            moment = first + (last - first) * cell / max(width - 1, 1)
            while at + 1 < len(points) and points[at + 1].at <= moment:
                at += 1
            yield points[at] if cell < width - 1 else points[-1]
