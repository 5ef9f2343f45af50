"""The paths of another product, the context preservation system, for programs that were written for it:
`/api/context/…`, and the WebSocket `/context-ws`. Most do the same as a route under `/v1`. With `[service] seeds =
false` they are not answered."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, WebSocket, WebSocketDisconnect
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from penstock.base.errors import StoreError
from penstock.base.format import rfc3339
from penstock.contexts.errors import InvalidContext
from penstock.contexts.json import head_json, hit_json
from penstock.contexts.keys import MAX_KEY
from penstock.contexts.records import Filter, NewContext
from penstock_service.contexts import schemas
from penstock_service.contexts.analytics import AnalyticsAnswer, analytics, summed
from penstock_service.contexts.changes import INVALID, UNREADABLE, Changes
from penstock_service.contexts.routes import Key, delete, get
from penstock_service.http.body import Body
from penstock_service.http.calls import Call, call_of, check_limit, check_workspace, json_answer
from penstock_service.http.errors import error_body, error_responses
from penstock_service.http.key_checker import key_of
from penstock_service.http.route_dependencies import PartsOf
from penstock_service.http.turns import run_in_turn

__all__ = ["router"]

router = APIRouter(tags=["context preservation system"], responses=error_responses())
Calls = Annotated[Call, Depends(call_of)]


class _Body(Body):
    model_config = ConfigDict(alias_generator=to_camel)


class StoreOptions(_Body):
    """Options of a value. `compress` has no effect: values above 1 KB are always compressed."""

    session_id: schemas.Name | None = None
    agent_id: schemas.Name | None = None
    ttl: schemas.Ttl | None = None
    encrypt: bool | None = None
    compress: bool = True
    tags: list[schemas.Word] | None = Field(default=None, max_length=50)


class StoreBody(_Body):
    """A value under its key."""

    key: schemas.Key
    data: Any
    options: StoreOptions = StoreOptions()


class UpdateOptions(_Body):
    """Who changed a value, and what the change is called."""

    change_type: Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f]*$")] = "update"
    changed_by: schemas.Name | None = None


class UpdateBody(_Body):
    """A new value of a context."""

    data: Any
    options: UpdateOptions = UpdateOptions()


class SearchOptions(_Body):
    """Which hits of a search are returned."""

    session_id: schemas.Name | None = None
    limit: schemas.HitLimit = 20
    offset: Annotated[int, Field(ge=0, le=10_000)] = 0


class SearchBody(_Body):
    """Words to search for, and which hits are returned."""

    query: schemas.Asked
    options: SearchOptions = SearchOptions()


@router.post("/api/context/store", response_model=schemas.ContextLine, responses={201: {"model": schemas.ContextLine}})
def store(body: StoreBody, call: Calls) -> Response:
    """As `PUT /v1/contexts/KEY`."""
    said = body.options
    tags = None if said.tags is None else tuple(said.tags)
    new = NewContext(body.data, said.ttl, tags, said.session_id, said.agent_id, said.encrypt)

    def do(writer: Any) -> tuple[int, Any]:
        head, is_new = writer.put(body.key, new, call.expected)
        return 201 if is_new else 200, head_json(head)

    return call.change(do, body, version=True)


@router.get("/api/context/get/{key:path}", response_model=schemas.ContextAnswer)
def get_(key: Key, call: Calls) -> Response:
    """As `GET /v1/contexts/KEY`."""
    return get(key, call)


@router.put("/api/context/update/{key:path}", response_model=schemas.ContextLine)
def update(key: Key, body: UpdateBody, call: Calls, request: Request) -> Response:
    """A new version of a context that is there. With a key, the history names that."""
    by = call.by if key_of(request) else body.options.changed_by or call.by

    def do(writer: Any) -> tuple[int, Any]:
        seen = writer.get(key).head.version
        if call.expected is not None:
            seen = call.expected
        head, _ = writer.put(key, NewContext(body.data, change=body.options.change_type), seen)
        return 200, head_json(head)

    return replace(call, by=by).change(do, body, version=True)


@router.delete("/api/context/delete/{key:path}", status_code=204)
def delete_(key: Key, call: Calls) -> Response:
    """As `DELETE /v1/contexts/KEY`."""
    return delete(key, call)


@router.post("/api/context/search", response_model=dict[str, list[dict[str, Any]]])
async def search(body: SearchBody, request: Request, call: Calls, parts: PartsOf) -> Response:
    """As `POST /v1/search`, with `results`."""
    said = body.options
    check_limit(said.limit, parts.settings.search_limit)
    wanted = Filter(session=said.session_id or "")

    def find() -> Response:
        hits = call.contexts.search(call.workspace, body.query, wanted, limit=said.limit + said.offset)
        return json_answer({"results": [hit_json(hit) for hit in hits[said.offset :]]})

    return await run_in_turn(request, find)


@router.get("/api/context/analytics")
def analytics_(
    call: Calls,
    session: Annotated[str, Query(alias="sessionId", max_length=200)] = "",
    agent: Annotated[str, Query(alias="agentId", max_length=200)] = "",
) -> AnalyticsAnswer:
    """As `GET /v1/analytics`: of one session or agent, else by day."""
    found = analytics(call, "session" if session else "agent" if agent else "day", limit=1000)
    return summed([row for row in found.rows if row.name == (session or agent)]) if session or agent else found


@router.get("/api/context/health")
def health(call: Calls) -> dict[str, str]:
    """Whether the contexts can be read."""
    call.contexts.cursor()
    return {"status": "healthy", "store": "ok"}


class _Payload(_Body):
    key: Annotated[str, Field(max_length=MAX_KEY)]


class _Message(_Body):
    type: Literal["subscribe-context", "unsubscribe-context"]
    payload: _Payload


@router.websocket("/context-ws")
async def socket(socket: WebSocket, parts: PartsOf) -> None:
    """`subscribe-context` with a key, and from then on `context-updated` for each of its changes."""
    await socket.accept()
    try:
        workspace = check_workspace(socket.headers.get("x-penstock-workspace", "default"))
        # Before the first message is read: what changes after an answer to it must not be missed.
        start = await run_in_threadpool(parts.contexts.cursor)
    except (InvalidContext, StoreError) as e:
        await socket.close(INVALID if isinstance(e, InvalidContext) else UNREADABLE, str(e)[:120])
        return
    keys: set[str] = set()
    following = asyncio.create_task(_updates(socket, Changes(parts.feed, workspace, start), keys))
    try:
        while True:
            try:
                message = _Message.model_validate_json(await socket.receive_text())
            except (ValidationError, KeyError) as e:
                await socket.send_json({"type": "error", "payload": error_body("invalid", str(e).splitlines()[0])})
                continue
            if message.type == "subscribe-context":
                keys.add(message.payload.key)
            else:
                keys.discard(message.payload.key)
    except (WebSocketDisconnect, RuntimeError):  # RuntimeError: closed by us meanwhile
        return
    finally:
        following.cancel()


async def _updates(socket: WebSocket, changes: Changes, keys: set[str]) -> None:
    try:
        async with aclosing(changes.follow()) as batches:
            async for found in batches:
                for change in (one for one in found if one.key in keys):
                    payload = {"key": change.key, "version": change.version, "timestamp": rfc3339(change.at)}
                    await socket.send_json({"type": "context-updated", "payload": payload})
    except StoreError as e:
        await socket.close(UNREADABLE, str(e)[:120])
    except WebSocketDisconnect:
        return  # the task that receives sees it as well
