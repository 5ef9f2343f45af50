"""`admin_pages`: the admin pages as an ASGI application of their own, with the routes of this folder. Errors are shown
as pages, a refused form is shown again with what was filled in, and every answer has headers that restrict the
browser."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock.base.errors import MemoryDown, NotFound, PenstockError, StoreError
from penstock.contexts.errors import ContextError
from penstock.gateway.errors import BadKey, Conflict, InvalidSetting, NotAllowed, ProviderDown
from penstock.jobs.errors import JobCallError
from penstock.sealing.master_key import SealingError
from penstock_service.admin import api_keys, audit, contexts, dashboard, login, models, usage, workers, workspaces
from penstock_service.admin.rendering import HOME, TEMPLATES, error_page, see
from penstock_service.admin.sessions import LoginNeeded, Notice, Sessions, TooManyLogins
from penstock_service.admin.visits import BadForm, Visit
from penstock_service.http.errors import STATUS
from penstock_service.http.route_dependencies import Parts
from penstock_service.jobs.engine import JobEngine

__all__ = ["admin_pages"]

logger = logging.getLogger(__name__)
_ROUTERS = (login, dashboard, api_keys, models, usage, workers, contexts, audit, workspaces)
_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_STATUS: Mapping[type[Exception], int] = {
    BadForm: STATUS["forbidden"],
    NotAllowed: STATUS["forbidden"],
    BadKey: STATUS["unauthenticated"],
    InvalidSetting: STATUS["invalid"],
    Conflict: STATUS["conflict"],
    ProviderDown: STATUS["upstream"],
    SealingError: STATUS["sealed"],
    MemoryDown: STATUS["busy"],
    StoreError: STATUS["busy"],
    NotFound: STATUS["not_found"],
}
_SAID_AGAIN = (InvalidSetting, Conflict, ProviderDown, SealingError, ContextError, JobCallError)
"""Errors of a form after which its page is shown again, with what was filled in."""
_LONGEST = 4000
_SECRET = ("form_token", "credential")
"""Fields that are not filled in again."""


def admin_pages(parts: Parts, token: str, jobs: JobEngine) -> ASGIApp:
    """The application with the pages under `/admin`. `token`: the owner's."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.state.parts, app.state.jobs = parts, jobs
    app.state.sessions = Sessions(token, parts.contexts.clock, lambda: parts.gateway)
    for one in _ROUTERS:
        app.include_router(one.router, prefix=HOME)
    app.add_api_route(f"{HOME}/admin.css", _style)
    app.add_exception_handler(LoginNeeded, _login_needed)
    app.add_exception_handler(TooManyLogins, _too_many)
    app.add_exception_handler(PenstockError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _no_page)
    app.add_exception_handler(Exception, _failed)
    return _Headers(app)


def _style() -> FileResponse:
    return FileResponse(TEMPLATES / "admin.css", media_type="text/css")


class _Headers:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, sent)


async def _login_needed(_request: Request, e: Exception) -> Response:
    return see(f"{HOME}/login?ended=1" if str(e) else f"{HOME}/login")


async def _too_many(_request: Request, _e: Exception) -> Response:
    answer = error_page(429, "Too many keys were tried from your address: wait a minute, and try again.")
    answer.headers["retry-after"] = "60"
    return answer


async def _refused(request: Request, e: Exception) -> Response:
    visit: Visit | None = getattr(request.state, "visit", None)
    if visit is not None and request.method == "POST" and isinstance(e, _SAID_AGAIN):
        said = {name: [one[:_LONGEST] for one in visit.form.getlist(name)] for name in visit.form}
        visit.session.notice = Notice(
            str(e), is_error=True, said={name: texts for name, texts in said.items() if name not in _SECRET}
        )
        return see(request.url.path.rpartition("/")[0])
    if isinstance(e, StoreError):
        logger.warning("%s", e)
    found = next((status for kind, status in _STATUS.items() if isinstance(e, kind)), STATUS["invalid"])
    return error_page(STATUS[e.type] if isinstance(e, ContextError | JobCallError) else found, str(e))


async def _invalid(_request: Request, e: Exception) -> Response:
    assert isinstance(e, RequestValidationError)
    first = e.errors()[0]
    return error_page(STATUS["invalid"], f"The address of this page has a wrong {first['loc'][-1]}: {first['msg']}.")


async def _no_page(_request: Request, e: Exception) -> Response:
    assert isinstance(e, HTTPException)
    texts = {404: "There is no such page.", 405: "This address takes another kind of request."}
    return error_page(e.status_code, texts.get(e.status_code, str(e.detail)))


async def _failed(_request: Request, _e: Exception) -> Response:
    return error_page(STATUS["internal"], "An error of the service: its log says more.")
