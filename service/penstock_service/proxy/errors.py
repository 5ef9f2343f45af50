"""`handle_proxy_errors`: answers the errors of commands to the proxy in the service's form, each with its type and
status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from penstock.control.client import NoAnswer, NotUp, Refused
from penstock.control.session_commands import SessionConflict
from penstock.replay.background import ReplayConflict
from penstock_service.http.errors import STATUS, error_body

__all__ = ["handle_proxy_errors"]

_TYPES = {404: "not_found", 409: "conflict", 413: "too_large", 503: "busy"}
"""By the status of the control channel. All others are `invalid`."""


def handle_proxy_errors(app: FastAPI) -> None:
    """Have `app` answer the errors of commands to the proxy."""
    for kind, type in (
        (NotUp, "busy"),
        (NoAnswer, "busy"),
        (SessionConflict, "conflict"),
        (ReplayConflict, "conflict"),
    ):
        app.add_exception_handler(kind, _answering(type))

    @app.exception_handler(Refused)
    async def _(_request: Request, e: Refused) -> JSONResponse:
        return _answer(_TYPES.get(e.status, "invalid"), e, e.faults)


def _answering(type: str) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def answer(_request: Request, e: Exception) -> JSONResponse:
        return _answer(type, e)

    return answer


def _answer(type: str, e: Exception, faults: dict[str, str] | None = None) -> JSONResponse:
    headers = {"retry-after": "1"} if type == "busy" else None
    return JSONResponse(error_body(type, str(e), faults=faults), STATUS[type], headers)
