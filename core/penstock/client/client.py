"""`Client`: the calls of the service about contexts, for programs. Answers are dataclasses, errors `ServiceError`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from penstock.base import paths
from penstock.base.errors import PenstockError

__all__ = ["Change", "Client", "Context", "Hit", "ServiceError"]

DEFAULT_URL = "http://127.0.0.1:7878"
_TOKEN_FILE = "service-token"
_TIMEOUT_S = 30.0
_FOLLOW = httpx.Timeout(30.0, read=45.0)
"""Three times as long as the service is ever silent."""


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
    """Another one whenever anything of it has changed."""
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
    updated_at: str


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


class Client:
    """A connection to the service. Threads may share it. Every method raises `ServiceError`."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        workspace: str = "default",
        by: str = "owner",
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        """`url`: `PENSTOCK_SERVICE` of the environment, or this machine's, when it is not given. `token`: read from the
        file of this machine's service when it is not given. `by`: whom the history names."""
        url = url or os.environ.get("PENSTOCK_SERVICE") or DEFAULT_URL
        token = token or os.environ.get("PENSTOCK_TOKEN") or _own_token(url)
        if not by.isascii() or not by.isprintable():
            raise ServiceError(f"by is {by!r}: a header can name printable ASCII only", "invalid")
        headers = {
            "authorization": f"Bearer {token}",
            "x-penstock-workspace": workspace,
            "x-penstock-by": by,
        }
        # The proxy of the environment is for what goes to providers.
        self._http = httpx.Client(base_url=url, headers=headers, timeout=timeout_s, trust_env=False)
        self._url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def put(
        self,
        key: str,
        data: Any,
        *,
        ttl: float | None = None,
        tags: Sequence[str] | None = None,
        session: str | None = None,
        agent: str | None = None,
        seal: bool | None = None,
        expected: int | None = None,
    ) -> Context:
        """Keep a value. `ttl`: seconds, 0 for no end, 24 hours for a new context when it is not given. `seal`: whether
        all its versions are encrypted on disk; as before when it is not given. `expected`: the version that it must
        have, 0 for none; when it has another, the error's type is `stale`."""
        body = _given(ttl=ttl, tags=None if tags is None else list(tags), session=session, agent=agent, seal=seal)
        return _context(self._call("PUT", _path("contexts", key), {**body, "data": data}, expected=expected))

    def get(self, key: str, version: int | None = None) -> Context:
        """The newest version, or an older one."""
        return _context(self._call("GET", _path("contexts", key), query=_given(version=version)))

    def patch(self, key: str, patch: Any, *, ttl: float | None = None, expected: int | None = None) -> Context:
        """Change a value by a JSON Merge Patch (RFC 7396): fields of `patch` replace those of the value, and None takes
        one away."""
        body = {**_given(ttl=ttl), "data": patch}
        return _context(self._call("PATCH", _path("contexts", key), body, expected=expected))

    def append(self, key: str, *items: Any, expected: int | None = None) -> Context:
        """Add items to the end of a value that is a list."""
        return _context(self._call("PATCH", _path("contexts", key), {"append": list(items)}, expected=expected))

    def delete(self, key: str, *, purge: bool = False) -> None:
        """Take a context away; `purge`: for good, with all its versions."""
        self._call("DELETE", _path("contexts", key), query={"purge": "true"} if purge else {})

    def undelete(self, key: str) -> Context:
        """Bring back what was deleted within the last 30 days."""
        return _context(self._call("POST", _path("undelete", key)))

    def rollback(self, key: str, to: int) -> Context:
        """Make the value of an older version the newest."""
        return _context(self._call("POST", _path("rollback", key), {"to": to}))

    def versions(self, key: str) -> list[dict[str, Any]]:
        """The history, the newest first: `version`, `at`, `by`, `change`, `size`, `digest`."""
        found: list[dict[str, Any]] = self._call("GET", _path("versions", key))["items"]
        return found

    def list(self, prefix: str = "", *, tag: str = "", session: str = "", agent: str = "") -> Iterator[Context]:
        """Contexts by key, without their values; they are asked for a page at a time."""
        query = {k: v for k, v in {"prefix": prefix, "tag": tag, "session": session, "agent": agent}.items() if v}
        after: str | None = None
        while True:
            page = self._call("GET", "/v1/contexts", query={**query, **_given(after=after), "limit": 200})
            yield from map(_context, page["items"])
            after = page["next"]
            if after is None:
                return

    def search(self, query: str, *, limit: int = 20, tag: str | None = None, session: str | None = None) -> Any:
        """A list of `Hit`: contexts that hold any of the words, the best first."""
        body = {"query": query, "limit": limit, **_given(tag=tag, session=session)}
        found = self._call("POST", "/v1/search", body)["hits"]
        return [Hit(**{**_known(Hit, one), "tags": tuple(one["tags"])}) for one in found]

    def changes(self, prefix: str = "", after: str | None = None) -> Iterator[Change]:
        """Changes as they happen, from the cursor `after` on, or from now; until the caller stops. The first is of the
        kind `gap` where some after `after` are not kept any more."""
        query = _given(prefix=prefix or None, after=after)
        try:
            with self._http.stream("GET", "/v1/changes", params=query, timeout=_FOLLOW) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise _refused(answer)
                for line in answer.iter_lines():
                    if line.startswith("data: {"):
                        change: dict[str, Any] = {
                            "kind": "gap",
                            "key": "",
                            "version": 0,
                            "by": "",
                            "tags": [],
                            "at": "",
                        }
                        change |= json.loads(line[6:])
                        yield Change(**{**_known(Change, change), "tags": tuple(change["tags"])})
        except httpx.HTTPError as e:
            raise self._unreachable(e) from e

    def _call(self, method: str, path: str, body: Any = None, *, query: Any = None, expected: int | None = None) -> Any:
        headers = {} if expected is None else {"if-match": f'"{expected}"'}
        try:
            answer = self._http.request(method, path, json=body, params=query or None, headers=headers)
        except httpx.HTTPError as e:
            raise self._unreachable(e) from e
        except (ValueError, TypeError) as e:
            raise ServiceError(f"{path}: the value cannot be sent as JSON: {e}", "invalid") from e
        if answer.status_code >= 400:
            raise _refused(answer)
        try:
            return answer.json() if answer.content else None
        except ValueError as e:
            raise ServiceError(f"what answers at {self._url} is no service of Penstock's: {e}", "unreachable") from e

    def _unreachable(self, e: Exception) -> ServiceError:
        text = f"the service does not answer at {self._url} ({e}): `penstock serve` starts it"
        return ServiceError(text, "unreachable")


def _own_token(url: str) -> str:
    """This machine's. It goes to no other: what listens there could take it."""
    if httpx.URL(url).host not in ("127.0.0.1", "localhost", "::1"):
        raise ServiceError(f"{url} is not on this machine: name its token, or PENSTOCK_TOKEN", "unauthenticated")
    file: Path = paths.state_dir() / _TOKEN_FILE
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError) as e:
        raise ServiceError(f"{file} cannot be read: `penstock serve` makes it ({e})", "unauthenticated") from e


def _path(what: str, key: str) -> str:
    return f"/v1/{what}/{quote(key, safe='/~:@')}"


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that were given."""
    return {name: value for name, value in fields.items() if value is not None}


def _known(kind: type, answer: dict[str, Any]) -> dict[str, Any]:
    """The fields that this version knows: a newer service may answer more."""
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in answer.items() if name in names}


def _context(answer: Any) -> Context:
    return Context(**{**_known(Context, answer), "tags": tuple(answer["tags"])})


def _refused(answer: httpx.Response) -> ServiceError:
    try:
        error = answer.json()["error"]
        return ServiceError(str(error["message"]), str(error["type"]), error.get("version"))
    except (ValueError, KeyError, TypeError):
        return ServiceError(f"{answer.url} answered {answer.status_code}: {answer.text[:200]}", "internal")
