"""`Jobs`: the table of jobs in a SQLite file or a PostgreSQL database, which several processes may use. It adds, lists,
cancels and prunes jobs, assigns the next due one to a process, and notes progress and results. A job that fails for a
reason that may pass is tried up to five times; `retry_wait`: how long it waits in between. `runner.py` runs jobs.

A job is run by the process that took it, its holder, which says now and then that it lives. One that has been silent
for too long is taken to be dead: another process takes the job under a higher fence, and whatever the old holder says
later is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from penstock.base.clock import Clock, SystemClock
from penstock.base.shared_tables import TableSet, open_tables
from penstock.base.store_url import url_in
from penstock.jobs.errors import NoJob
from penstock.jobs.records import ENDED, STATES, Job, JobPage, JobProgress, JobState, QueueStats
from penstock.jobs.schema import jobs, metadata

__all__ = ["DEAD_S", "FILE_NAME", "MAX_TRIES", "SCHEDULED", "TABLES", "Jobs", "retry_wait"]

logger = logging.getLogger(__name__)

FILE_NAME = "jobs.db"
"""Beside the proxy's store."""
DEAD_S = 30.0
"""Seconds of silence after which a job's holder is taken to be dead."""
SCHEDULED = "schedule:"
"""The prefix of `twin` of scheduled jobs, which callers must not use."""
MAX_TRIES = 5
"""Attempts before a job counts as failed."""
_FIRST_WAIT_S, _GROWTH = 10.0, 4.0
_LONGEST_ERROR = 4_000
_LAST = 2**63 - 1
"""The largest number that the database can be asked for."""
TABLES = TableSet("jobs", Path(__file__).parent / "migrations", metadata)
_c = jobs.c


def retry_wait(tries: int) -> float:
    """Seconds until the next attempt, after so many have failed: 10, 40, 160, 640."""
    return float(_FIRST_WAIT_S * _GROWTH ** (tries - 1))


class Jobs:
    """The jobs. Any thread may call. Every method raises `StoreError` when they cannot be read or written."""

    def __init__(self, path: Path, clock: Clock | None = None, url: str = "") -> None:
        """Those in the file at `path`, or in the database at `url`. Made where there are none."""
        self.path = path
        self.clock = clock or SystemClock()
        self._listeners: list[Callable[[], None]] = []
        self._tables = open_tables(path, TABLES, url)
        self.close = self._tables.close

    @classmethod
    def beside(cls, store: Path, clock: Clock | None = None) -> Jobs:
        """The jobs of a proxy's store: in the database that `store` names, else in the file beside it."""
        return cls(store.parent / FILE_NAME, clock, url_in(store))

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after this process has added or cancelled a job. It must be quick."""
        self._listeners.append(listener)

    # for callers

    def add(
        self, queue: str, kind: str, payload: Mapping[str, Any], *, run_after: float | None = None, twin: str = ""
    ) -> tuple[Job, bool]:
        """Add a job. Returns it and True; if a job with the same `twin` waits or runs already, that one and False."""
        now = self.clock.now()
        values = {"queue": queue, "kind": kind, "payload": dict(payload), "twin": twin, "at": now}
        fresh = {"state": "waiting", "tries": 0, "holder": "", "fence": 0, "cancel": False, "error": ""}
        with self._tables.writing() as db:
            known = self._open_twin(db, twin) if twin else None
            if known is not None:
                return known, False
            added = jobs.insert().values(**values, **fresh, run_after=now if run_after is None else run_after)
            job = _job(db.execute(added.returning(*_c)).one())
        self._tell()
        return job, True

    def get(self, number: int) -> Job:
        """One job. Raises `NoJob`."""
        with self._tables.reading() as db:
            return self._find(db, number)

    def page(self, state: JobState | None = None, *, limit: int = 50, after: int | None = None) -> JobPage:
        """Jobs, the newest first. `after`: the `next` of the page before."""
        wanted = jobs.select().order_by(_c.id.desc()).limit(limit + 1)
        if state is not None:
            wanted = wanted.where(_c.state == state)
        if after is not None:
            wanted = wanted.where(_c.id < min(after, _LAST))
        with self._tables.reading() as db:
            rows = db.execute(wanted).all()
        return JobPage([_job(row) for row in rows[:limit]], rows[limit - 1].id if len(rows) > limit else None)

    def cancel(self, number: int) -> Job:
        """Cancel a waiting job at once, and ask a running one to end; an ended one is unchanged. Raises `NoJob`."""
        with self._tables.writing() as db:
            job = self._find(db, number)
            if job.state == "waiting":
                self._end(db, number, "cancelled", cancel=True)
            elif job.state == "running":
                self._set(db, number, cancel=True)
            job = self._find(db, number)
        self._tell()
        return job

    def stats(self) -> list[QueueStats]:
        """The numbers of every queue that has jobs, by name."""
        now = self.clock.now()
        due = sa.func.min(sa.case((_c.state == "waiting", _c.run_after)))
        counted = sa.select(_c.queue, _c.state, sa.func.count(), due).group_by(_c.queue, _c.state)
        found: dict[str, tuple[dict[JobState, int], list[float]]] = {}
        with self._tables.reading() as db:
            for queue, state, count, oldest in db.execute(counted.order_by(_c.queue)):
                counts, since = found.setdefault(queue, (dict.fromkeys(STATES, 0), []))
                counts[state] = count
                since += [oldest] if oldest is not None and oldest <= now else []
        return [QueueStats(queue, counts, min(since, default=None)) for queue, (counts, since) in found.items()]

    def last(self, twin: str) -> Job | None:
        """The newest job of this `twin`, whatever its state."""
        with self._tables.reading() as db:
            row = db.execute(jobs.select().where(_c.twin == twin).order_by(_c.id.desc()).limit(1)).first()
        return None if row is None else _job(row)

    def unfinished(self, kind: str) -> list[Job]:
        """The waiting and running jobs of a kind."""
        wanted = jobs.select().where((_c.kind == kind) & _c.state.in_(("waiting", "running")))
        with self._tables.reading() as db:
            return [_job(row) for row in db.execute(wanted).all()]

    def prune(self, before: float) -> int:
        """Delete jobs that ended before this time, except the newest of each scheduled one, by which the next run is
        determined. Returns how many."""
        # LIKE would take "Schedule:" for it, too
        is_scheduled = sa.func.substr(_c.twin, 1, len(SCHEDULED)) == SCHEDULED
        newest = sa.select(sa.func.max(_c.id)).where(is_scheduled).group_by(_c.twin)
        old = _c.state.in_(ENDED) & (_c.ended_at < before) & _c.id.not_in(newest)
        with self._tables.writing() as db:
            return db.execute(jobs.delete().where(old)).rowcount

    # for holders

    def take(self, queue: str, holder: str) -> Job | None:
        """Assign the next due job of a queue to `holder`, and return it; None: nothing is due, or one is running. A job
        whose holder is dead is due."""
        now = self.clock.now()
        dead = (_c.queue == queue) & (_c.state == "running") & (_c.heartbeat_at < now - DEAD_S)
        due = (_c.queue == queue) & (_c.state == "waiting") & (_c.run_after <= now)
        with self._tables.reading() as db:  # mostly there is nothing, and then no writer has to wait
            if db.execute(sa.select(_c.id).where(dead | due).limit(1)).first() is None:
                return None
        with self._tables.writing() as db:
            for lost in db.execute(jobs.select().where(dead)).all():
                self._bury(db, _job(lost))
            is_busy = sa.select(_c.id).where((_c.queue == queue) & (_c.state == "running"))
            if db.execute(is_busy.limit(1)).first() is not None:
                return None
            row = db.execute(jobs.select().where(due).order_by(_c.run_after, _c.id)).first()
            if row is None:
                return None
            begun = {"state": "running", "holder": holder, "fence": row.fence + 1, "tries": row.tries + 1}
            self._set(db, row.id, **begun, heartbeat_at=now, started_at=now, progress=None)
            return self._find(db, row.id)

    def beat(self, held: Job, progress: JobProgress | None = None) -> Job | None:
        """Note that the holder is alive, and its progress. Returns the job as it is now; None: another holder has
        it."""
        values: dict[str, Any] = {"heartbeat_at": self.clock.now()}
        if progress is not None:
            values["progress"] = asdict(progress)
        with self._tables.writing() as db:
            return self._find(db, held.id) if self._set_held(db, held, values) else None

    def finish(self, held: Job, result: Mapping[str, Any]) -> bool:
        """Mark the job as done. False: another holder has it, and nothing was changed. So it is for `fail`, `stopped`
        and `release`."""
        return self._end_held(held, "done", {"result": dict(result), "error": ""})

    def fail(self, held: Job, error: str, *, again: bool) -> bool:
        """Mark the job as failed. `again`: it waits for another try, unless it has had `MAX_TRIES`."""
        said = error[:_LONGEST_ERROR].replace("\0", "")
        if not again or held.tries >= MAX_TRIES:
            return self._end_held(held, "failed", {"error": said})
        return self._put_back(held, error=said, run_after=self.clock.now() + retry_wait(held.tries))

    def stopped(self, held: Job) -> bool:
        """Mark the job as cancelled, since it ended on request."""
        return self._end_held(held, "cancelled", {})

    def release(self, held: Job) -> bool:
        """Put the job back as if it had not been started, since the holder's process ends."""
        return self._put_back(held, tries=held.tries - 1)

    def _bury(self, db: sa.Connection, job: Job) -> None:
        """Put back a job whose holder is dead, or mark it as failed or cancelled."""
        logger.warning("job %d (%s): the process that ran it is gone", job.id, job.kind)
        if job.cancel:
            self._end(db, job.id, "cancelled")
        elif job.tries >= MAX_TRIES:
            self._end(db, job.id, "failed", error=f"the process that ran it ended before it did, {job.tries} times")
        else:
            self._set(db, job.id, state="waiting", holder="", fence=job.fence + 1)

    def _put_back(self, held: Job, **values: Any) -> bool:
        with self._tables.writing() as db:
            return self._set_held(db, held, {"state": "waiting", "holder": "", **values})

    def _end_held(self, held: Job, state: JobState, values: Mapping[str, Any]) -> bool:
        with self._tables.writing() as db:
            return self._set_held(db, held, {"state": state, "ended_at": self.clock.now(), **values})

    def _set_held(self, db: sa.Connection, held: Job, values: Mapping[str, Any]) -> bool:
        mine = (_c.id == held.id) & (_c.holder == held.holder) & (_c.fence == held.fence) & (_c.state == "running")
        return db.execute(jobs.update().where(mine).values(**values)).rowcount > 0

    def _end(self, db: sa.Connection, number: int, state: JobState, **values: Any) -> None:
        self._set(db, number, state=state, ended_at=self.clock.now(), **values)

    def _set(self, db: sa.Connection, number: int, **values: Any) -> None:
        db.execute(jobs.update().where(_c.id == number).values(**values))

    def _find(self, db: sa.Connection, number: int) -> Job:
        row = db.execute(jobs.select().where(_c.id == min(number, _LAST))).first()
        if row is None:
            raise NoJob(f"there is no job {number}; those that ended long ago are removed", "id")
        return _job(row)

    def _open_twin(self, db: sa.Connection, twin: str) -> Job | None:
        live = _c.state.in_(("waiting", "running"))
        row = db.execute(jobs.select().where((_c.twin == twin) & live)).first()
        return None if row is None else _job(row)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _job(row: sa.Row[Any]) -> Job:
    values = {name: row._mapping[name] for name in Job.__slots__}
    values["progress"] = None if row.progress is None else JobProgress(**row.progress)
    return Job(**values)
