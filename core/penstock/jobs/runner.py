"""`JobRunner`: the threads of a service that run its jobs, one for each queue, and one that marks running jobs as alive
and adds the periodic jobs that are due."""

from __future__ import annotations

import logging
import secrets
import threading

from penstock.base.errors import PenstockError, StoreError
from penstock.base.recurring_fault import RecurringFault
from penstock.jobs.errors import JobCallError, JobFailed
from penstock.jobs.jobs import DEAD_S, Jobs
from penstock.jobs.kinds import JobKinds
from penstock.jobs.progress import Progress, Stopped
from penstock.jobs.records import Job
from penstock.jobs.schedule import Schedule

__all__ = ["JobRunner"]

logger = logging.getLogger(__name__)

_POLL_S = 1.0
"""Seconds between two checks for due jobs and for jobs that another process has added."""
_BEAT_S = DEAD_S / 6
_CLOSE_S = 5.0
"""Seconds for which `close` waits for a handler's next step."""


class JobRunner:
    """Runs jobs, one at a time of each queue. `start` and `close` are called once; `step` and `beat` are what the
    threads do."""

    def __init__(self, jobs: Jobs, kinds: JobKinds, schedule: Schedule) -> None:
        self._jobs, self._kinds, self._schedule = jobs, kinds, schedule
        self._holder = secrets.token_hex(8)
        self._running: dict[str, Progress] = {}
        self._closing = threading.Event()
        self._wakes = {queue: threading.Event() for queue in kinds.queues}
        self._threads = [
            threading.Thread(target=self._work, args=(queue,), name=f"penstock-jobs-{queue}", daemon=True)
            for queue in kinds.queues
        ] + [threading.Thread(target=self._look_after, name="penstock-jobs", daemon=True)]
        self._has_started = False
        self._waiting = RecurringFault(logger, "jobs wait: %s")
        self._neglected = RecurringFault(logger, "jobs cannot be looked after: %s")
        jobs.listen(self._wake)

    @property
    def is_up(self) -> bool:
        """Whether jobs are being run by this process."""
        return self._has_started and not self._closing.is_set()

    def start(self) -> None:
        """Begin to run jobs."""
        self._has_started = True
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Ask running jobs to end at their next step; they are put back. Returns after 5 seconds at most."""
        self._closing.set()
        for progress in tuple(self._running.values()):
            progress.stop("closing")
        self._wake()
        if self._has_started:
            for thread in self._threads:
                thread.join(_CLOSE_S / len(self._threads))

    def step(self, queue: str) -> bool:
        """Run the next due job of a queue to its end; False: there was none. Raises `StoreError`."""
        job = self._jobs.take(queue, self._holder)
        if job is None:
            return False
        progress = self._running[queue] = Progress(self._jobs, job)
        if self._closing.is_set():
            progress.stop("closing")
        try:
            self._run(job, progress)
        finally:
            del self._running[queue]
        return True

    def beat(self) -> None:
        """Note that this process is alive for each job it runs, and learn which must end. Raises `StoreError`."""
        for progress in tuple(self._running.values()):
            progress.beat()

    def _run(self, job: Job, progress: Progress) -> None:
        try:
            progress.check()
            result = self._kinds.run(job, progress)
        except Stopped as e:
            if e.reason == "cancelled":
                self._jobs.stopped(job)
            elif e.reason == "closing":
                self._jobs.release(job)
        except (JobFailed, JobCallError) as e:
            self._jobs.fail(job, str(e), again=False)
        except PenstockError as e:
            self._jobs.fail(job, str(e), again=True)
        except Exception as e:  # a handler's bug, or a library's
            logger.exception("job %d (%s) failed", job.id, job.kind)
            self._jobs.fail(job, f"{type(e).__name__}: {e}", again=True)
        else:
            if not self._jobs.finish(job, result):
                logger.warning("job %d (%s) was taken over by another process meanwhile", job.id, job.kind)

    def _work(self, queue: str) -> None:
        wake = self._wakes[queue]
        while not self._closing.is_set():
            wake.clear()
            try:
                while not self._closing.is_set() and self.step(queue):
                    pass
                self._waiting.over()
            except StoreError as e:
                self._waiting.met(e)
            wake.wait(_POLL_S)

    def _look_after(self) -> None:
        while not self._closing.wait(_BEAT_S):
            try:
                self.beat()
                self._schedule.add_due()
                self._neglected.over()
            except PenstockError as e:
                self._neglected.met(e)

    def _wake(self) -> None:
        for wake in self._wakes.values():
            wake.set()
