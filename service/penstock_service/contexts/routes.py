"""The routes about contexts under `/v1`: put, get, patch, delete, list, touch and batch; versions, diff, rollback and
undelete. A page has at most 500 contexts. Raises `InvalidContext` for a body that does not fit, `TooLarge` and
`Conflict` for a batch: a step of an atomic one that fails undoes all."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Query
from fastapi.responses import Response

from penstock.base.suggest import did_you_mean
from penstock.contexts.errors import Conflict, ContextError, InvalidContext, TooLarge
from penstock.contexts.json import head_json, value_json, version_json
from penstock.contexts.keys import KEY_PATTERN, MAX_KEY, check_key, new_key
from penstock.contexts.records import Expected, Filter, NewContext
from penstock.contexts.values import MAX_BYTES
from penstock.contexts.writing import Writer
from penstock_service.contexts import schemas
from penstock_service.contexts.json_patch import difference
from penstock_service.contexts.short_reads import ShortRead, whole_answer
from penstock_service.http.calls import Call, call_of, json_answer
from penstock_service.http.errors import error_responses, status_of

__all__ = ["router"]

router = APIRouter(prefix="/v1", responses=error_responses())
Calls = Annotated[Call, Depends(call_of)]
Key = Annotated[str, Path(description="Segments joined by /.", max_length=MAX_KEY, pattern=KEY_PATTERN)]
Number = Annotated[int | None, Query(ge=1, le=2**31)]
Limit = Annotated[int, Query(ge=1, le=500)]
_MADE: dict[int | str, dict[str, Any]] = {201: {"model": schemas.ContextLine, "description": "It is new."}}


@router.put("/contexts/{key:path}", tags=["contexts"], response_model=schemas.ContextLine, responses=_MADE)
def put(key: Key, body: schemas.PutBody, call: Calls) -> Response:
    """Store a value under a key: version 1, or a further version. An equal value makes no new version; its time to live
    starts again."""
    return call.change(lambda writer: _put(writer, key, body, call.expected), body, version=True)


@router.post("/contexts", tags=["contexts"], status_code=201, response_model=schemas.ContextLine)
def post(body: schemas.PutBody, call: Calls) -> Response:
    """Store a value under a key that the service makes."""
    return call.change(lambda writer: _put(writer, new_key(), body, 0), body, version=True)


@router.get("/contexts", tags=["contexts"], response_model=schemas.ListAnswer)
def list_contexts(
    call: Calls,
    prefix: Annotated[str, Query(max_length=MAX_KEY)] = "",
    tag: Annotated[str, Query(max_length=100)] = "",
    session: Annotated[str, Query(max_length=200)] = "",
    agent: Annotated[str, Query(max_length=200)] = "",
    changed_since: Annotated[datetime | None, Query()] = None,
    limit: Limit = 50,
    after: Annotated[str | None, Query(max_length=MAX_KEY)] = None,
) -> Response:
    """List contexts by key, without their values, a page at a time."""
    since = None if changed_since is None else changed_since.timestamp()
    page = call.contexts.page(call.workspace, Filter(prefix, tag, session, agent, since), limit=limit, after=after)
    return json_answer({"items": [head_json(head) for head in page.items], "next": page.next})


def get(
    key: Key,
    call: Calls,
    version: Number = None,
    fields: Annotated[str, Query(max_length=400, description="Of the answer only these, with commas between.")] = "",
    known: Annotated[str | None, Header(alias="if-none-match")] = None,
) -> Response:
    """Get the newest version of a context, or an older one."""
    wanted = _fields(fields)
    if known is not None and version is None:
        tag = f'"{call.contexts.head(call.workspace, key).tag}"'
        if known.strip() == "*" or tag in (one.strip().removeprefix("W/") for one in known.split(",")):
            return Response(status_code=304, headers={"etag": tag})
    if not wanted:
        return whole_answer(call.contexts.text(call.workspace, key, version))
    found = call.contexts.get(call.workspace, key, version)
    answer = value_json(found)
    return json_answer({name: answer[name] for name in wanted}, {"etag": f'"{found.head.tag}"'})


router.add_api_route(
    "/contexts/{key:path}",
    get,
    methods=["GET"],
    tags=["contexts"],
    response_model=schemas.ContextAnswer | dict[str, Any],
    responses={304: {"description": "It still has the version of `If-None-Match`."}},
    route_class_override=ShortRead,
)


def _fields(said: str) -> list[str]:
    """The fields that were asked for; none: all. Raises `InvalidContext` for one that there is not."""
    wanted, known = [one.strip() for one in said.split(",") if one.strip()], schemas.ContextAnswer.model_fields
    for one in wanted:
        if one not in known:
            raise InvalidContext(f"fields: there is no field {one!r}.{did_you_mean(one, known)}", "fields")
    return wanted


@router.patch("/contexts/{key:path}", tags=["contexts"], response_model=schemas.ContextLine)
def patch(key: Key, body: schemas.PatchBody, call: Calls) -> Response:
    """Change a value by a JSON Merge Patch, append to a list, or set its time and tags alone."""
    return call.change(lambda writer: (200, _patch(writer, key, body, call.expected)), body, version=True)


@router.delete("/contexts/{key:path}", tags=["contexts"], status_code=204)
def delete(key: Key, call: Calls, purge: bool = False) -> Response:
    """Delete a context. Within 30 days it can be brought back; `purge` removes it for good, with all its versions."""

    def do(writer: Writer) -> tuple[int, Any]:
        writer.delete(key, purge=purge, expected=call.expected)
        return 204, None

    return call.change(do)


@router.get("/versions/{key:path}", tags=["history"], response_model=schemas.HistoryAnswer)
def versions(key: Key, call: Calls) -> Response:
    """List the versions that are kept, the newest first."""
    found = call.contexts.versions(call.workspace, key)
    return json_answer({"items": [version_json(one) for one in found], "next": None})


@router.get("/diff/{key:path}", tags=["history"], response_model=list[dict[str, Any]])
def diff(
    key: Key,
    call: Calls,
    from_version: Annotated[int, Query(alias="from", ge=1, le=2**31)],
    to: Number = None,
) -> Response:
    """Get the difference of two versions (`to`: by default the newest), as a JSON Patch (RFC 6902)."""
    old, new = (call.contexts.get(call.workspace, key, version).data for version in (from_version, to))
    return json_answer(difference(old, new))


@router.post("/rollback/{key:path}", tags=["history"], response_model=schemas.ContextLine)
def rollback(key: Key, body: schemas.RollbackBody, call: Calls) -> Response:
    """Make the value of an older version the newest, as a version of its own."""
    return call.change(
        lambda writer: (200, head_json(writer.rollback(key, body.to, call.expected))), body, version=True
    )


@router.post("/undelete/{key:path}", tags=["history"], response_model=schemas.ContextLine)
def undelete(key: Key, call: Calls) -> Response:
    """Bring back a context that was deleted or has ended within the last 30 days. It then lasts 24 hours."""
    return call.change(lambda writer: (200, head_json(writer.undelete(key, expected=call.expected))), version=True)


@router.post("/touch/{key:path}", tags=["contexts"], response_model=schemas.ContextLine)
def touch(key: Key, body: schemas.TouchBody, call: Calls) -> Response:
    """Start the time to live again."""
    new = NewContext(None, ttl=body.ttl)
    return call.change(lambda writer: (200, head_json(writer.touch(key, new, call.expected))), body, version=True)


@router.post("/batch", tags=["contexts"], response_model=dict[str, list[dict[str, Any]]])
def batch(body: schemas.BatchBody, call: Calls) -> Response:
    """Several calls in order. `atomic`: where one fails nothing is changed, and the answer is 409 and names it."""

    if call.name and any(step.op == "get" for step in body.do):
        raise InvalidContext("a batch with an Idempotency-Key cannot `get`: its answer is kept for a day", "do")

    def do(writer: Writer) -> tuple[int, Any]:
        results: list[dict[str, Any]] = []
        size = 0
        for nth, step in enumerate(body.do):
            try:
                with writer.part():
                    status, answer = _step(writer, step)
                results.append({"status": status, **({} if answer is None else {"context": answer})})
                size += answer["size"] if step.op == "get" else 0
            except ContextError as e:
                status, error = status_of(e)
                if body.atomic:
                    raise Conflict(f"step {nth} ({step.op} {step.key}) failed, so nothing was done: {e}", "do") from e
                results.append({"status": status, **error})
            if size > MAX_BYTES:
                raise TooLarge(f"what the batch reads has over {MAX_BYTES:,} bytes by step {nth}: ask in parts", "do")
        return 200, {"results": results}

    return call.change(do, body)


def _step(writer: Writer, step: schemas.BatchStep) -> tuple[int, Any]:
    check_key(step.key)
    if step.op == "put":
        return _put(writer, step.key, step, step.expected)
    if step.op == "patch":
        return 200, _patch(writer, step.key, step, step.expected)
    if step.op == "get":
        return 200, value_json(writer.get(step.key))
    if step.op == "delete":
        writer.delete(step.key, expected=step.expected)
        return 204, None
    if step.to is None:
        raise InvalidContext("a rollback needs the version it goes back to", "to")
    return 200, head_json(writer.rollback(step.key, step.to, step.expected))


def _put(
    writer: Writer, key: str, body: schemas.PutBody | schemas.BatchStep, expected: Expected
) -> tuple[int, dict[str, Any]]:
    if "data" not in body.model_fields_set:
        raise InvalidContext("a put needs `data`", "data")
    head, is_new = writer.put(key, schemas.new_context(body, body.data, "put"), expected)
    return 201 if is_new else 200, head_json(head)


def _patch(writer: Writer, key: str, body: schemas.PatchBody | schemas.BatchStep, expected: Expected) -> dict[str, Any]:
    said = body.model_fields_set
    if "append" in said and "data" in said:
        raise InvalidContext("`data` or `append` was expected, not both", "append")
    if body.append is not None:
        return head_json(writer.append(key, body.append, schemas.new_context(body, None, "append"), expected))
    new = schemas.new_context(body, None, "patch")
    if "data" in said:
        return head_json(writer.patch(key, body.data, new, expected))
    return head_json(writer.touch(key, new, expected))
