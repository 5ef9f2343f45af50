"""The first admin page, the dashboard: what was spent in the last days by key and by model, and how full the limits
are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from fastapi.responses import Response

from penstock.gateway.keys import list_keys
from penstock.gateway.quotas import show_limits, workspace_scopes
from penstock.gateway.usage import UsageSum, usage_by
from penstock_service.admin.rendering import page
from penstock_service.admin.visits import Visit, Visits

__all__ = ["router"]

router = APIRouter()
_DAYS = 30
_MOST = 8
"""Models, and keys, that a plot has."""


@router.get("")
def dashboard(visit: Visits) -> Response:
    """The dashboard page."""
    keys = {one.id: one for one in list_keys(visit.call.store, visit.call.workspace)}
    now = visit.call.store.clock.now()
    active = sum(one.state(now) == "active" for one in keys.values())
    figures = _figures(visit) if visit.may("GET", "/v1/usage") else None
    names = {id: key.name for id, key in keys.items()}
    return page(visit, "dashboard.html", "Dashboard", active=active, names=names, figures=figures, days=_DAYS)


def _figures(visit: Visit) -> dict[str, object]:
    store, workspace = visit.call.store, visit.call.workspace
    today = datetime.fromtimestamp(store.clock.now(), UTC).date()
    days = [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(_DAYS))]
    used = {one.name: one for one in usage_by(store, workspace, "day", days[0], days[-1])}
    by_day = [used.get(day, UsageSum(day, 0, 0, 0, 0, 0, 0)) for day in days]
    return {
        "by_day": by_day,
        "models": usage_by(store, workspace, "model", days[0], days[-1], limit=_MOST),
        "keys": usage_by(store, workspace, "key", days[0], days[-1], limit=_MOST),
        "limits": show_limits(store, workspace_scopes(store, workspace)),
        "dollars": sum(one.dollars for one in by_day),
        "requests": sum(one.requests for one in by_day),
        "tokens": sum(one.input + one.cache_read + one.cache_write + one.output for one in by_day),
    }
