"""The answers of the service as dataclasses (`Context`, `Hit`, `Change`), read from JSON; `refused`: the `ServiceError`
for a call that the service refuses."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import httpx

from penstock.base.errors import PenstockError

__all__ = ["Change", "Context", "Hit", "ServiceError", "change_of", "context_of", "hits_of", "refused"]


class ServiceError(PenstockError):
    """The service refused a call, or could not be reached. The text is the service's own."""

    def __init__(self, text: str, type: str, version: int | None = None) -> None:
        super().__init__(text)
        self.type = type
        """`not_found`, `gone`, `stale`, `invalid` … as docs/reference/service.md lists them; `unreachable`."""
        self.version = version
        """Of a `stale` call: the version that the context has."""


@dataclass(frozen=True, slots=True)
class Context:
    """A context as the service answers. Times are RFC 3339."""

    key: str
    version: int
    tags: tuple[str, ...]
    session: str
    agent: str
    size: int
    digest: str
    created_at: str
    updated_at: str
    expires_at: str | None
    by: str
    tag: str
    """Changes whenever anything of the context changes."""
    sealed: bool = False
    """Its values are encrypted on disk, and no search finds their words."""
    data: Any = None
    """The value, where the call asks for it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A context that a search found. A larger `score` is better, within one answer."""

    key: str
    version: int
    score: float
    excerpt: str
    tags: tuple[str, ...]
    at: str
    """When it was changed last."""
    weak: bool = False
    """The hit may be about something else than the query."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a context."""

    cursor: str
    kind: str
    key: str
    version: int
    by: str
    tags: tuple[str, ...]
    at: str


def context_of(answer: Any) -> Context:
    """A context, as JSON."""
    return Context(**{**_known(Context, answer), "tags": tuple(answer["tags"])})


def hits_of(answer: Any) -> list[Hit]:
    """The hits of a search, as JSON."""
    return [Hit(**{**_known(Hit, one), "tags": tuple(one["tags"])}) for one in answer["hits"]]


def change_of(answer: Any) -> Change:
    """A change, as JSON; a gap has its cursor alone."""
    gap = {"kind": "gap", "key": "", "version": 0, "by": "", "tags": [], "at": ""}
    change = {**gap, **answer}
    return Change(**{**_known(Change, change), "tags": tuple(change["tags"])})


def refused(answer: httpx.Response) -> ServiceError:
    """The error in an answer of status 400 or more."""
    try:
        error = answer.json()["error"]
        return ServiceError(str(error["message"]), str(error["type"]), error.get("version"))
    except (ValueError, KeyError, TypeError):
        return ServiceError(f"{answer.url} answered {answer.status_code}: {answer.text[:200]}", "internal")


def _known(kind: type, answer: dict[str, Any]) -> dict[str, Any]:
    """The fields that this version knows: a newer service may answer more."""
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in answer.items() if name in names}
