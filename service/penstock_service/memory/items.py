"""The routes about single items and threads of memory: list, show, correct, delete and label them, and give
feedback."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from penstock.memory.items import Kind
from penstock_service.http.calls import json_answer
from penstock_service.http.errors import error_responses
from penstock_service.memory import schemas
from penstock_service.memory.calls import MemoryCall, MemoryCalls, ProjectQuery

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["memory"], responses=error_responses())
ItemId = Annotated[str, Path(pattern=r"^[0-9a-fA-F]{8,32}$")]
ThreadId = Annotated[str, Path(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Limit = Annotated[int, Query(ge=1, le=500)]
After = Annotated[str | None, Query(pattern=r"^[0-9]{1,18}$", description="The `next` of the page before.")]


@router.post("/feedback", status_code=201, response_model=schemas.FeedbackAnswer)
def feedback(body: schemas.FeedbackBody, call: MemoryCalls) -> Response:
    """Say of an item that it was helpful, or is wrong, outdated or a duplicate; it counts in later searches. Each
    caller (`x-penstock-by`) has one voice for an item."""
    said = body.model_dump(exclude={"project"}, mode="json")
    return _answered(call.do("feedback", body.project, by=call.by, **said), 201)


@router.get("/items", response_model=schemas.ItemsAnswer)
def items(
    call: MemoryCalls,
    project: ProjectQuery = None,
    thread_id: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    kind: Annotated[Kind | None, Query()] = None,
    since: Annotated[datetime | None, Query()] = None,
    limit: Limit = 50,
    after: After = None,
) -> Response:
    """List items, those added last first, a page at a time."""
    found = call.do(
        "items",
        project,
        thread_id=thread_id,
        kinds=None if kind is None else [kind],
        since=None if since is None else since.timestamp(),
        limit=limit,
        after=None if after is None else int(after),
    )
    return _page(found)


@router.get("/items/{id}", response_model=schemas.ItemAnswer)
def item(id: ItemId, call: MemoryCalls, project: ProjectQuery = None) -> Response:
    """Get one item, with the feedback on it."""
    return _answered(call.do("item", project, id=id))


@router.patch("/items/{id}", response_model=schemas.ItemLine)
def change_item(id: ItemId, body: schemas.ItemBody, call: MemoryCalls) -> Response:
    """Correct the text of an item, pin it or set its tags. A corrected text has another id."""
    return _answered(call.do("change", body.project, id=id, text=body.text, pinned=body.pinned, tags=body.tags))


@router.delete("/items/{id}", response_model=schemas.ForgottenAnswer)
def forget_item(id: ItemId, call: MemoryCalls, project: ProjectQuery = None) -> Response:
    """Delete an item for good, with originals of the same text. The same text does not come again with a client's
    history."""
    return _answered(call.do("forget", project, ids=[id]))


@router.get("/threads", response_model=schemas.ThreadsAnswer)
def threads(call: MemoryCalls, project: ProjectQuery = None, limit: Limit = 50, after: After = None) -> Response:
    """List threads, those that got something last first, a page at a time."""
    return _page(call.do("threads", project, limit=limit, after=None if after is None else int(after)))


@router.get("/threads/{thread_id:path}", response_model=schemas.ThreadLine)
def thread(thread_id: ThreadId, call: MemoryCalls, project: ProjectQuery = None) -> Response:
    """Get one thread. `/v1/items?thread_id=` lists its items."""
    return _answered(call.do("thread", project, thread_id=thread_id))


@router.patch("/threads/{thread_id:path}", response_model=schemas.ThreadLine)
def label_thread(thread_id: ThreadId, body: schemas.ThreadBody, call: MemoryCalls) -> Response:
    """Give a thread a name that people know it by."""
    _must_be_there(call, thread_id, body.project)
    call.do("label", body.project, session=thread_id, label=body.label)
    return _answered(call.do("thread", body.project, thread_id=thread_id))


@router.delete("/threads/{thread_id:path}", response_model=schemas.ForgottenAnswer)
def forget_thread(thread_id: ThreadId, call: MemoryCalls, project: ProjectQuery = None) -> Response:
    """Delete all of a thread for good, with originals of the same texts."""
    _must_be_there(call, thread_id, project)
    return _answered(call.do("forget_session", project, session=thread_id))


def _must_be_there(call: MemoryCall, thread_id: str, project: str | None) -> None:
    """By its whole name: commands for people take the beginning of one, and a label, too. Raises `NotFound`."""
    call.do("thread", project, thread_id=thread_id)


def _page(found: dict[str, object]) -> Response:
    following = found["next"]
    return _answered({**found, "next": None if following is None else str(following)})


def _answered(answer: dict[str, object], status: int = 200) -> Response:
    response = json_answer(schemas.dated(answer))
    response.status_code = status
    return response
