"""The JSON of the routes about jobs: pydantic models of bodies (`JobBody`) and answers (`JobAnswer`, `JobList`, …);
`job_answer`, `queue_line` and `scheduled_line` make answers of jobs, queues and schedules."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field, field_validator

from penstock.base.format import rfc3339
from penstock.jobs.jobs import SCHEDULED
from penstock.jobs.records import Job, JobState, QueueStats
from penstock.jobs.schedule import Scheduled
from penstock_service.http.body import Body

__all__ = [
    "AddedAnswer",
    "JobAnswer",
    "JobBody",
    "JobList",
    "QueueList",
    "ScheduleAnswer",
    "job_answer",
    "queue_line",
    "scheduled_line",
]

Word = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]*$")]


class JobBody(Body):
    """A job to run. `payload` as its type wants it; `run_after`: not before this time; `twin`: while one of this name
    waits or runs, no second is added."""

    job_type: Word
    queue_name: Word = ""
    payload: dict[str, Any] = Field(default_factory=dict)
    run_after: AwareDatetime | None = None
    twin: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")] = ""

    @field_validator("twin")
    @classmethod
    def _is_a_callers(cls, twin: str) -> str:
        if twin.startswith(SCHEDULED):
            raise ValueError(f"it begins with {SCHEDULED!r}, and those of the schedule begin so: choose another name")
        return twin


class AddedAnswer(BaseModel):
    """The number of the job; `new` is false where one of the same twin was there."""

    id: str
    new: bool


class ProgressLine(BaseModel):
    """How far a job is."""

    what: str
    done: int
    total: int | None


class JobAnswer(BaseModel):
    """A job."""

    id: str
    queue_name: str
    job_type: str
    payload: dict[str, Any]
    state: JobState
    tries: int
    progress: ProgressLine | None
    result: dict[str, Any] | None
    error: str | None
    """Why the job failed; while it waits, why its last try did."""
    eta: str | None
    twin: str
    cancelling: bool
    """Whether it runs, and was asked to end."""
    at: str
    run_after: str
    started_at: str | None
    ended_at: str | None


class JobList(BaseModel):
    """A page of jobs, the newest first; `next` is the `after` of the next one."""

    items: list[JobAnswer]
    next: str | None


class QueueLine(BaseModel):
    """The numbers of one queue."""

    queue_name: str
    waiting: int
    running: int
    done: int
    failed: int
    cancelled: int
    oldest_waiting_at: str | None


class QueueList(BaseModel):
    """The numbers of every queue."""

    queues: list[QueueLine]


class ScheduledLine(BaseModel):
    """One periodic job."""

    job_type: str
    every_s: float
    last_id: str | None
    last_state: JobState | None
    last_at: str | None
    next_at: str


class ScheduleAnswer(BaseModel):
    """Whether this process runs jobs, and which ones it adds by itself."""

    running: bool
    jobs: list[ScheduledLine]


def job_answer(job: Job, now: float) -> dict[str, Any]:
    """A job as the JSON of `JobAnswer`."""
    far = job.progress
    return {
        "id": str(job.id),
        "queue_name": job.queue,
        "job_type": job.kind,
        "payload": job.payload,
        "state": job.state,
        "tries": job.tries,
        "progress": None if far is None else {"what": far.what, "done": far.done, "total": far.total},
        "result": job.result,
        "error": job.error or None,
        "eta": _time(job.eta(now)),
        "twin": job.twin,
        "cancelling": job.cancel and job.state == "running",
        "at": rfc3339(job.at),
        "run_after": rfc3339(job.run_after),
        "started_at": _time(job.started_at),
        "ended_at": _time(job.ended_at),
    }


def queue_line(stats: QueueStats) -> dict[str, Any]:
    """A queue's numbers as the JSON of `QueueLine`."""
    line: dict[str, Any] = {"queue_name": stats.queue, "oldest_waiting_at": _time(stats.oldest_waiting_at)}
    return line | dict(stats.counts)


def scheduled_line(one: Scheduled) -> dict[str, Any]:
    """A periodic job as the JSON of `ScheduledLine`."""
    last = one.last
    return {
        "job_type": one.periodic.kind,
        "every_s": one.periodic.every_s,
        "last_id": None if last is None else str(last.id),
        "last_state": None if last is None else last.state,
        "last_at": None if last is None else rfc3339(last.at),
        "next_at": rfc3339(one.next_at),
    }


def _time(at: float | None) -> str | None:
    return None if at is None else rfc3339(at)
