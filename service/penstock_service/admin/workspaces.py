"""The page about workspaces: the owner's."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from penstock.gateway.workspaces import add_workspace, find_workspace, list_workspaces
from penstock_service.admin.rendering import HOME, page, see
from penstock_service.admin.visits import Visits

__all__ = ["router"]

router = APIRouter(prefix="/workspaces")
_CALL = "/v1/workspaces"


@router.get("")
def show(visit: Visits) -> Response:
    """All workspaces."""
    visit.check("GET", _CALL)
    return page(visit, "workspaces.html", "Workspaces", workspaces=list_workspaces(visit.call.store))


@router.post("/switch")
def switch(visit: Visits) -> Response:
    """Have the pages be about another workspace."""
    visit.check("GET", _CALL)
    found = find_workspace(visit.call.store, visit.text("name"))
    visit.session.workspace, visit.session.new_key = found.name, None
    visit.tell(f"These pages are about {found.name} now.")
    return see(HOME)


@router.post("/add")
def add(visit: Visits) -> Response:
    """Make a workspace."""
    visit.check("POST", _CALL)
    made = add_workspace(visit.call.store, visit.text("name"), visit.call.by)
    visit.tell(f"{made.name} was made. Switch to it to make its keys.")
    return see(f"{HOME}/workspaces")
