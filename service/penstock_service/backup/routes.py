"""The routes `POST /v1/backup` (`backup`), which writes a backup in the background and answers a job, and `POST
/v1/restore` (`restore`), which is always refused with `Conflict`: a restore needs a stopped service (`penstock
restore`). Sealing without a passphrase in the service's environment raises `InvalidJob`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import Field

from penstock.contexts.errors import Conflict
from penstock.jobs.backup_handlers import PASSPHRASE_VARIABLE, has_passphrase
from penstock.jobs.errors import InvalidJob
from penstock_service.http.body import Body
from penstock_service.http.errors import error_responses
from penstock_service.jobs.engine import JobEngineOf
from penstock_service.jobs.schemas import AddedAnswer

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["backup"], responses=error_responses())


class BackupBody(Body):
    """Options of a backup. `seal`: encrypt it with the passphrase of the service's environment."""

    seal: bool = False
    keep: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="As many as `[service] backup_keep` says, where it is not given."
    )


@router.post("/backup", status_code=202, response_model=AddedAnswer)
def backup(body: BackupBody, engine: JobEngineOf) -> JSONResponse:
    """Write a backup of all workspaces, the memory and the events into the folder of backups. Answers a
    job, whose result names the file. While one waits or runs, that is the answer."""
    if body.seal and not has_passphrase():
        raise InvalidJob(f"the service was started without {PASSPHRASE_VARIABLE}, so nothing can be sealed", "seal")
    job, is_new = engine.kinds.add(engine.jobs, "backup", body.model_dump(), twin="backup")
    return JSONResponse({"id": str(job.id), "new": is_new}, 202)


@router.post("/restore", status_code=409)
def restore() -> JSONResponse:
    """Always refused: a backup is restored where there is nothing yet, and a service that runs has its files."""
    raise Conflict("a backup is restored into an empty folder: stop the service, then `penstock restore FILE`")
