"""`Progress`: with it the handler of a job reports how far it is (`update`), which raises `Stopped` if the job must
end; it also notes that the job's process is alive (`beat`)."""

from __future__ import annotations

import threading
from typing import Literal

from penstock.jobs.jobs import Jobs
from penstock.jobs.records import Job, JobProgress

__all__ = ["Progress", "StopReason", "Stopped"]

StopReason = Literal["cancelled", "closing", "lost"]
"""Why a job must stop: a person cancelled it; the process ends; another process has the job."""
_NOTED_S = 1.0
"""Seconds between two writes of the progress."""


class Stopped(Exception):
    """Raised inside a handler that must end. What it has done so far stays, so each step must be complete."""

    def __init__(self, reason: StopReason) -> None:
        super().__init__(reason)
        self.reason = reason


class Progress:
    """The progress of one job. The handler calls `update` after each step; other threads may call the rest."""

    def __init__(self, jobs: Jobs, job: Job) -> None:
        self._jobs, self.job = jobs, job
        self._reason: StopReason | None = None
        self._said: JobProgress | None = None
        self._noted: float | None = None
        self._lock = threading.Lock()

    def update(self, what: str, done: int, total: int | None = None) -> None:
        """Report the progress. Raises `Stopped` if the job must end."""
        self._said = JobProgress(what, done, total)
        now = self._jobs.clock.tick()
        if self._noted is None or now - self._noted >= _NOTED_S:
            self.beat()
        self.check()

    def check(self) -> None:
        """Raises `Stopped` if the job must end."""
        if self._reason is not None:
            raise Stopped(self._reason)

    def stop(self, reason: StopReason) -> None:
        """Make the handler end at its next step."""
        with self._lock:
            self._reason = self._reason or reason

    def beat(self) -> None:
        """Store that the holder is alive and its progress, and read whether the job must end. Raises `StoreError`."""
        self._noted = self._jobs.clock.tick()
        now = self._jobs.beat(self.job, self._said)
        if now is None:
            self.stop("lost")
        elif now.cancel:
            self.stop("cancelled")
