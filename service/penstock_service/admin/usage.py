"""The admin page about usage (`usage`): sums by key, model, provider, day or session, and the last requests, of 30 days
by default; as CSV, too (`as_csv`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from penstock.gateway.keys import list_keys
from penstock.gateway.usage import BY, UsageBy, usage_by, usage_page
from penstock_service.admin.rendering import page
from penstock_service.admin.visits import Visit, Visits
from penstock_service.gateway.usage import usage as usage_call

__all__ = ["router"]

router = APIRouter()
First = Annotated[date | None, Query(alias="from")]
Last = Annotated[date | None, Query(alias="to")]
_DAYS = 30
_LINES = 25


@router.get("/usage")
def usage(visit: Visits, by: UsageBy = "day", first: First = None, last: Last = None) -> Response:
    """Show sums of a range of days, and the last requests."""
    visit.check("GET", "/v1/usage")
    call = visit.call
    begin, end = _range(visit, first, last)
    rows = usage_by(call.store, call.workspace, by, begin.isoformat(), end.isoformat())
    names = {one.id: one.name for one in list_keys(call.store, call.workspace)}
    lines, _ = usage_page(call.store, call.workspace, limit=_LINES)
    return page(
        visit, "usage.html", "Usage", rows=rows, names=names, lines=lines, by=by, all_by=BY, first=begin, last=end
    )


@router.get("/usage.csv")
def as_csv(visit: Visits, by: UsageBy = "day", first: First = None, last: Last = None) -> Response:
    """Send the sums of a range of days as CSV."""
    visit.check("GET", "/v1/usage")
    return usage_call(visit.call, by, *_range(visit, first, last), format="csv")


def _range(visit: Visit, first: date | None, last: date | None) -> tuple[date, date]:
    end = last or datetime.fromtimestamp(visit.call.store.clock.now(), UTC).date()
    return first or end - timedelta(days=_DAYS - 1), end
