"""`JobEngine`: the jobs of one service, put together: the table, the kinds, the schedule and the threads."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from penstock.jobs.backup_handlers import backup_schedule
from penstock.jobs.handlers import job_kinds
from penstock.jobs.jobs import Jobs
from penstock.jobs.kinds import JobKinds
from penstock.jobs.runner import JobRunner
from penstock.jobs.schedule import Periodic, Schedule
from penstock.transfer.importing import MemoryDo
from penstock_service.http.parts import Parts

__all__ = ["JobEngine", "JobEngineOf", "running_jobs"]

PRUNE_EVERY_S = 86_400.0


@dataclass(frozen=True)
class JobEngine:
    """What the calls about jobs work on. They find it by `JobEngineOf`."""

    jobs: Jobs
    kinds: JobKinds
    schedule: Schedule
    runner: JobRunner

    @classmethod
    def of(cls, parts: Parts, memory: MemoryDo) -> JobEngine:
        """The engine beside the store of `parts`; `runner` is not started yet. `memory` carries memory commands out.
        Raises `StoreError`."""
        jobs = Jobs(parts.store.parent / "jobs.db", parts.contexts.clock)
        kinds = job_kinds(jobs, parts.contexts, parts.store, memory)
        schedule = Schedule(jobs, kinds, [Periodic("prune", PRUNE_EVERY_S), *backup_schedule()])
        return cls(jobs, kinds, schedule, JobRunner(jobs, kinds, schedule))

    def close(self) -> None:
        """End the threads and let the file go."""
        self.runner.close()
        self.jobs.close()


@asynccontextmanager
async def running_jobs(app: FastAPI) -> AsyncIterator[None]:
    """Runs the jobs of an application for as long as that runs. To be entered after the memory, which they use: then
    they end before it is let go."""
    engine: JobEngine = app.state.jobs
    engine.runner.start()
    try:
        yield
    finally:
        await run_in_threadpool(engine.close)


async def _engine(connection: HTTPConnection) -> JobEngine:  # async: a plain function would cost a change of threads
    engine: JobEngine = connection.app.state.jobs
    return engine


JobEngineOf = Annotated[JobEngine, Depends(_engine)]
