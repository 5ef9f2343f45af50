"""The dataclasses of jobs: `Job` with its states and progress (`JobProgress`), pages of jobs (`JobPage`), and the
numbers of a queue (`QueueStats`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

__all__ = ["ENDED", "STATES", "Job", "JobPage", "JobProgress", "JobState", "QueueStats"]

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]
STATES: tuple[JobState, ...] = get_args(JobState)
ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class JobProgress:
    """The progress of a job."""

    what: str
    """What it is doing."""
    done: int
    total: int | None = None
    """None: not known."""


@dataclass(frozen=True, slots=True)
class Job:
    """One job. Times are seconds since the epoch."""

    id: int
    queue: str
    kind: str
    payload: dict[str, Any]
    state: JobState
    tries: int
    """How often it was started."""
    run_after: float
    holder: str
    fence: int
    """Increases each time that a process starts it."""
    cancel: bool
    """Whether it was asked to end."""
    twin: str
    result: dict[str, Any] | None
    error: str
    """Why it failed, or why its last try did."""
    progress: JobProgress | None
    at: float
    started_at: float | None
    ended_at: float | None

    def eta(self, now: float) -> float | None:
        """When it will end at its speed so far, in seconds since the epoch; None if unknown."""
        far = self.progress
        if self.state != "running" or self.started_at is None or far is None or not far.total or not far.done:
            return None
        return now + (now - self.started_at) * max(0, far.total - far.done) / far.done


@dataclass(frozen=True, slots=True)
class JobPage:
    """A part of a list, the newest first."""

    items: list[Job]
    next: int | None
    """The `after` of what follows; None: this was all."""


@dataclass(frozen=True, slots=True)
class QueueStats:
    """How many jobs of a queue are in each state."""

    queue: str
    counts: dict[JobState, int]
    oldest_waiting_at: float | None
    """Since when the longest waiting due job has been due."""
