"""`JobEngine`: puts the background jobs of one service together: the table, the kinds of jobs, the schedule and the
threads. Routes get it as the FastAPI dependency `JobEngineOf`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from penstock.jobs.backup_handlers import backup_schedule
from penstock.jobs.handlers import job_kinds
from penstock.jobs.jobs import Jobs
from penstock.jobs.kinds import JobKinds
from penstock.jobs.runner import JobRunner
from penstock.jobs.schedule import Periodic, Schedule
from penstock.transfer.importing import MemoryDo
from penstock_service.http.route_dependencies import Parts

__all__ = ["JobEngine", "JobEngineOf"]

DAY_S = 86_400.0


@dataclass(frozen=True)
class JobEngine:
    """What the routes about jobs work on. They get it as the dependency `JobEngineOf`."""

    jobs: Jobs
    kinds: JobKinds
    schedule: Schedule
    runner: JobRunner

    @classmethod
    def of(cls, parts: Parts, memory: MemoryDo) -> JobEngine:
        """The engine beside the store of `parts`; `runner` is not started yet. `memory` carries memory commands out.
        Raises `StoreError` and `ProfileError`."""
        jobs = Jobs.beside(parts.store, parts.contexts.clock)
        kinds = job_kinds(jobs, parts.contexts, parts.store, memory, parts.settings)
        daily = [Periodic("prune", DAY_S), Periodic("sync_models", DAY_S)]
        schedule = Schedule(jobs, kinds, [*daily, *backup_schedule(parts.settings)])
        return cls(jobs, kinds, schedule, JobRunner(jobs, kinds, schedule))

    def close(self) -> None:
        """End the threads and close the file of jobs."""
        self.runner.close()
        self.jobs.close()


async def _engine(connection: HTTPConnection) -> JobEngine:  # async: a plain function would cost a change of threads
    engine: JobEngine = connection.app.state.jobs
    return engine


JobEngineOf = Annotated[JobEngine, Depends(_engine)]
