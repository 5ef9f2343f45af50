"""`lags_of`: how far each broker is behind a log, whether its relay runs or not."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from penstock.store.reading import open_log
from penstock_service.relay.cloud_events import KINDS
from penstock_service.relay.position import positions_of

__all__ = ["LATE_S", "Lag", "lags_of"]

LATE_S = 60.0
"""Seconds that an event may wait before its broker counts as degraded."""


@dataclass(frozen=True, slots=True)
class Lag:
    """What one broker has not got yet."""

    broker: str
    """Its address and topic, without credentials."""
    events: int
    """About how many events wait."""
    seconds: float
    """For how long the oldest of them does."""

    @property
    def is_late(self) -> bool:
        """Whether its relay does not keep up, or does not run."""
        return self.seconds > LATE_S


def lags_of(store: Path) -> list[Lag]:
    """The lag of each broker that a relay has published this log to. Raises `PenstockError` where the log or a position
    cannot be read."""
    if not store.exists():
        return []
    with closing(open_log(store)) as log:
        out = []
        for broker, cursor in sorted(positions_of(store, log).items()):
            oldest = log.events_after(cursor, 1, KINDS)
            waiting = log.count_after(cursor) if oldest else 0
            out.append(Lag(broker, waiting, max(0.0, time.time() - oldest[0].at) if oldest else 0.0))
        return out
