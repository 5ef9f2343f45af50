"""The admin page with the audit log: who changed what in the workspace."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from penstock.gateway.audit_log import audit_page
from penstock_service.admin.rendering import page
from penstock_service.admin.visits import Visits

__all__ = ["router"]

router = APIRouter()


@router.get("/audit")
def audit(visit: Visits, after: Annotated[int | None, Query(ge=1, lt=2**63)] = None) -> Response:
    """Show the changes in the workspace, the newest first."""
    visit.check("GET", "/v1/audit")
    lines, following = audit_page(visit.call.store, visit.call.workspace, after=after)
    return page(visit, "audit.html", "Audit", lines=lines, next=following)
