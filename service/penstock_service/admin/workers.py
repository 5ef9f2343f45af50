"""The admin page about background jobs, for the owner: queues and jobs (`show`), and cancelling a job (`cancel`; raises
`InvalidJob` for a number that is none)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from penstock.jobs.errors import InvalidJob
from penstock.jobs.records import STATES, QueueStats
from penstock_service.admin.rendering import HOME, page, see
from penstock_service.admin.visits import Visits
from penstock_service.jobs.engine import JobEngineOf

__all__ = ["router"]

router = APIRouter(prefix="/workers")
_CALL = "/v1/workers/jobs"


@router.get("")
def show(visit: Visits, engine: JobEngineOf, after: Annotated[int | None, Query(ge=1, lt=2**63)] = None) -> Response:
    """Show queues and jobs. Queues without jobs are shown with zeros."""
    visit.check("GET", _CALL)
    empty = {name: QueueStats(name, dict.fromkeys(STATES, 0), None) for name in engine.kinds.queues}
    found = empty | {one.queue: one for one in engine.jobs.stats()}
    return page(
        visit,
        "workers.html",
        "Jobs",
        queues=[one for _, one in sorted(found.items())],
        states=STATES,
        is_up=engine.runner.is_up,
        jobs=engine.jobs.page(limit=50, after=after),
    )


@router.post("/cancel")
def cancel(visit: Visits, engine: JobEngineOf) -> Response:
    """Cancel a job."""
    visit.check("DELETE", f"{_CALL}/x")
    number = visit.text("id")
    if not number.isdecimal() or len(number) > 18:
        raise InvalidJob(f"{number[:40]!r} is no number of a job", "id")
    job = engine.jobs.cancel(int(number))
    visit.tell(f"Job {job.id} ends at its next step." if job.state == "running" else f"Job {job.id} is {job.state}.")
    return see(f"{HOME}/workers")
