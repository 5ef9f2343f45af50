"""The routes about workspaces, for the owner: add, list, change their settings, delete."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response
from pydantic import BaseModel, Field

from penstock.base.format import rfc3339
from penstock.gateway.records import Workspace, WorkspaceSettings
from penstock.gateway.workspaces import add_workspace, change_workspace, delete_workspace, list_workspaces
from penstock_service.gateway.calls import Cursor, GatewayCalls, Limit, page_of
from penstock_service.http.body import Body
from penstock_service.http.errors import error_responses

__all__ = ["router"]

router = APIRouter(prefix="/v1/workspaces", tags=["workspaces"], responses=error_responses())
Named = Annotated[str, Path(max_length=80)]
Settings = Annotated[
    dict[str, Any], Field(max_length=20, description="`profile`, `aliases`, `fallbacks`, `redact`, `webhook`.")
]


class WorkspaceBody(Body):
    """A new workspace."""

    name: Annotated[str, Field(max_length=80)]
    settings: Settings = Field(default={})


class SettingsBody(Body):
    """Settings to change; null: the default again."""

    settings: Settings


class WorkspaceAnswer(BaseModel):
    """A workspace, with all its settings."""

    name: str
    settings: WorkspaceSettings
    created_at: str


class WorkspaceList(BaseModel):
    """A page of workspaces; `next` is the `after` of the next one."""

    items: list[WorkspaceAnswer]
    next: str | None


@router.post("", status_code=201)
def add(body: WorkspaceBody, call: GatewayCalls) -> WorkspaceAnswer:
    """Add a workspace, with keys, contexts, memory and usage of its own."""
    return _answer(add_workspace(call.store, body.name, call.by, body.settings))


@router.get("")
def workspaces(call: GatewayCalls, limit: Limit = 50, after: Cursor = None) -> WorkspaceList:
    """List workspaces by name, a page at a time."""
    page, following = page_of(list_workspaces(call.store), limit, after, lambda one: one.name)
    return WorkspaceList(items=[_answer(one) for one in page], next=following)


@router.patch("/{name}")
def change(name: Named, body: SettingsBody, call: GatewayCalls) -> WorkspaceAnswer:
    """Change settings; those that are not named stay."""
    return _answer(change_workspace(call.store, name, call.by, body.settings))


@router.delete("/{name}", status_code=204)
def delete(name: Named, call: GatewayCalls) -> Response:
    """Delete a workspace with its keys, limits and providers. Its contexts, memory and usage stay: one that is made
    under the same name has them."""
    delete_workspace(call.store, name, call.by)
    return Response(status_code=204)


def _answer(found: Workspace) -> WorkspaceAnswer:
    return WorkspaceAnswer(name=found.name, settings=found.settings, created_at=rfc3339(found.created_at))
