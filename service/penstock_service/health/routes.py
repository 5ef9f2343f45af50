"""Whether the service lives, and whether it can serve."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from penstock.base.errors import StoreError
from penstock.base.version import VERSION
from penstock_service.http.parts import PartsOf

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process lives; nothing else is asked, and no thread is waited for."""
    return {"status": "ok", "version": VERSION}


@router.get("/readyz", responses={503: {"description": "It cannot serve."}})
def ready(parts: PartsOf) -> JSONResponse:
    """Whether the contexts can be read. 503: they cannot."""
    degraded: list[str] = []
    cursor: Any = None
    try:
        cursor = str(parts.contexts.cursor())
    except StoreError:
        degraded = ["store"]
    answer = {"ready": not degraded, "degraded": degraded, "cursor": cursor}
    return JSONResponse(answer, 503 if degraded else 200)
