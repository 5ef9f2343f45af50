"""The admin pages about contexts: list and search (`show`), one with its versions (`look`), `delete`, which can be
undone for 30 days. Sealed values are not decrypted for a page."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from penstock.contexts.keys import MAX_KEY
from penstock.contexts.records import Filter
from penstock_service.admin.rendering import HOME, page, see
from penstock_service.admin.visits import Visits

__all__ = ["router"]

router = APIRouter(prefix="/contexts")
Key = Annotated[str, Query(max_length=MAX_KEY)]
_LONGEST = 200_000
"""Characters of a value that a page has."""


@router.get("")
def show(
    visit: Visits, prefix: Key = "", query: Annotated[str, Query(max_length=400)] = "", after: Key = ""
) -> Response:
    """Show contexts by key, or those found by a search for words."""
    visit.check("GET", "/v1/contexts")
    contexts, workspace = visit.parts.contexts, visit.call.workspace
    if query:
        hits = contexts.search(workspace, query, Filter(prefix), limit=50)
        found, following = [(hit.head, hit.excerpt) for hit in hits], None
    else:
        listed = contexts.page(workspace, Filter(prefix), limit=50, after=after or None)
        found, following = [(head, "") for head in listed.items], listed.next
    return page(visit, "contexts.html", "Contexts", found=found, next=following, prefix=prefix, query=query)


@router.get("/look")
def look(visit: Visits, key: Key) -> Response:
    """Show one context with its versions."""
    visit.check("GET", "/v1/contexts/x")
    contexts, workspace = visit.parts.contexts, visit.call.workspace
    head, text = contexts.head(workspace, key), ""
    if not head.sealed:
        text = json.dumps(contexts.get(workspace, key).data, indent=2, ensure_ascii=False)
    versions = contexts.versions(workspace, key)
    values = {"head": head, "text": text[:_LONGEST], "is_cut": len(text) > _LONGEST, "versions": versions}
    return page(visit, "context.html", key, **values)


@router.post("/delete")
def delete(visit: Visits) -> Response:
    """Delete a context; for 30 days it can be brought back."""
    visit.check("DELETE", "/v1/contexts/x")
    key = visit.text("key")
    with visit.parts.contexts.write(visit.call.workspace, visit.call.by) as writer:
        writer.delete(key)
    visit.tell(f"{key} was deleted. `penstock context undelete {key}` brings it back within 30 days.")
    return see(f"{HOME}/contexts")
