"""The JSON of the routes about memory: pydantic models of bodies (`IngestBody`, `RecallBody`, `ItemBody`, …; unknown
fields are refused) and of answers (`IngestAnswer`, `RecallAnswer`, `ItemAnswer`, …); `dated` writes an answer's times
as RFC 3339."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from penstock.base.format import rfc3339
from penstock.control.memory_feedback import Comment, Value
from penstock.control.memory_recall import RECALL_TOKENS, WORKING_SET_TOKENS, Budget, Purpose
from penstock.memory.feedback import FeedbackKind
from penstock.memory.items import Kind
from penstock.transfer.ingest_lines import IngestLine
from penstock_service.http.body import Body

__all__ = [
    "AcceptedAnswer",
    "ExpandAnswer",
    "FeedbackAnswer",
    "FeedbackBody",
    "ForgottenAnswer",
    "IngestAnswer",
    "IngestBody",
    "ItemAnswer",
    "ItemBody",
    "ItemLine",
    "ItemsAnswer",
    "RecallAnswer",
    "RecallBody",
    "ThreadBody",
    "ThreadLine",
    "ThreadsAnswer",
    "WorkingSetAnswer",
    "WorkingSetBody",
    "dated",
]

Project = Annotated[
    str, Field(min_length=1, max_length=400, description="By default the one that is called as the workspace.")
]
Thread = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
ItemId = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8,32}$")]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]


class IngestBody(Body, IngestLine):
    """Materials of a thread, to be remembered."""

    wait: bool = Field(default=False, description="The answer comes when all is kept.")


class RecallBody(Body):
    """The purpose for which memories are wanted. `thread_id`, `kinds` and `since` leave others out."""

    purpose: Purpose
    thread_id: Thread | None = None
    project: Project | None = None
    token_budget: Budget = RECALL_TOKENS
    kinds: list[Kind] | None = None
    since: datetime | None = None


class WorkingSetBody(RecallBody):
    """The task for which a working set is wanted."""

    token_budget: Budget = WORKING_SET_TOKENS


class FeedbackBody(Body):
    """Feedback on an item. `value`: for `helpful` from -1 (of no use) up; for other types its size says how much."""

    item_id: ItemId
    feedback_type: FeedbackKind
    value: Value = 1.0
    comment: Comment = ""
    project: Project | None = None


class ItemBody(Body):
    """The fields of an item to change. A corrected `text` has another id."""

    text: Annotated[str, Field(min_length=1, max_length=100_000)] | None = None
    pinned: bool | None = None
    tags: list[Word] | None = Field(default=None, max_length=50)
    project: Project | None = None


class ThreadBody(Body):
    """A label for the thread; empty: none."""

    label: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
    project: Project | None = None


class IngestedLine(BaseModel):
    """An item that was made of a material. `new`: it was not known before."""

    id: str
    kind: Kind
    material: str
    new: bool


class AcceptedAnswer(BaseModel):
    """The number of the job, and how many lines of materials it has."""

    job: str
    accepted: int


class SkippedLine(BaseModel):
    """A part of the materials that was not kept, and why."""

    material: str
    why: str


class IngestAnswer(BaseModel):
    """The items that materials became, and what was skipped."""

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


class EntryLine(BaseModel):
    """A text of a working set, and the item it is from. `whole`: it is all of the item."""

    id: str
    kind: Kind
    text: str
    at: str | None
    whole: bool


class SourceLine(BaseModel):
    """An item from which an entry of a working set is."""

    id: str
    kind: Kind
    role: str
    session: str
    at: str | None


class WorkingSetAnswer(BaseModel):
    """What an agent needs to go on with a task, in sections. `left_out`: how many entries did not fit."""

    mission: list[EntryLine]
    constraints: list[EntryLine]
    decisions: list[EntryLine]
    files: list[EntryLine]
    open: list[EntryLine]
    recent: list[EntryLine]
    artifacts: list[EntryLine]
    tokens: int
    counted: Literal["exact", "calibrated", "estimated"]
    left_out: int
    weak: bool
    degraded: list[str]
    sources: list[SourceLine]


class ItemLine(BaseModel):
    """An item. `helpful` and `wrong` are the marks of a person; `feedback` is counted besides."""

    id: str
    kind: Kind
    text: str
    at: str | None
    session: str
    role: str
    tags: list[str]
    pinned: bool
    helpful: int
    wrong: int
    expires_at: str | None


class VoiceLine(BaseModel):
    """One caller's feedback on an item."""

    feedback_type: FeedbackKind
    value: float
    comment: str
    by: str
    at: str


class FeedbackAnswer(VoiceLine):
    """Feedback, as it was kept. `replaced`: the same caller had said something before."""

    item_id: str
    replaced: bool


class ItemAnswer(ItemLine):
    """An item, with the feedback on it, the newest first."""

    feedback: list[VoiceLine]


class ItemsAnswer(BaseModel):
    """A page of items; `next` is the `after` of the next one."""

    items: list[ItemLine]
    next: str | None


class ThreadLine(BaseModel):
    """A thread. `label`: what a person calls it."""

    thread_id: str
    label: str
    items: int
    first_at: str | None
    last_at: str | None


class ThreadsAnswer(BaseModel):
    """A page of threads; `next` is the `after` of the next one."""

    items: list[ThreadLine]
    next: str | None


class ForgottenAnswer(BaseModel):
    """The number of deleted items, and of originals of the same texts. `fault`: why originals could not be deleted."""

    forgotten: int
    originals: int
    fault: str | None = None


class ExpandAnswer(BaseModel):
    """An original, or an item. `reason` and `stage`: why an original was taken away, and by what."""

    id: str
    kind: Literal["original", "chat", "diff", "log", "document"]
    at: str | None
    session: str | None = None
    stage: str | None = None
    reason: str | None = None
    characters: int
    text: str


def dated(answer: Any) -> Any:
    """An answer with its times, which commands give in seconds since 1970, as RFC 3339."""
    if isinstance(answer, list):
        return [dated(one) for one in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        name: rfc3339(value) if name in _TIMES and isinstance(value, float) else dated(value)
        for name, value in answer.items()
    }


_TIMES = {"at", "expires_at", "first_at", "last_at"}
