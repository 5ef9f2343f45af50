"""The routes about the sessions in the proxy's log: list (`sessions`), show (`session`), `label`, `delete` (409 while
one is in use). Where no proxy is up, its store is read and changed here."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from penstock.control.client import do_sessions
from penstock_service.http.body import Body
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import PartsOf

__all__ = ["LabelBody", "Session", "router"]

router = APIRouter(prefix="/v1/sessions", tags=["proxy"], responses=error_responses())
Session = Annotated[
    str, Path(max_length=400, min_length=1, description="Its name, its label, or four or more of the first characters")
]


class LabelBody(Body):
    """The label of a session; empty: none."""

    label: Annotated[str, Field(max_length=400)]


@router.get("")
def sessions(
    parts: PartsOf,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    after: Annotated[str | None, Query(max_length=400, description="The `next` of the page before")] = None,
) -> dict[str, Any]:
    """List sessions, the one used last first, a page at a time."""
    found = do_sessions(parts.store, "list", {})["sessions"]
    names = [one["session"] for one in found]
    start = names.index(after) + 1 if after in names else 0
    items = found[start : start + limit]
    return {"items": items, "next": items[-1]["session"] if start + limit < len(found) else None}


@router.get("/{session:path}")
def session(session: Session, parts: PartsOf) -> dict[str, Any]:
    """Get one session, with what deleting it would delete, and what speaks against that."""
    return do_sessions(parts.store, "show", {"session": session})


@router.patch("/{session:path}")
def label(session: Session, body: LabelBody, parts: PartsOf) -> dict[str, Any]:
    """Set the label of a session."""
    return do_sessions(parts.store, "label", {"session": session, "label": body.label})


@router.delete("/{session:path}")
def delete(session: Session, parts: PartsOf, force: bool = False) -> dict[str, Any]:
    """Delete a session from the log, the ledgers, the originals and the budgets. 409: it is in use, or the provider may
    still cache it; `force` deletes the latter all the same."""
    return do_sessions(parts.store, "delete", {"session": session, "force": force})
