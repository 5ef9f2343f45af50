"""Errors as the service answers them: `{"error": {"type", "message", "param"}}` (`error_body`), each type with its
status (`STATUS`). `handle_errors` makes an application answer every error so; `error_responses` describes them for
OpenAPI."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any, get_args

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from penstock.base.errors import MemoryDown, NotFound, PenstockError, StoreError, Unstorable
from penstock.base.suggest import did_you_mean
from penstock.contexts.errors import ContextError, StaleVersion
from penstock.contexts.keys import KEY_PATTERN
from penstock.events import cursor
from penstock.jobs.errors import JobCallError

__all__ = [
    "PATTERNS",
    "STATUS",
    "TAG",
    "WORKSPACE",
    "ErrorAnswer",
    "error_body",
    "error_responses",
    "handle_errors",
    "status_of",
]

logger = logging.getLogger(__name__)

WORKSPACE = r"^[A-Za-z0-9._-]{1,80}$"
TAG = r'^("?[0-9]{1,9}(-[0-9a-f]{12})?"?|\*)?$'
STATUS = {
    "invalid": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "conflict": 409,
    "gone": 410,
    "stale": 412,
    "too_large": 413,
    "misdirected": 421,
    "internal": 500,
    "upstream": 502,
    "busy": 503,
    "sealed": 503,
}
"""The HTTP status of each type of error."""
LOGGED_S = 60.0
"""Seconds in which the log has a text once that says why a call cannot be answered."""
_BY_STATUS = {400: "invalid", 404: "not_found", 405: "invalid", 413: "too_large"}


_NUMBER, _ID = "1 to 18 digits were", "8 to {} hexadecimal digits were"
_PLAIN = "a text without control characters, such as ends of lines, was"
PATTERNS = {
    r"^\d{1,9}$": "the `next` of the page before was",
    r"^[A-Za-z0-9_+-]{0,100}$": "the name of a profile was",
    KEY_PATTERN: "segments of letters, digits and ._~:@-, joined by single slashes, were",
    WORKSPACE: "1 to 80 letters, digits and ._- were",
    TAG: 'an ETag, a version such as `"3"`, or `*` was',
    r"^\d{1,18}$": _NUMBER,
    r"^[0-9]{1,18}$": _NUMBER,
    cursor.PATTERN: "the `id` of an event, or the `next` of the page before, was",
    r"^[0-9a-fA-F]{8,32}$": _ID.format(32),
    r"^[0-9a-fA-F]{8,64}$": _ID.format(64),
    r"^[^\x00-\x1f]*$": _PLAIN,
    r"^[^\x00-\x1f]+$": _PLAIN,
    r"^[0-9a-f]{12}$": "12 hexadecimal digits were",
    r"^\d{1,12}(\.\d{1,9})?~[A-Za-z0-9_.-]{1,40}$": "the `next` of the page before was",
    r"^[\w+-]*$": "the name of a profile was",
    r"^$|^https?://": "an address that begins with http:// or https:// was",
    r"\S": "words to search for were",
    r"^[a-z_]*$": "small letters and _ were",
}
"""For each pattern that checks a text, what it expects, in words."""


class ErrorDetail(BaseModel):
    """What is wrong."""

    type: str
    message: str
    param: str | None = None
    """The field of the call that it is about."""
    version: int | None = None
    """For an error of type `stale`: the version that the context has."""
    faults: dict[str, str] = Field(default_factory=dict)
    """For settings: what is wrong, by key."""


class ErrorAnswer(BaseModel):
    """An answer of any status from 400 on."""

    error: ErrorDetail


def error_body(
    type: str, message: str, param: str = "", version: int | None = None, faults: dict[str, str] | None = None
) -> dict[str, Any]:
    """The body of an error."""
    said = ErrorDetail(type=type, message=message, param=param or None, version=version, faults=faults or {})
    return {"error": said.model_dump(exclude=None if faults else {"faults"})}


def error_responses() -> dict[int | str, dict[str, Any]]:
    """The errors that every call may answer, for the OpenAPI description."""
    return {status: {"model": ErrorAnswer} for status in (400, 401, 403, 404, 409, 410, 412, 413, 503)}


def status_of(e: ContextError) -> tuple[int, dict[str, Any]]:
    """The status and body that answer an error about contexts."""
    version = e.version if isinstance(e, StaleVersion) else None
    return STATUS[e.type], error_body(e.type, str(e), e.param, version)


def handle_errors(app: FastAPI) -> None:
    """Have `app` answer every error in this form."""

    @app.exception_handler(ContextError)
    async def _(_request: Request, e: ContextError) -> JSONResponse:
        status, body = status_of(e)
        return JSONResponse(body, status)

    @app.exception_handler(Unstorable)
    async def _(_request: Request, e: Unstorable) -> JSONResponse:
        return JSONResponse(error_body("invalid", f"a value of this call cannot be stored: {e}"), STATUS["invalid"])

    busy = _Busy()
    app.add_exception_handler(MemoryDown, busy)
    app.add_exception_handler(StoreError, busy)

    @app.exception_handler(JobCallError)
    async def _(_request: Request, e: JobCallError) -> JSONResponse:
        return JSONResponse(error_body(e.type, str(e), e.param), STATUS[e.type])

    @app.exception_handler(PenstockError)
    async def _(_request: Request, e: PenstockError) -> JSONResponse:
        type = "not_found" if isinstance(e, NotFound) else "invalid"
        return JSONResponse(error_body(type, str(e)), STATUS[type])

    @app.exception_handler(RequestValidationError)
    async def _(request: Request, e: RequestValidationError) -> JSONResponse:
        return JSONResponse(_invalid(request, e), STATUS["invalid"])

    @app.exception_handler(HTTPException)
    async def _(request: Request, e: HTTPException) -> JSONResponse:
        type = _BY_STATUS.get(e.status_code, "invalid")
        message, headers = f"{request.method} {request.url.path}: {e.detail}", e.headers
        if e.status_code == 404 and "endpoint" not in request.scope:
            message = _no_path(request)
        elif e.status_code == 405:
            headers = {"allow": _methods(request)}
            message = f"{request.url.path} takes {headers['allow']}, not {request.method}"
        elif e.detail == "There was an error parsing the body":  # FastAPI's words for all of these
            message = (
                "the body is no JSON that can be read: no UTF-8, nested too deeply, or a number of too many digits"
            )
        return JSONResponse(error_body(type, message), e.status_code, headers=headers)


class _Busy:
    """Answers what cannot be done now. It logs why, the same text once in `LOGGED_S`: callers try again and again, and
    the disk may be full."""

    def __init__(self) -> None:
        self._logged, self._until = "", 0.0

    async def __call__(self, _request: Request, e: Exception) -> JSONResponse:
        said, now = str(e), time.monotonic()
        if said != self._logged or now > self._until:
            self._logged, self._until = said, now + LOGGED_S
            logger.warning("%s", said)
        return JSONResponse(error_body("busy", said), STATUS["busy"], headers={"retry-after": "1"})


def _no_path(request: Request) -> str:
    """That no call has the path of this one, with the nearest path that one has."""
    path = request.url.path
    known = {getattr(route, "path", "") for route in request.app.routes} - {""}
    near = did_you_mean(path, known, lists_all=False)
    return f"there is no path {path}.{near} `GET /docs` lists all calls, for a person; /openapi.json, for a program"


def _methods(request: Request) -> str:
    """The methods of all calls that have the path of this one: the header `allow` of Starlette has those of one."""
    routes = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in routes for method in getattr(route, "methods", None) or ()}))


def _invalid(request: Request, e: RequestValidationError) -> dict[str, Any]:
    """The first fault of a body or a query, with the nearest known field for an unknown one."""
    first, place = _first(e.errors())
    name = ".".join(place)
    message = str(first["msg"])
    if first["type"] == "string_pattern_mismatch":
        message = f"{name}: {PATTERNS.get(first['ctx']['pattern'], 'another form was')} expected"
    elif first["type"] == "list_type":
        message = f"{name}: a list was expected: put a single one in square brackets"
    elif first["type"] == "extra_forbidden":
        message = f"there is no field {place[-1]!r}.{did_you_mean(place[-1], _fields(request, place))}"
    elif first["type"] == "json_invalid":
        name, message = "", f"the body is no JSON: {first.get('ctx', {}).get('error', message)}"
    elif first["type"] == "model_attributes_type" and not name and not _is_json(request):
        message = "the body is not taken for JSON: send the header `content-type: application/json`"
    elif first["type"] in ("missing", "model_attributes_type") and not name:
        state = "empty" if first["type"] == "missing" else "no JSON object"
        message = f"the body is {state}: send a JSON object with {_wanted(request)}"
    elif name:
        message = f"{name}: {message}"
    return error_body("invalid", message, name)


def _first(faults: Sequence[dict[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """The first fault, and where it is. An unknown field comes before one that is missing: it may be that, misspelled.
    Of what may be a text or a list pydantic names the faults of each: the one that got furthest is of the form that was
    meant."""
    first = faults[0]
    if first["type"] == "missing":
        first = next((one for one in faults if one["type"] == "extra_forbidden"), first)
    loc = first["loc"]
    if loc[-1] != "str":
        return first, [str(part) for part in loc[1:]]
    best = max((fault for fault in faults if fault["loc"][: len(loc) - 1] == loc[:-1]), key=lambda one: len(one["loc"]))
    if len(best["loc"]) == len(loc):
        best = {**best, "msg": "a text or a list was expected"}
    return best, [str(part) for part in best["loc"][1:] if not _is_form(part)]


def _is_form(part: int | str) -> bool:
    """Whether a part of a place is pydantic's name of a form, `list[ChatMessage]`, and not of a field."""
    return isinstance(part, str) and (part == "str" or part[0].isupper() or "[" in part)


def _is_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "").lower()


def _models(request: Request) -> list[Any]:
    """The models of this call's body."""
    dependant = getattr(request.scope.get("route"), "dependant", None)
    return [one.field_info.annotation for one in dependant.body_params] if dependant else []


def _wanted(request: Request) -> str:
    """The fields that the body of this call must have; where there are none, those that it may have."""
    fields = [pair for model in _models(request) for pair in getattr(model, "model_fields", {}).items()]
    required = [field.alias or name for name, field in fields if field.is_required()]
    return " and ".join(required) or f"any of {', '.join(sorted(_fields(request, [])))}"


def _fields(request: Request, place: list[str]) -> set[str]:
    """The fields that the body of this call, or the part of it at `place`, may have."""
    models = _models(request)
    if len(place) > 1:  # within a field, such as a step of a batch
        models = [inner for model in models for inner in _inner(model)]
    fields = [pair for model in models for pair in getattr(model, "model_fields", {}).items()]
    return {field.alias or name for name, field in fields}


def _inner(model: Any) -> list[Any]:
    annotations = [one.annotation for one in getattr(model, "model_fields", {}).values()]
    parts = [part for annotation in annotations for part in (annotation, *get_args(annotation))]
    return [part for part in parts if hasattr(part, "model_fields")]
