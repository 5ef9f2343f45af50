"""The route `POST /v1/search`: searches contexts and memory, by words, by vectors or by both."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from pydantic_core import to_json

from penstock.base.errors import MemoryDown
from penstock.base.format import rfc3339
from penstock.contexts.json import hit_json
from penstock.contexts.ranked_words import RankedWords
from penstock.contexts.records import Filter, Hit
from penstock.contexts.vectors import VectorSearch, fused
from penstock.gateway.admit import check_scope
from penstock_service.contexts.schemas import Asked, HitLimit, Name, Prefix, Word
from penstock_service.contexts.short_reads import plain_workspace
from penstock_service.http.body import Body
from penstock_service.http.calls import Call, call_of, check_limit
from penstock_service.http.errors import error_responses
from penstock_service.http.key_checker import key_of
from penstock_service.http.route_dependencies import Parts, PartsOf
from penstock_service.http.turns import run_by_rounds, run_in_turn
from penstock_service.memory.calls import reach_of

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["search"], responses=error_responses())
_EXCERPT = 240
"""Characters of a memory that are shown."""
_LIKELY = 5.0
"""How sure a memory must be not to be called weak, as the tool `recall` calls it."""


class SearchBody(Body):
    """What to search for. `tag`, `prefix` and `agent` apply to contexts alone; `session` and times to both."""

    query: Asked
    places: list[Literal["contexts", "memory"]] = Field(
        default=["contexts"], alias="in", min_length=1, max_length=2, description="Where to look."
    )
    mode: Literal["words", "vectors", "both"] = Field(
        default="words", description="How contexts are found; memory is always found by both."
    )
    tag: Word | None = None
    session: Name | None = None
    agent: Name | None = None
    prefix: Prefix | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: HitLimit = 20

    @property
    def is_brief(self) -> bool:
        """Whether it waits neither for a model nor for another process."""
        return self.places == ["contexts"] and self.mode == "words"

    @property
    def wanted(self) -> Filter:
        """The conditions for contexts."""
        times = (None if at is None else at.timestamp() for at in (self.since, self.until))
        return Filter(self.prefix or "", self.tag or "", self.session or "", self.agent or "", *times)


class HitLine(BaseModel):
    """A context or memory that was found; a larger `score` is better, among those of one place in one answer."""

    id: str
    kind: str
    """`context`, or the kind of a memory: `chat`, `diff`, `log`, `document` …"""
    key: str | None
    version: int | None
    score: float
    weak: bool
    """Whether it may be about something else."""
    excerpt: str
    tags: list[str]
    at: str | None


class SearchAnswer(BaseModel):
    """The best of each place in turn, weak ones last. `degraded`: what could not be asked, or only in part."""

    hits: list[HitLine]
    degraded: list[str]


class ShortSearch(APIRoute):
    """A route that has a search of contexts by words carried out at once, if the call has no conditions and its body is
    as it has to be. FastAPI has all others answered as its description says, and those that are refused: to look at
    the headers takes it a third as long as such a search."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        general = super().get_route_handler()

        async def handle(request: Request) -> Response:
            workspace = plain_workspace(request)
            is_json = request.headers.get("content-type") == "application/json"
            body = _body_of(await request.body()) if workspace is not None and is_json else None
            if body is None or workspace is None or not body.is_brief:
                return await general(request)
            parts: Parts = request.app.state.parts
            asked = (body, request, parts, workspace)
            return await run_by_rounds(request, _search_at_once, *asked) or await run_in_turn(request, _search, *asked)

        return handle


def _body_of(content: bytes) -> SearchBody | None:
    try:
        return SearchBody.model_validate_json(content)
    except ValueError:
        return None


async def search(
    body: SearchBody, request: Request, parts: PartsOf, call: Annotated[Call, Depends(call_of)]
) -> Response:
    """Search contexts that hold any of the words in their key, tags or value, or are near in meaning; and memories of
    the project with the name of the workspace."""
    asked = (body, request, parts, call.workspace)
    return await (run_in_turn(request, _search, *asked) if body.is_brief else run_in_threadpool(_search, *asked))


router.add_api_route("/search", search, methods=["POST"], response_model=SearchAnswer, route_class_override=ShortSearch)


def _search_at_once(body: SearchBody, request: Request, parts: Parts, workspace: str) -> Response | None:
    """The answer, where it takes less than a millisecond; None: `_search` finds it."""
    check_limit(body.limit, parts.settings.search_limit)
    ranked: RankedWords = request.app.state.ranked
    has_conditions = body.wanted != Filter()
    found = None if has_conditions else ranked.lines_at_once(workspace, body.query, limit=body.limit)
    return None if found is None else _answer(found, [])


def _search(body: SearchBody, request: Request, parts: Parts, workspace: str) -> Response:
    check_limit(body.limit, parts.settings.search_limit)
    key = key_of(request)
    if "memory" in body.places and key is not None:
        check_scope(key, "memory")
    hits: list[tuple[int, dict[str, Any]]] = []
    degraded: list[str] = []
    if "contexts" in body.places:
        found, degraded = _contexts(body, workspace, request)
        hits += enumerate(hit_json(hit) for hit in found)
    if "memory" in body.places:
        asked = {"query": body.query, "project": workspace, "limit": body.limit}
        try:
            remembered = reach_of(request).do("search", asked)
        except MemoryDown:
            degraded.append("memory")
        else:
            hits += enumerate(_memory_hit(one) for one in remembered["hits"] if _fits(one, body))
            degraded += remembered["degraded"]
    hits.sort(key=lambda one: (one[1]["weak"], one[0]))  # stable: scores of two places are of two scales
    return _answer([hit for _, hit in hits[: body.limit]], degraded)


def _answer(hits: list[dict[str, Any]], degraded: list[str]) -> Response:
    # In a quarter of the time that Python's own module takes.
    return Response(to_json({"hits": hits, "degraded": degraded}), media_type="application/json")


def _contexts(body: SearchBody, workspace: str, request: Request) -> tuple[list[Hit], list[str]]:
    ranked: RankedWords = request.app.state.ranked
    wanted = body.wanted
    if body.mode == "words":
        return ranked.search(workspace, body.query, wanted, limit=body.limit), []
    near: list[Hit] = []
    is_complete = False
    try:
        vectors: VectorSearch = request.app.state.vectors
        near, is_complete = vectors.search(workspace, body.query, wanted, limit=body.limit)
    except MemoryDown:
        if body.mode == "vectors":
            raise
    degraded = [] if is_complete else ["vectors"]
    if body.mode == "vectors":
        return near, degraded
    by_words = ranked.search(workspace, body.query, wanted, limit=body.limit)
    return fused([by_words, near], body.limit), degraded


def _memory_hit(one: dict[str, Any]) -> dict[str, Any]:
    text = one["text"]
    return {
        "id": one["id"],
        "kind": one["kind"],
        "key": None,
        "version": None,
        "score": one["score"],
        "weak": one["sure"] < _LIKELY,
        "excerpt": text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…",
        "tags": one["tags"],
        "at": None if one["at"] is None else rfc3339(one["at"]),
    }


def _fits(one: dict[str, Any], body: SearchBody) -> bool:
    at = one["at"]
    return (
        (body.session is None or one["session"] == body.session)
        and (body.since is None or (at is not None and at >= body.since.timestamp()))
        and (body.until is None or (at is not None and at <= body.until.timestamp()))
    )
