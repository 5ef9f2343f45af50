"""`Observing`: the outermost ASGI middleware. It gives every call an `x-request-id`, reports its route, status and
duration (`Answered`) to the metrics and the log, and answers unexpected errors with 500."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock_service.http.calls import json_bytes
from penstock_service.http.errors import STATUS, error_body

__all__ = ["CALLS", "Answered", "Observing", "request_id"]

logger = logging.getLogger(__name__)
CALLS = logging.getLogger("penstock_service.calls")
"""The logger with a line for each call, if `json_log` is active. Otherwise it is silent: mitmproxy handles each line on
the proxy's loop."""
CALLS.setLevel(logging.WARNING)
_SANE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
request_id: ContextVar[str] = ContextVar("penstock_request_id", default="")
"""The id of the call that is being answered, in its tasks and threads."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What is reported of one call: nothing that a caller could have made up, such as a key, path or session."""

    method: str
    route: str
    """The template of its path, such as `/v1/contexts/{key}`; empty where no route matched."""
    operation: str
    """The name of the function that answers calls about contexts; empty for others."""
    status: int
    seconds: float
    """Seconds until the answer began."""


class Observing:
    """The outermost middleware, so that refused calls are reported, too. An unexpected error is answered here, and
    logged with its id."""

    def __init__(self, app: ASGIApp, note: Callable[[Answered], None]) -> None:
        self._app, self._record = app, note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        id = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(id)
        start, is_started = time.perf_counter(), False

        async def observed(message: Message) -> None:
            nonlocal is_started
            if message["type"] == "http.response.start":
                is_started = True
                MutableHeaders(scope=message)["x-request-id"] = id
                self._note(_answered(scope, int(message["status"]), time.perf_counter() - start))
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception:
            logger.exception("call %s failed", id)
            if not is_started:
                await _internal(observed)
        finally:
            request_id.reset(token)

    def _note(self, answered: Answered) -> None:
        self._record(answered)
        CALLS.info(
            "%s %s %d",
            answered.method,
            answered.route or "-",
            answered.status,
            extra={
                "method": answered.method,
                "route": answered.route,
                "status": answered.status,
                "duration_ms": round(answered.seconds * 1000, 3),
            },
        )


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _answered(scope: Scope, status: int, seconds: float) -> Answered:
    route = scope.get("route")
    is_about_contexts = not {"contexts", "history", "search"}.isdisjoint(getattr(route, "tags", ()))
    operation = getattr(route, "name", "").strip("_") if is_about_contexts else ""
    method = scope["method"] if scope["method"] in _METHODS else "other"
    return Answered(method, getattr(route, "path_format", ""), operation, status, seconds)


async def _internal(send: Send) -> None:
    body = json_bytes(error_body("internal", "an error of the service: its log says more"))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": STATUS["internal"], "headers": headers})
    await send({"type": "http.response.body", "body": body})
