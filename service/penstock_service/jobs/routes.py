"""The routes about background jobs under `/v1/workers`: add, list, show and cancel jobs (`add`, `list_jobs`, `get`,
`cancel`); numbers by queue (`stats`); the `schedule`. Raises `NoJob` for an unknown number, `InvalidJob` for a wrong
time or payload."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse

from penstock.jobs.errors import InvalidJob, NoJob
from penstock.jobs.records import STATES, Job, JobState, QueueStats
from penstock_service.http.errors import error_responses
from penstock_service.http.key_checker import key_of
from penstock_service.jobs import schemas
from penstock_service.jobs.engine import JobEngine, JobEngineOf

__all__ = ["router"]

router = APIRouter(prefix="/v1/workers", tags=["jobs"], responses=error_responses())
Number = Annotated[str, Path(pattern=r"^[0-9]{1,18}$")]
_LATEST = 253_370_764_800.0
"""The year 9999: no calendar has later times."""


@router.get("/queues/stats", response_model=schemas.QueueList)
def stats(engine: JobEngineOf) -> JSONResponse:
    """Get how many jobs of each queue are in each state."""
    found = {one.queue: one for one in engine.jobs.stats()}
    empty = {name: QueueStats(name, dict.fromkeys(STATES, 0), None) for name in engine.kinds.queues}
    return JSONResponse({"queues": [schemas.queue_line(one) for _, one in sorted((empty | found).items())]})


@router.post("/jobs", status_code=202, response_model=schemas.AddedAnswer)
def add(body: schemas.JobBody, engine: JobEngineOf) -> JSONResponse:
    """Have a job run in the background."""
    job, is_new = engine.kinds.add(
        engine.jobs,
        body.job_type,
        body.payload,
        queue=body.queue_name,
        run_after=None if body.run_after is None else _seconds(body.run_after),
        twin=body.twin,
    )
    return JSONResponse({"id": str(job.id), "new": is_new}, 202)


@router.get("/jobs", response_model=schemas.JobList)
def list_jobs(
    engine: JobEngineOf,
    state: JobState | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    after: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$")] = None,
) -> JSONResponse:
    """Jobs, the newest first, a page at a time."""
    page = engine.jobs.page(state, limit=limit, after=None if after is None else int(after))
    now = engine.jobs.clock.now()
    items = [schemas.job_answer(job, now) for job in page.items]
    return JSONResponse({"items": items, "next": None if page.next is None else str(page.next)})


@router.get("/jobs/{id}", response_model=schemas.JobAnswer)
def get(id: Number, request: Request, engine: JobEngineOf) -> JSONResponse:
    """One job. With a key: an `ingest` of its workspace."""
    return JSONResponse(schemas.job_answer(_find(id, request, engine), engine.jobs.clock.now()))


@router.delete("/jobs/{id}", response_model=schemas.JobAnswer, responses={202: {"model": schemas.JobAnswer}})
def cancel(id: Number, request: Request, engine: JobEngineOf) -> JSONResponse:
    """End a waiting job at once; ask a running one to end at its next step (202). With a key: as for `GET`."""
    _find(id, request, engine)
    job = engine.jobs.cancel(int(id))
    return JSONResponse(
        schemas.job_answer(job, engine.jobs.clock.now()), status_code=202 if job.state == "running" else 200
    )


@router.get("/scheduler/status", response_model=schemas.ScheduleAnswer)
def schedule(engine: JobEngineOf) -> JSONResponse:
    """Get whether this process runs jobs, and which ones it adds by itself."""
    lines = [schemas.scheduled_line(one) for one in engine.schedule.state()]
    return JSONResponse({"running": engine.runner.is_up, "jobs": lines})


def _find(id: str, request: Request, engine: JobEngine) -> Job:
    """The job, where the caller may know of it: others are answered alike, there or not. Raises `NoJob`."""
    key = key_of(request)
    job = engine.jobs.get(int(id))
    if key is not None and (job.kind, job.payload.get("project")) != ("ingest", key.workspace):
        raise NoJob(f"there is no job {int(id)}; those that ended long ago are removed", "id")
    return job


def _seconds(at: datetime) -> float:
    """Seconds since the epoch. Raises `InvalidJob` for a time that is no time of a job."""
    try:
        found = at.timestamp()
    except (ValueError, OverflowError) as e:
        raise InvalidJob(f"run_after: {e}", "run_after") from e
    if found > _LATEST:
        raise InvalidJob(f"run_after is {at}: a time before the year 9999 was expected", "run_after")
    return max(0.0, found)
