"""The route `POST /v1/ingest` (`ingest`), which adds materials to memory: at once, as a background job, or as one job
over a body of many lines (NDJSON; `ingest_lines` checks every line first). Raises `InvalidContext` for a wrong line,
`StoreError` where the upload cannot be kept."""

from __future__ import annotations

import time
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from penstock.base.errors import StoreError
from penstock.contexts.errors import InvalidContext
from penstock.control.memory_ingest import check_size
from penstock.jobs.transfer_handlers import uploads_of
from penstock.transfer.ingest_lines import BadIngest, read_ingest
from penstock.transfer.uploads import Uploads
from penstock_service.http.calls import json_answer
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import PartsOf
from penstock_service.jobs.engine import JobEngine, JobEngineOf
from penstock_service.memory import schemas
from penstock_service.memory.calls import MemoryCall, MemoryCalls
from penstock_service.transfer.uploads import NDJSON, received

__all__ = ["lines_router", "router"]

_DAY_S = 86_400.0
_LINES: dict[str, Any] = {"requestBody": {"content": {NDJSON: {"schema": {"type": "string"}}}}}


class _LinesRoute(APIRoute):
    """Takes bodies of NDJSON alone; others go to the next route of the path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        is_lines = match is Match.NONE or NDJSON in Headers(scope=scope).get("content-type", "").lower()
        return (match if is_lines else Match.NONE), child


lines_router = APIRouter(prefix="/v1", tags=["memory"], route_class=_LinesRoute)
"""The route for NDJSON. It must be included before `router`, which describes its call, too."""
router = APIRouter(prefix="/v1", tags=["memory"], responses=error_responses())


@lines_router.post("/ingest", include_in_schema=False)
async def ingest_lines(request: Request, call: MemoryCalls, parts: PartsOf, engine: JobEngineOf) -> Response:
    """Add a job over many lines, after checking every line."""
    uploads = uploads_of(parts.store)
    name = await received(request, uploads)
    try:
        accepted = await run_in_threadpool(_checked, uploads, name, call)
        return await run_in_threadpool(_added, call, engine, name, accepted)
    except BaseException:
        uploads.remove(name)
        raise


@router.post(
    "/ingest",
    status_code=202,
    response_model=schemas.AcceptedAnswer,
    responses={200: {"model": schemas.IngestAnswer}},
    openapi_extra=_LINES,
)
def ingest(body: schemas.IngestBody, call: MemoryCalls, parts: PartsOf, engine: JobEngineOf) -> Response:
    """Remember materials of a thread, each split as what it is: messages, files of a diff, warnings and errors of a
    log, sections of a document. Secrets are taken out. What is known already is not kept twice. Answers a job; with
    `wait` what became of each part. As NDJSON: a body without `wait` on each line, and a job over all of them."""
    if body.wait:
        said = body.model_dump(exclude_unset=True, exclude={"wait", "project"})
        return json_answer(call.do("ingest", body.project, expires_at=_expires_at(call), **said))
    check_size(body.materials)
    call.project(body.project)
    uploads = uploads_of(parts.store)
    try:
        name, file = uploads.create()
        with file:
            file.write(body.model_dump_json(exclude_unset=True, exclude={"wait"}).encode() + b"\n")
    except OSError as e:
        raise StoreError(f"the materials cannot be kept: {e}") from e
    try:
        return _added(call, engine, name, 1)
    except BaseException:
        uploads.remove(name)
        raise


def _added(call: MemoryCall, engine: JobEngine, upload: str, lines: int) -> Response:
    payload = {"upload": upload, "project": call.workspace, "lines": lines, "expires_at": _expires_at(call)}
    job, _ = engine.kinds.add(engine.jobs, "ingest", payload)
    return JSONResponse({"job": str(job.id), "accepted": lines}, 202)


def _checked(uploads: Uploads, name: str, call: MemoryCall) -> int:
    """How many lines there are. Raises `InvalidContext` at the first that is wrong, `NotFound` at the first about a
    project that the caller may not name, and `StoreError`."""
    try:
        with uploads.open(name) as source:
            count = sum(bool(call.project(line.project)) for line in read_ingest(source))
    except BadIngest as e:
        raise InvalidContext(str(e)) from e
    except OSError as e:
        raise StoreError(f"the materials cannot be read: {e}. Send them again") from e
    if not count:
        raise InvalidContext('there is no line: `{"thread_id": …, "materials": …}` was expected on each')
    return count


def _expires_at(call: MemoryCall) -> float:
    return time.time() + call.reach.profile.memory.expiry_days * _DAY_S
