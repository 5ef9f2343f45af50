"""`Clock`: the interface by which the engine, the event log, the contexts and the screen ask for the time.
`SystemClock` is the machine's; `ManualClock` stands still until it is moved, for tests, replays and benchmarks."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """The interface of clocks."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def tick(self) -> float:
        """Seconds on a clock that never goes back, for durations."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        return time.time()

    def tick(self) -> float:
        return time.perf_counter()


@dataclass
class ManualClock:
    """A clock that stands still until `advance` moves it, for tests and replays."""

    at: float = field(default=1_700_000_000.0)
    """Seconds since the epoch."""

    def now(self) -> float:
        return self.at

    def tick(self) -> float:
        return self.at

    def advance(self, seconds: float) -> None:
        """Move the clock on by `seconds`."""
        self.at += seconds
