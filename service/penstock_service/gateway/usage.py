"""The routes about what was used through the gateway: sums by key, model, provider, day or session, and single
requests. As JSON, or as CSV for spreadsheets."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel

from penstock.base.format import rfc3339
from penstock.gateway.keys import list_keys
from penstock.gateway.records import BILLION
from penstock.gateway.usage import UsageBy, UsageLine, UsageSum, usage_by, usage_page
from penstock_service.gateway.calls import AllQuery, GatewayCalls, Limit
from penstock_service.gateway.csv_answer import csv_answer
from penstock_service.http.calls import json_answer
from penstock_service.http.errors import error_responses

__all__ = ["router"]

_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
router = APIRouter(prefix="/v1/usage", tags=["usage"], responses={**error_responses(), **_CSV})
Format = Annotated[Literal["json", "csv"], Query()]
Word = Annotated[str, Query(max_length=400)]
After = Annotated[
    str | None,
    Query(pattern=r"^\d{1,12}(\.\d{1,9})?~[A-Za-z0-9_.-]{1,40}$", description="The `next` of the page before."),
]
_DAY_S = 86_400.0
_DAYS = 30
"""Days that an answer covers where the caller names no first one."""


class UsageCounts(BaseModel):
    """Sums: requests, tokens, dollars. `input`: tokens that were not read from or written to a cache."""

    requests: int
    input: int
    cache_read: int
    cache_write: int
    output: int
    dollars: float


class UsageRow(UsageCounts):
    """What was used under one name. `label`: what people call a key, empty for one that is gone and all others."""

    name: str
    label: str


class UsageAnswer(BaseModel):
    """The most expensive first, days in order. `totals`: of the rows."""

    rows: list[UsageRow]
    totals: UsageCounts


class LineAnswer(BaseModel):
    """One request. `how`: its tokens are `reported` by the provider, or `estimated`; `exchange`: its id in the log."""

    id: str
    at: str
    key: str
    provider: str
    model: str
    session: str
    exchange: str
    input: int
    cache_read: int
    cache_write: int
    output: int
    dollars: float
    how: str
    status: int


class LinesAnswer(BaseModel):
    """A page of requests; `next` is the `after` of the next one."""

    items: list[LineAnswer]
    next: str | None


@router.get("", response_model=UsageAnswer)
def usage(
    call: GatewayCalls,
    by: UsageBy = "day",
    first: Annotated[date | None, Query(alias="from", description="The first day; 30 days ago by default.")] = None,
    last: Annotated[date | None, Query(alias="to", description="The last day; today by default.")] = None,
    format: Format = "json",
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
    is_all: AllQuery = False,
) -> Response:
    """Get what a workspace used, by key, model, provider, day (UTC) or session."""
    now = call.store.clock.now()
    days = _day(first, now - _DAYS * _DAY_S), _day(last, now)
    found = usage_by(call.store, call.wanted(is_all), by, *days, limit=limit)
    named = {one.id: one.name for one in list_keys(call.store, call.workspace)} if by == "key" else {}
    if format == "csv":
        rows = [[one.name, named.get(one.name, ""), *(_amount(name, one) for name in _SUMS)] for one in found]
        return csv_answer("usage", [by, "label", *_SUMS], rows)
    lines = [{**_sums(one), "name": one.name, "label": named.get(one.name, "")} for one in found]
    totals = {name: sum(getattr(one, name) for one in found) for name in _SUMS}
    return json_answer({"rows": lines, "totals": {**totals, "dollars": totals["dollars"] / BILLION}})


@router.get("/lines", response_model=LinesAnswer)
def lines(
    call: GatewayCalls,
    key: Word = "",
    provider: Word = "",
    model: Word = "",
    session: Word = "",
    format: Format = "json",
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """The single requests of a workspace, the newest first, a page at a time. Of a page as CSV the header `x-next` is
    the `after` of the next one."""
    only = {"key": key, "provider": provider, "model": model, "session": session}
    found, following = usage_page(call.store, call.workspace, limit=limit, after=_cursor(after), **only)
    cursor = None if following is None else f"{following[0]:.9f}".rstrip("0").rstrip(".") + f"~{following[1]}"
    if format == "csv":
        rows = [[_cell(name, one) for name in LineAnswer.model_fields] for one in found]
        return csv_answer("usage-lines", list(LineAnswer.model_fields), rows, {"x-next": cursor} if cursor else {})
    items = [{**asdict(one), "at": rfc3339(one.at), "dollars": one.dollars / BILLION} for one in found]
    return json_answer({"items": items, "next": cursor})


_SUMS = tuple(UsageCounts.model_fields)


def _sums(one: UsageSum) -> dict[str, Any]:
    return {**{name: getattr(one, name) for name in _SUMS}, "dollars": one.dollars / BILLION}


def _cell(name: str, one: UsageLine) -> str | int:
    return rfc3339(one.at) if name == "at" else _amount(name, one)


def _amount(name: str, one: UsageSum | UsageLine) -> Any:
    """Dollars to the billionth."""
    return f"{one.dollars // BILLION}.{one.dollars % BILLION:09d}" if name == "dollars" else getattr(one, name)


def _cursor(after: str | None) -> tuple[float, str] | None:
    if after is None:
        return None
    at, _, number = after.partition("~")
    return float(at), number


def _day(given: date | None, otherwise: float) -> str:
    return given.isoformat() if given is not None else time.strftime("%Y-%m-%d", time.gmtime(otherwise))
