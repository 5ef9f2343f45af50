"""`AsyncClient`: the client of the service's HTTP API for programs with an event loop, with the methods of `Client`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

import httpx

from penstock.client import memory_requests, requests
from penstock.client.answers import Change, Context, refused
from penstock.client.connection import TIMEOUT_S, Connection, change_in, following
from penstock.client.described import described
from penstock.client.requests import Request

__all__ = ["AsyncClient"]

P = ParamSpec("P")
T = TypeVar("T")


def _method(make: Callable[P, Request[T]]) -> Callable[Concatenate[AsyncClient, P], Coroutine[Any, Any, T]]:
    """The method that makes this request and gives its answer."""

    async def call(self: AsyncClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.do(make(*args, **kwargs))

    return described(call, make)


class AsyncClient:
    """A connection to the service, for one event loop. Every method raises `ServiceError`."""

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
        """Takes the same arguments as `Client`."""
        self._to = Connection(url, token, workspace, by, store)
        self._http = httpx.AsyncClient(
            base_url=self._to.url, headers=self._to.headers, timeout=timeout_s, trust_env=False
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connection."""
        await self._http.aclose()

    async def do(self, request: Request[T]) -> T:
        """Make a call."""
        call = self._to.encode(request)
        try:
            answer = await self._http.request(**call)
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

    async def list(
        self, prefix: str = "", *, tag: str = "", session: str = "", agent: str = ""
    ) -> AsyncIterator[Context]:
        """Contexts by key, without their values; fetched a page at a time."""
        after: str | None = ""
        while after is not None:
            wanted = requests.page(prefix, tag=tag, session=session, agent=agent, after=after or None)
            found, after = await self.do(wanted)
            for one in found:
                yield one

    async def changes(self, prefix: str = "", after: str | None = None) -> AsyncIterator[Change]:
        """Changes as they happen, as `Client.changes` gives them."""
        try:
            async with self._http.stream(**following(prefix, after)) as answer:
                if answer.status_code != 200:
                    await answer.aread()
                    raise refused(answer)
                async for line in answer.aiter_lines():
                    if (change := change_in(line)) is not None:
                        yield change
        except httpx.HTTPError as e:
            raise self._to.unreachable(e) from e
