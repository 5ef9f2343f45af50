"""`Schedule`: adds periodic jobs (`Periodic`) when they are due, and lists them with their last and next run
(`Scheduled`). The last run is read from the table of jobs, so a restart neither forgets nor repeats one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from penstock.jobs.jobs import SCHEDULED, Jobs
from penstock.jobs.kinds import JobKinds
from penstock.jobs.records import Job

__all__ = ["Periodic", "Schedule", "Scheduled"]


@dataclass(frozen=True)
class Periodic:
    """A job that is added every `every_s` seconds."""

    kind: str
    every_s: float
    payload: dict[str, Any] = field(default_factory=dict)

    @property
    def twin(self) -> str:
        """The twin of its jobs: while one waits or runs, no second is added."""
        return f"{SCHEDULED}{self.kind}"


@dataclass(frozen=True)
class Scheduled:
    """One line of the schedule."""

    periodic: Periodic
    last: Job | None
    next_at: float
    """When it is added next, in seconds since the epoch."""


class Schedule:
    """The periodic jobs of one service. Raises `StoreError`."""

    def __init__(self, jobs: Jobs, kinds: JobKinds, periodic: Sequence[Periodic]) -> None:
        self._jobs, self._kinds, self._periodic = jobs, kinds, periodic

    def state(self) -> list[Scheduled]:
        """Each periodic job with its last run and the time of the next. One that never ran is due at once."""
        now, found = self._jobs.clock.now(), []
        for one in self._periodic:
            last = self._jobs.last(one.twin)
            found.append(Scheduled(one, last, now if last is None else last.at + one.every_s))
        return found

    def add_due(self) -> None:
        """Add the jobs that are due."""
        for one in self.state():
            if one.next_at <= self._jobs.clock.now():
                self._kinds.add(self._jobs, one.periodic.kind, one.periodic.payload, twin=one.periodic.twin)
