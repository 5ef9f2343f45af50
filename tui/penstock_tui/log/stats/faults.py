"""`Faults`: counts the faults of each part of the proxy since it started (`Fault`), with the newest error; at most 50
parts."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.base.readable import one_line
from penstock.events.event import Event, EventKind
from penstock.events.proxy_events import FaultEvent
from penstock_tui.log.row import Row

__all__ = ["Fault", "Faults"]

PARTS = 50


@dataclass(slots=True)
class Fault:
    """The faults of one part of the proxy."""

    count: int
    at: float
    """When the newest fault happened."""
    error: str
    """The text of the newest fault."""


class Faults:
    """The faults of each part of the proxy (store, memory, check, ...), as the log names it."""

    KINDS = (EventKind.STARTED, EventKind.FAULT)

    def __init__(self) -> None:
        self.by_part: dict[str, Fault] = {}

    def fold(self, event: Event, _row: Row | None) -> None:
        """Take in an event of one of `KINDS`."""
        said = event.data
        if not isinstance(said, FaultEvent):
            self.by_part.clear()
            return
        where = one_line(said.where, 60) or "not said"
        known = self.by_part.get(where)
        if known is None and len(self.by_part) >= PARTS:
            return
        self.by_part[where] = Fault((known.count if known else 0) + 1, event.at, one_line(said.error, 300))

    def of(self, part: str) -> Fault | None:
        """The faults of a part. None: it had none."""
        return self.by_part.get(part)
