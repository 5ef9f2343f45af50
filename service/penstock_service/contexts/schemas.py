"""The JSON of the routes about contexts: pydantic models of bodies (`PutBody`, `PatchBody`, …) and of answers
(`ContextAnswer`, `ListAnswer`, …), and `new_context`, which makes a `NewContext` of a body. Times are RFC 3339."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from penstock.contexts.keys import KEY_PATTERN, MAX_KEY
from penstock.contexts.records import NewContext
from penstock_service.http.body import Body

__all__ = [
    "BatchBody",
    "BatchStep",
    "ChangeLine",
    "ContextAnswer",
    "ContextLine",
    "HistoryAnswer",
    "ListAnswer",
    "PatchBody",
    "PutBody",
    "RollbackBody",
    "TouchBody",
    "new_context",
]

Ttl = Annotated[float, Field(ge=0, le=3.2e9, description="Seconds until it ends; 0: it does not.")]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]
Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Key = Annotated[str, Field(max_length=MAX_KEY, pattern=KEY_PATTERN)]
Prefix = Annotated[str, Field(max_length=MAX_KEY)]
Asked = Annotated[str, Field(max_length=2000, pattern=r"\S")]
HitLimit = Annotated[int, Field(ge=1, description="Hits, at most: no more than `[service] search_limit` allows.")]
VersionNumber = Annotated[int, Field(ge=1, le=2**31, strict=True)]


class _Marks(Body):
    ttl: Ttl | None = None
    tags: list[Word] | None = Field(default=None, max_length=50)
    session: Name | None = None
    agent: Name | None = None
    seal: bool | None = Field(default=None, description="Whether all its versions are encrypted on disk.")
    change: Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f]*$")] | None = Field(
        default=None, description="What the history calls this change."
    )


class PutBody(_Marks):
    """A value to store. Without `ttl` a new context expires after 24 hours."""

    data: Any = Field(description="Any JSON.")


class PatchBody(_Marks):
    """A change: `data` is a JSON Merge Patch (RFC 7396), `append` goes to the end of a list."""

    data: Any = None
    append: list[Any] | None = None


class TouchBody(Body):
    """A new time to live."""

    ttl: Ttl


class RollbackBody(Body):
    """The version whose value becomes the newest again."""

    to: VersionNumber


class BatchStep(_Marks):
    """One of several changes. `data` and `append` are as in the call of the same name; `to` is a rollback's."""

    op: Literal["put", "patch", "get", "delete", "rollback"]
    key: Key
    data: Any = None
    append: list[Any] | None = None
    to: VersionNumber | None = None
    expected: Annotated[int, Field(ge=0, le=2**31)] | None = Field(default=None, description="As `If-Match`.")


class BatchBody(Body):
    """Several changes in one call; `atomic`: all of them or none."""

    atomic: bool = False
    do: Annotated[list[BatchStep], Field(min_length=1, max_length=500)]


class ContextLine(BaseModel):
    """A context without its value."""

    key: str
    version: int
    tags: list[str]
    session: str
    agent: str
    size: int
    digest: str
    created_at: str
    updated_at: str
    expires_at: str | None
    by: str
    sealed: bool
    tag: str
    """The ETag, without its quotes."""


class ContextAnswer(ContextLine):
    """A context with its value."""

    data: Any


class ListAnswer(BaseModel):
    """A page of contexts; `next` is the `after` of the next one."""

    items: list[ContextLine]
    next: str | None


class VersionLine(BaseModel):
    """A version in the history."""

    version: int
    at: str
    by: str
    change: str
    size: int
    digest: str


class HistoryAnswer(BaseModel):
    """The versions that are kept, the newest first."""

    items: list[VersionLine]
    next: str | None = None


class ChangeLine(BaseModel):
    """What happened to a context, for subscribers."""

    cursor: str
    kind: Literal["put", "delete", "expired", "rollback", "undelete"]
    key: str
    version: int
    by: str
    tags: list[str]
    at: str


def new_context(body: _Marks, data: Any, change: str) -> NewContext:
    """The `NewContext` that a body describes. `change`: the name of the change in the history if the caller gives
    none."""
    tags = None if body.tags is None else tuple(dict.fromkeys(body.tags))
    return NewContext(data, body.ttl, tags, body.session, body.agent, body.seal, body.change or change)
