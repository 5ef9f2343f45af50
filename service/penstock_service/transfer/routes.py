"""The routes `GET /v1/export` (`export_lines`) and `POST /v1/import` (`import_lines`, answers a job): contexts and
memory as NDJSON, a line at a time, so that neither is ever held in memory. Raises `InvalidContext` for a wrong line,
`StoreError` where the upload cannot be read."""

from __future__ import annotations

import tempfile
from typing import IO, Annotated, Any, cast

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from penstock.base.errors import MemoryDown, StoreError
from penstock.contexts.errors import InvalidContext
from penstock.contexts.importing import Onto
from penstock.jobs.transfer_handlers import uploads_of
from penstock.transfer.exporting import export
from penstock.transfer.lines import ExportWhat
from penstock.transfer.reading import BadExport, read_first
from penstock.transfer.uploads import Uploads
from penstock_service.http.calls import Call, call_of
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import PartsOf
from penstock_service.jobs.engine import JobEngineOf
from penstock_service.jobs.schemas import AddedAnswer
from penstock_service.transfer.uploads import CHUNK, NDJSON, received

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["export"], responses=error_responses())
Calls = Annotated[Call, Depends(call_of)]
_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}}}
_LINES: dict[int | str, dict[str, Any]] = {200: {"content": {NDJSON: {"schema": {"type": "string"}}}}}


@router.get("/export", response_class=Response, responses=_LINES)
def export_lines(call: Calls, parts: PartsOf, what: ExportWhat = "all") -> StreamingResponse:
    """Export the contexts of the workspace with all kept versions, the memory, or both: a JSON object a line. The first
    names the format, the last says how many there are."""
    # By way of a file without a name: a reader that is slow would else keep a state of the databases open.
    file = tempfile.TemporaryFile(dir=parts.store.parent)  # noqa: SIM115 - closed when all of it is sent
    try:
        export(cast(Any, file), call.contexts, parts.store, call.workspace, what)
    except MemoryDown as e:
        file.close()
        raise StoreError(str(e)) from e
    except BaseException:
        file.close()
        raise
    size = file.tell()
    file.seek(0)
    name = f'attachment; filename="penstock-{call.workspace}.ndjson"'
    return _FileResponse(file, {"content-length": str(size), "content-disposition": name})


@router.post("/import", status_code=202, response_model=AddedAnswer, openapi_extra=_BODY)
async def import_lines(
    request: Request, call: Calls, parts: PartsOf, engine: JobEngineOf, onto: Onto = "skip", dry_run: bool = False
) -> JSONResponse:
    """Import what an export wrote. Answers a job, whose result counts what became of contexts and items. Every line is
    checked before the first is written. `onto` says what becomes of a context that is there; `dry_run` only counts."""
    uploads = uploads_of(parts.store)
    name = await received(request, uploads)
    try:
        await run_in_threadpool(_check, uploads, name)
        payload = {"upload": name, "workspace": call.workspace, "onto": onto, "dry_run": dry_run}
        job, _ = await run_in_threadpool(engine.kinds.add, engine.jobs, "import", payload)
    except BaseException:
        uploads.remove(name)
        raise
    return JSONResponse({"id": str(job.id), "new": True}, 202)


def _check(uploads: Uploads, name: str) -> None:
    """Raises `InvalidContext` for what is no export at all, before a job is made of it, and `StoreError`."""
    try:
        with uploads.open(name) as source:
            read_first(source)
    except BadExport as e:
        raise InvalidContext(str(e)) from e
    except OSError as e:
        raise StoreError(f"the upload cannot be read: {e}. Send it again") from e


class _FileResponse(StreamingResponse):
    """Sends lines from a file, and closes it, also where the reader goes away."""

    def __init__(self, file: IO[bytes], headers: dict[str, str]) -> None:
        super().__init__(iter(lambda: file.read(CHUNK), b""), headers=headers, media_type=NDJSON)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()
