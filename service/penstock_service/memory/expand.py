"""The routes `/v1/expand/{id}` and `/v1/expand/{id}/raw` (`expand`, `raw`): a text in full, either the original that a
stub stands for, or an item of memory; with a gateway key only the latter. An id has at least 8 digits. Raises
`NotFound`."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from penstock.base.errors import NotFound, StoreError
from penstock.base.excerpt import excerpt
from penstock.store.original_lookup import the_original
from penstock.store.originals import Original
from penstock_service.http.calls import json_answer
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import Parts, PartsOf
from penstock_service.memory import schemas
from penstock_service.memory.calls import MemoryCall, MemoryCalls, ProjectQuery

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["memory"], responses=error_responses())
DIGITS = 8
"""The least number of digits of an id, as many as a stub has: callers must not page through the originals of other
conversations."""
Id = Annotated[str, Path(pattern=r"^[0-9a-fA-F]{8,64}$", description="Of an original, or of an item.")]
Pattern = Annotated[
    str, Query(max_length=400, description="Only lines in which this regular expression is found, with their numbers.")
]
Lines = Annotated[str, Query(max_length=40, description="Only these lines, such as 10-40.")]


@router.get("/expand/{id}", response_model=schemas.ExpandAnswer)
def expand(
    id: Id, parts: PartsOf, call: MemoryCalls, project: ProjectQuery = None, grep: Pattern = "", lines: Lines = ""
) -> Response:
    """Get an original or an item, all of it or some lines."""
    found = _found(id, parts, call, project)
    text = excerpt(found["text"], grep=grep, lines=lines)
    # Half a character can not be sent.
    return json_answer(schemas.dated({**found, "text": text.encode("utf-8", "replace").decode()}))


@router.get(
    "/expand/{id}/raw",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def raw(id: Id, parts: PartsOf, call: MemoryCalls, project: ProjectQuery = None) -> Response:
    """An original or an item to the letter, as UTF-8."""
    text = _found(id, parts, call, project)["text"]
    headers = {"x-content-type-options": "nosniff"}  # it is whatever a tool once said
    return Response(text.encode("utf-8", "surrogatepass"), 200, headers, "text/plain; charset=utf-8")


def _found(id: str, parts: PartsOf, call: MemoryCall, project: str | None) -> dict[str, Any]:
    """Originals first: no memory need be opened for those. They are the owner's: of which workspace one is is not kept.
    Raises `NotFound`."""
    original = None if call.key is not None else _original(id, parts)
    if original is not None:
        about = {"at": original.at, "stage": original.stage or None, "reason": original.reason or None}
        return _shown(original.digest, "original", original.text, about)
    try:
        item = call.do("item", project, id=id[:32])
    except NotFound as e:
        raise NotFound(
            f"neither an original nor an item of project {call.project(project)} is called {id}; it may be past "
            "its time"
        ) from e
    return _shown(item["id"], item["kind"], item["text"], {"at": item["at"], "session": item["session"]})


def _original(id: str, parts: Parts) -> Original | None:
    try:
        return the_original(parts.store, id, digits=DIGITS, names=False)
    except NotFound:
        return None
    except StoreError:
        if parts.store.exists():
            raise
        return None


def _shown(id: str, kind: str, text: str, about: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "kind": kind, **about, "characters": len(text), "text": text}
