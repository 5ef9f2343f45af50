"""The routes that replay prompts through the whole pipeline, in the background of the service: `start`, `stop`,
`status`. One replay at a time; nothing leaves this machine."""

from __future__ import annotations

import os
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from penstock.plugins.manager import Plugins
from penstock.profiles import profile as profiles
from penstock.replay.prompts import MOST, prompts_of
from penstock.replay.run import WARM
from penstock.stats.export import clean
from penstock_service.http.body import Body
from penstock_service.http.errors import error_responses
from penstock_service.http.route_dependencies import PartsOf

__all__ = ["ReplayAnswer", "ReplayBody", "router", "start", "status", "stop"]

router = APIRouter(prefix="/v1/replay", tags=["replay"], responses=error_responses())
_LONGEST_GAP_S = 31_536_000
"""A year."""


class ReplayBody(Body):
    """Prompts, sent one after the other as one conversation; `/clear` among them begins with an empty history."""

    prompts: Annotated[list[str], Field(min_length=1, max_length=MOST)]
    profile: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_+-]{0,100}$", description="By name; the one in use where none is named.")
    ] = ""
    gap: Annotated[
        float, Field(ge=0, le=_LONGEST_GAP_S, description="Seconds that seem to pass between two prompts.")
    ] = WARM


class ReplayState(BaseModel):
    """The progress of a replay. `state`: idle (there was none), opening, running, stopping or done. `error`: why it
    ended early; empty where it was stopped."""

    id: str
    state: str
    profile: str
    total: int
    done: int
    error: str
    remarks: list[str]


class ReplayAnswer(ReplayState):
    """The progress of a replay with the totals so far, and a page of the results by prompt; `next` is the `after` of
    the next page."""

    sums: dict[str, Any]
    items: list[dict[str, Any]]
    next: str | None


@router.post("/start", status_code=202, response_model=ReplayState)
def start(body: ReplayBody, parts: PartsOf) -> dict[str, Any]:
    """Replay prompts through the stages, the ledger and a memory of their own, as `penstock replay` does: a stand-in
    answers, and files that prompts name are not read. 409 while another replay runs."""
    name = body.profile or os.environ.get(profiles.VARIABLE, "default")
    profiles.load(name)  # refused here, and not after the answer
    return parts.replays.start(prompts_of(body.prompts), name, Plugins.load, body.gap)


@router.post("/stop", response_model=ReplayState)
def stop(parts: PartsOf) -> dict[str, Any]:
    """End the replay after the prompt under way. What was done stays. Without one that runs nothing changes."""
    return parts.replays.stop()


@router.get("/status", response_model=ReplayAnswer)
def status(
    parts: PartsOf,
    limit: Annotated[int, Query(ge=0, le=500)] = 50,
    after: Annotated[str | None, Query(pattern=r"^\d{1,9}$", description="The `next` of the page before")] = None,
) -> dict[str, Any]:
    """Get the progress of the newest replay, and the results by prompt: tags, recall, edits, tokens, money, time."""
    state, start = parts.replays.state(), int(after or 0)
    items = parts.replays.played(start, limit)
    following = str(start + len(items)) if start + len(items) < state["done"] else None
    found: dict[str, Any] = clean({**state, "sums": parts.replays.sums(), "items": items, "next": following})
    return found
