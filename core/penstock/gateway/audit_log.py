"""`audit_page`: reads the audit log of the gateway, what was changed and by whom, a page at a time. `GatewayStore.note`
writes it."""

from __future__ import annotations

import msgspec

from penstock.gateway.database import GatewayStore
from penstock.gateway.records import AuditLine
from penstock.gateway.schema import audit

__all__ = ["audit_page"]

_LAST = 2**63 - 1


def audit_page(
    store: GatewayStore, workspace: str | None, *, limit: int = 50, after: int | None = None
) -> tuple[list[AuditLine], int | None]:
    """The changes in a workspace (None: in all), the newest first, and the `after` of the next page (None: this was the
    last)."""
    chosen = audit.select().order_by(audit.c.id.desc()).limit(limit + 1)
    if workspace is not None:
        chosen = chosen.where(audit.c.workspace == workspace)
    if after is not None:
        chosen = chosen.where(audit.c.id < min(after, _LAST))
    with store.reading() as db:
        rows = db.execute(chosen).all()
    found = [
        AuditLine(row.id, row.at, row.workspace, row.by, row.did, row.on, msgspec.json.decode(row.details))
        for row in rows[:limit]
    ]
    return found, found[-1].id if len(rows) > limit else None
