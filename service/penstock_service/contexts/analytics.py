"""The route `GET /v1/analytics` (`analytics`): how contexts are used, with reads, writes, bytes and hits by day, key,
session or agent, for the last 30 days by default; days are kept for 400. `summed` makes its answer (`AnalyticsAnswer`)
of rows."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from penstock.contexts.usage import By
from penstock_service.http.calls import Call, call_of
from penstock_service.http.errors import error_responses

__all__ = ["AnalyticsAnswer", "analytics", "router", "summed"]

router = APIRouter(prefix="/v1", tags=["contexts"], responses=error_responses())
_DAY_S = 86_400.0
_DAYS = 30
"""Days that an answer covers where the caller names no first one."""


class UsageCounts(BaseModel):
    """Sums. `bytes`: of values read and written, as JSON; `hits`: how often a search found it."""

    reads: int
    writes: int
    bytes: int
    hits: int


class UsageLine(UsageCounts):
    """Sums of one day, key, session or agent."""

    name: str


class AnalyticsAnswer(BaseModel):
    """Days in order; keys, sessions and agents the most used first. `totals`: of the rows."""

    rows: list[UsageLine]
    totals: UsageCounts


@router.get("/analytics")
def analytics(
    call: Annotated[Call, Depends(call_of)],
    by: By = "day",
    first: Annotated[date | None, Query(alias="from", description="The first day; 30 days ago by default.")] = None,
    last: Annotated[date | None, Query(alias="to", description="The last day; today by default.")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> AnalyticsAnswer:
    """Get how the contexts of a workspace were used. Days are UTC's; they are kept for 400 days."""
    now = call.contexts.clock.now()
    days = _day(first, now - _DAYS * _DAY_S), _day(last, now)
    return summed([UsageLine(**asdict(row)) for row in call.contexts.usage(call.workspace, by, *days, limit=limit)])


def summed(rows: list[UsageLine]) -> AnalyticsAnswer:
    """The answer with these rows and their totals."""
    totals = {name: sum(getattr(row, name) for row in rows) for name in UsageCounts.model_fields}
    return AnalyticsAnswer(rows=rows, totals=UsageCounts(**totals))


def _day(given: date | None, otherwise: float) -> str:
    return given.isoformat() if given is not None else time.strftime("%Y-%m-%d", time.gmtime(otherwise))
