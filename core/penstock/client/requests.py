"""`Request`: one call of the service, and how its answer is read. Builds that of each call about contexts: `put`,
`get`, `patch`, `append`, `delete`, `undelete`, `rollback`, `versions`, `search`, and `page` (200 contexts); a key that
is not valid raises `ServiceError`. `memory_requests` builds those about memory.

`Client` and `AsyncClient` have a method for each, of the same name, signature and docstring; for `page` it is `list`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import quote

from penstock.client.answers import Context, Hit, ServiceError, context_of, hits_of
from penstock.contexts.errors import InvalidContext
from penstock.contexts.keys import check_key

__all__ = [
    "Request",
    "append",
    "delete",
    "get",
    "page",
    "patch",
    "put",
    "rollback",
    "search",
    "undelete",
    "versions",
]

T = TypeVar("T")
_PAGE = 200
"""Contexts on a page: the most that the service returns."""


@dataclass(frozen=True, slots=True)
class Request(Generic[T]):
    """One call of the service, and how its answer is read."""

    method: str
    path: str
    read: Callable[[Any], T]
    body: Any = None
    query: Mapping[str, Any] = field(default_factory=dict)
    expected: int | None = None
    """The version that the context must have, 0 for none."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers of this call: `if-match`, or none."""
        return {} if self.expected is None else {"if-match": f'"{self.expected}"'}


def put(
    key: str,
    data: Any,
    *,
    ttl: float | None = None,
    tags: Sequence[str] | None = None,
    session: str | None = None,
    agent: str | None = None,
    seal: bool | None = None,
    expected: int | None = None,
) -> Request[Context]:
    """Keep a value. `ttl`: seconds, 0 for no end, 24 hours for a new context when it is not given. `seal`: whether all
    its versions are encrypted on disk; as before when it is not given. `expected`: the version that it must have, 0 for
    none; when it has another, the error's type is `stale`."""
    marks = given(ttl=ttl, tags=None if tags is None else list(tags), session=session, agent=agent, seal=seal)
    return Request("PUT", _path("contexts", key), context_of, {**marks, "data": data}, expected=expected)


def get(key: str, version: int | None = None) -> Request[Context]:
    """The newest version, or an older one."""
    return Request("GET", _path("contexts", key), context_of, query=given(version=version))


def patch(key: str, patch: Any, *, ttl: float | None = None, expected: int | None = None) -> Request[Context]:
    """Change a value by a JSON Merge Patch (RFC 7396): fields of `patch` replace those of the value, and None removes
    one."""
    body = {**given(ttl=ttl), "data": patch}
    return Request("PATCH", _path("contexts", key), context_of, body, expected=expected)


def append(key: str, *items: Any, expected: int | None = None) -> Request[Context]:
    """Add items to the end of a value that is a list."""
    return Request("PATCH", _path("contexts", key), context_of, {"append": list(items)}, expected=expected)


def delete(key: str, *, purge: bool = False, expected: int | None = None) -> Request[None]:
    """Delete a context; `purge`: for good, with all its versions."""
    query = {"purge": "true"} if purge else {}
    return Request("DELETE", _path("contexts", key), nothing, query=query, expected=expected)


def undelete(key: str, *, expected: int | None = None) -> Request[Context]:
    """Restore a context that was deleted within the last 30 days. `expected` of a deleted context is 0."""
    return Request("POST", _path("undelete", key), context_of, expected=expected)


def rollback(key: str, to: int, *, expected: int | None = None) -> Request[Context]:
    """Make the value of an older version the newest."""
    return Request("POST", _path("rollback", key), context_of, {"to": to}, expected=expected)


def versions(key: str) -> Request[list[dict[str, Any]]]:
    """The history, the newest first: `version`, `at`, `by`, `change`, `size`, `digest`."""
    return Request("GET", _path("versions", key), _items)


def search(
    query: str,
    *,
    limit: int = 20,
    tag: str | None = None,
    session: str | None = None,
    mode: Literal["words", "vectors", "both"] = "words",
) -> Request[list[Hit]]:
    """Contexts that hold any of the words, or are near in meaning (`vectors`), or both; the best first."""
    body = {"query": query, "limit": limit, "mode": mode, **given(tag=tag, session=session)}
    return Request("POST", "/v1/search", hits_of, body)


def page(
    prefix: str = "", *, tag: str = "", session: str = "", agent: str = "", after: str | None = None
) -> Request[tuple[list[Context], str | None]]:
    """A page of contexts by key, without their values, and the `after` of the next one."""
    query = {k: v for k, v in {"prefix": prefix, "tag": tag, "session": session, "agent": agent}.items() if v}
    return Request("GET", "/v1/contexts", _page_of, query={**query, **given(after=after), "limit": _PAGE})


def given(**fields: Any) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def nothing(_answer: Any) -> None:
    """Reads an answer without a body."""


def _path(what: str, key: str) -> str:
    """The path of a call about a key. Raises `ServiceError` if it is no valid key: httpx would take `..` for a step
    back, and call something else."""
    try:
        check_key(key)
    except InvalidContext as e:
        raise ServiceError(str(e), "invalid") from e
    return f"/v1/{what}/{quote(key, safe='/~:@')}"


def _items(answer: Any) -> list[dict[str, Any]]:
    return list(answer["items"])


def _page_of(answer: Any) -> tuple[list[Context], str | None]:
    return [context_of(one) for one in answer["items"]], answer["next"]
