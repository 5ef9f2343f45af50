"""`handle_gateway_errors`: answers the gateway's errors in the service's form, each with its type and status."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from penstock.gateway.errors import Conflict, InvalidSetting, NotAllowed, ProviderDown
from penstock.sealing.master_key import SealingError
from penstock_service.http.errors import STATUS, error_body

__all__ = ["handle_gateway_errors"]

_TYPES: dict[type[Exception], str] = {
    InvalidSetting: "invalid",
    Conflict: "conflict",
    NotAllowed: "forbidden",
    ProviderDown: "upstream",
    SealingError: "sealed",
}
"""The error types by class; others are answered as errors of all calls are."""


def handle_gateway_errors(app: FastAPI) -> None:
    """Have `app` answer errors of the gateway."""
    for kind, type in _TYPES.items():
        app.add_exception_handler(kind, _answering(type))


def _answering(type: str) -> Callable[[Request, Exception], Awaitable[JSONResponse]]:
    async def answer(_request: Request, e: Exception) -> JSONResponse:
        return JSONResponse(error_body(type, str(e), getattr(e, "param", "")), STATUS[type])

    return answer
