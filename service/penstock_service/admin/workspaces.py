"""The admin pages about workspaces, for the owner: list them (`show`), add one (`add`), switch the pages to another one
(`switch`), and change the settings and limits of that one (`settings`, `change`; `InvalidSetting` for an alias that is
none)."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from penstock.gateway.errors import InvalidSetting
from penstock.gateway.quotas import limits_of, set_limits, show_limits
from penstock.gateway.records import PERIODS, UNITS
from penstock.gateway.workspaces import add_workspace, change_workspace, find_workspace, list_workspaces
from penstock_service.admin.limit_fields import filled_limits, limits_in_form
from penstock_service.admin.rendering import HOME, page, see
from penstock_service.admin.visits import Visit, Visits

__all__ = ["router"]

router = APIRouter(prefix="/workspaces")
_CALL = "/v1/workspaces"
_SETTINGS = f"{HOME}/workspaces/settings"


@router.get("")
def show(visit: Visits) -> Response:
    """List all workspaces."""
    visit.check("GET", _CALL)
    return page(visit, "workspaces.html", "Workspaces", workspaces=list_workspaces(visit.call.store))


@router.post("/switch")
def switch(visit: Visits) -> Response:
    """Switch the pages to another workspace."""
    visit.check("GET", _CALL)
    found = find_workspace(visit.call.store, visit.text("name"))
    visit.session.workspace, visit.session.new_key = found.name, None
    visit.tell(f"These pages are about {found.name} now.")
    return see(HOME)


@router.post("/add")
def add(visit: Visits) -> Response:
    """Add a workspace."""
    visit.check("POST", _CALL)
    made = add_workspace(visit.call.store, visit.text("name"), visit.call.by)
    visit.tell(f"{made.name} was made. Switch to it to make its keys.")
    return see(f"{HOME}/workspaces")


@router.get("/settings")
def settings(visit: Visits) -> Response:
    """Show the settings and limits of the workspace that the pages are about."""
    visit.check("GET", _CALL)
    store, name = visit.call.store, visit.call.workspace
    shown, scope = find_workspace(store, name), f"workspace:{name}"
    tables = {"aliases": shown.settings.aliases, "fallbacks": shown.settings.fallbacks}
    filled = {field: "\n".join(f"{one} = {model}" for one, model in table.items()) for field, table in tables.items()}
    limits, states = filled_limits(limits_of(store, scope)), show_limits(store, [scope])
    fields = {"filled": filled, "limits": limits, "states": states, "periods": PERIODS, "units": UNITS}
    return page(visit, "workspace.html", f"Workspace {name}", shown=shown, **fields)


@router.post("/settings/change")
def change(visit: Visits) -> Response:
    """Change the settings and limits of the workspace that is shown. An empty field is the default again."""
    visit.check("PATCH", f"{_CALL}/{visit.call.workspace}")
    call, limits, scope = visit.call, limits_in_form(visit), f"workspace:{visit.call.workspace}"
    given = {
        "profile": visit.text("profile") or None,
        "aliases": _names(visit, "aliases") or None,
        "fallbacks": _names(visit, "fallbacks") or None,
        "redact": True if visit.text("redact") else None,
        "webhook": visit.text("webhook") or None,
    }
    change_workspace(call.store, call.workspace, call.by, given)
    if limits != limits_of(call.store, scope):
        set_limits(call.store, scope, limits, call.by)
    visit.tell(f"{call.workspace} was changed.")
    return see(_SETTINGS)


def _names(visit: Visit, field: str) -> dict[str, str]:
    """The lines `name = model` of a field. Raises `InvalidSetting`."""
    out = {}
    for line in visit.lines(field):
        name, equals, model = (part.strip() for part in line.partition("="))
        if not (name and equals and model):
            raise InvalidSetting(f"{field}: {line[:80]!r} is not `name = model`", field)
        out[name] = model
    return out
