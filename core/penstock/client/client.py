"""`Client`: a synchronous client of the service's HTTP API, with a method for each call about contexts and memory, and
an iterator over changes. Answers are dataclasses; errors are `ServiceError`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, TypeVar

import httpx

from penstock.client import memory_requests, requests
from penstock.client.answers import Change, Context, refused
from penstock.client.connection import TIMEOUT_S, Connection, change_in, following
from penstock.client.described import described
from penstock.client.requests import Request

__all__ = ["Client"]

P = ParamSpec("P")
T = TypeVar("T")


def _method(make: Callable[P, Request[T]]) -> Callable[Concatenate[Client, P], T]:
    """The method that makes this request and gives its answer."""

    def call(self: Client, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return self.do(make(*args, **kwargs))

    return described(call, make)


class Client:
    """A connection to the service. Threads may share it. Every method raises `ServiceError`."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        workspace: str = "default",
        by: str = "owner",
        timeout_s: float = TIMEOUT_S,
        store: Path | None = None,
    ) -> None:
        """`url`: the address of the service; by default `PENSTOCK_SERVICE` of the environment, or this machine's.
        `token`: by default `PENSTOCK_TOKEN`, or the token of this machine's service. `by`: whom the history names.
        `store`: the store of the proxy beside which that service stands, if not the usual one; its token is there."""
        self._to = Connection(url, token, workspace, by, store)
        # The proxy of the environment is for what goes to providers.
        self._http = httpx.Client(base_url=self._to.url, headers=self._to.headers, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def do(self, request: Request[T]) -> T:
        """Make a call."""
        call = self._to.encode(request)
        try:
            answer = self._http.request(**call)
        except httpx.HTTPError as e:
            raise self._to.unreachable(e) from e
        return self._to.read(request, answer)

    put = _method(requests.put)
    get = _method(requests.get)
    patch = _method(requests.patch)
    append = _method(requests.append)
    delete = _method(requests.delete)
    undelete = _method(requests.undelete)
    rollback = _method(requests.rollback)
    versions = _method(requests.versions)
    search = _method(requests.search)
    ingest = _method(memory_requests.ingest)
    recall = _method(memory_requests.recall)
    working_set = _method(memory_requests.working_set)
    feedback = _method(memory_requests.feedback)

    def list(self, prefix: str = "", *, tag: str = "", session: str = "", agent: str = "") -> Iterator[Context]:
        """Contexts by key, without their values; fetched a page at a time."""
        after: str | None = ""
        while after is not None:
            found, after = self.do(requests.page(prefix, tag=tag, session=session, agent=agent, after=after or None))
            yield from found

    def changes(self, prefix: str = "", after: str | None = None) -> Iterator[Change]:
        """Changes as they happen, from the cursor `after` on, or from now; until the caller stops. The first is of the
        kind `gap` if some after `after` are no longer stored."""
        try:
            with self._http.stream(**following(prefix, after)) as answer:
                if answer.status_code != 200:
                    answer.read()
                    raise refused(answer)
                for line in answer.iter_lines():
                    if (change := change_in(line)) is not None:
                        yield change
        except httpx.HTTPError as e:
            raise self._to.unreachable(e) from e
