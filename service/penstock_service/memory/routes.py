"""The routes `POST /v1/recall` and `/v1/workingset`, which search the memory for what serves a purpose."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from penstock_service.http.calls import json_answer
from penstock_service.http.errors import error_responses
from penstock_service.memory import schemas
from penstock_service.memory.calls import MemoryCalls

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["memory"], responses=error_responses())


@router.post("/recall", response_model=schemas.RecallAnswer)
def recall(body: schemas.RecallBody, call: MemoryCalls) -> Response:
    """Get the items that serve a purpose, the best first, within a number of tokens."""
    return _recalled("recall", body, call)


@router.post("/workingset", response_model=schemas.WorkingSetAnswer)
def workingset(body: schemas.WorkingSetBody, call: MemoryCalls) -> Response:
    """Get what an agent needs to go on with a task, in sections, within a number of tokens: the mission, constraints,
    decisions, files, what is open, what was said last, and diffs and documents about it. No model is asked."""
    return _recalled("workingset", body, call)


def _recalled(command: str, body: schemas.RecallBody, call: MemoryCalls) -> Response:
    found = call.do(
        command,
        body.project,
        purpose=body.purpose,
        thread_id=body.thread_id,
        token_budget=body.token_budget,
        kinds=body.kinds,
        since=None if body.since is None else body.since.timestamp(),
    )
    return json_answer(schemas.dated(found))
