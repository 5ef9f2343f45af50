"""The route `GET /v1/audit`: who changed which workspaces, keys, providers and limits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from penstock.base.format import rfc3339
from penstock.gateway.audit_log import audit_page
from penstock_service.gateway.calls import AllQuery, GatewayCalls, Limit
from penstock_service.http.errors import error_responses

__all__ = ["router"]

router = APIRouter(prefix="/v1/audit", tags=["audit"], responses=error_responses())


class AuditAnswer(BaseModel):
    """A change. `by`: a key's name, or the owner; `on`: what was changed."""

    id: str
    at: str
    workspace: str
    by: str
    did: str
    on: str
    details: dict[str, Any]


class AuditList(BaseModel):
    """A page of changes; `next` is the `after` of the next one."""

    items: list[AuditAnswer]
    next: str | None


@router.get("")
def changes(
    call: GatewayCalls,
    limit: Limit = 50,
    after: Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$", description="The `next` of the page before.")] = None,
    is_all: AllQuery = False,
) -> AuditList:
    """List the changes in a workspace, the newest first, a page at a time. No entry holds a secret."""
    cursor = None if after is None else int(after)
    found, following = audit_page(call.store, call.wanted(is_all), limit=limit, after=cursor)
    items = [
        AuditAnswer(
            id=str(one.id),
            at=rfc3339(one.at),
            workspace=one.workspace,
            by=one.by,
            did=one.did,
            on=one.on,
            details=one.details,
        )
        for one in found
    ]
    return AuditList(items=items, next=None if following is None else str(following))
