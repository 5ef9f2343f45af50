"""The JSON of the calls about memory: models of bodies (unknown fields are refused) and of answers. Times are RFC
3339."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from penstock.base.format import rfc3339
from penstock.control.memory_ingest import Materials
from penstock.control.memory_recall import RECALL_TOKENS, Budget, Purpose
from penstock.memory.items import Kind

__all__ = ["IngestAnswer", "IngestBody", "RecallAnswer", "RecallBody", "dated"]

Project = Annotated[
    str, Field(min_length=1, max_length=400, description="By default the one that is called as the workspace.")
]
Thread = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class IngestBody(_Body):
    """Materials of a thread, to be remembered."""

    thread_id: Thread
    materials: Materials
    project: Project | None = None
    tags: list[Word] = Field(default=[], max_length=50)
    wait: Literal[True] = Field(default=True, description="The answer comes when all is kept.")


class RecallBody(_Body):
    """What memories are wanted for. `thread_id`, `kinds` and `since` leave others out."""

    purpose: Purpose
    thread_id: Thread | None = None
    project: Project | None = None
    token_budget: Budget = RECALL_TOKENS
    kinds: list[Kind] | None = None
    since: datetime | None = None


class IngestedLine(BaseModel):
    """A part of a material. `new`: it was not known before."""

    id: str
    kind: Kind
    material: str
    new: bool


class SkippedLine(BaseModel):
    """What was not kept."""

    material: str
    why: str


class IngestAnswer(BaseModel):
    """What became of materials."""

    items: list[IngestedLine]
    skipped: list[SkippedLine]


class RecalledLine(BaseModel):
    """An item; `session` is its thread. A larger `score` is better, within one answer."""

    id: str
    kind: Kind
    text: str
    at: str | None
    session: str
    score: float
    why: list[str]


class RecallAnswer(BaseModel):
    """Items, the best first. `left_out`: how many related ones did not fit. `weak`: even the best may be about
    something else. `degraded`: what was down."""

    items: list[RecalledLine]
    tokens: int
    counted: Literal["exact", "calibrated", "estimated"]
    left_out: int
    weak: bool
    degraded: list[str]


def dated(line: dict[str, Any]) -> dict[str, Any]:
    """`line` with its times, which commands give in seconds since 1970, as RFC 3339."""
    return {name: rfc3339(value) if name in _TIMES and value is not None else value for name, value in line.items()}


_TIMES = {"at", "expires_at", "first_at", "last_at"}
