"""Asks an engine in both of its ways, in the caller's own thread and from an event loop; and stages that do one thing
(`Does`) or block until a test lets them go (`Blocks`). `until_shown` waits for what stages do with an answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from penstock import Draft, Stage
from penstock.conversation.exchange import Request
from penstock.engine.proxy_decision import ProxyDecision
from penstock.testing import Session, path_of

__all__ = ["WAYS", "Blocks", "Does", "ask_from_a_loop", "ask_now", "request", "until_shown"]


def request(
    body: bytes,
    *,
    ident: str = "y0001",
    path: str = "",
    dialect: str = "anthropic",
    headers: Mapping[str, str] | None = None,
) -> Request:
    """A request as the wire hands it over."""
    sent = {"x-session-id": "test-session", "user-agent": "test/1"} | dict(headers or {})
    return Request(ident, "POST", "localhost", path or path_of(dialect), sent, body)


def ask_now(session: Session, asked: Request) -> ProxyDecision:
    """`process_now`."""
    return session.engine.process_now(asked)


def ask_from_a_loop(session: Session, asked: Request) -> ProxyDecision:
    """`process`, on a loop of its own."""
    return asyncio.run(session.engine.process(asked))


WAYS: dict[str, Callable[[Session, Request], ProxyDecision]] = {"now": ask_now, "loop": ask_from_a_loop}


async def until_shown(counts: _Counts) -> None:
    """Let the loop run until no answer is being shown to stages any more. Whoever shows one tells the loop nothing."""
    async with asyncio.timeout(60):
        while counts.under_way:  # noqa: ASYNC110 - as said
            await asyncio.sleep(0.001)


class _Counts(Protocol):
    @property
    def under_way(self) -> int: ...


class Does(Stage):
    """Does one thing to a draft."""

    def __init__(self, what: Callable[[Draft], object], name: str = "does") -> None:
        self.what, self.name = what, name
        self.calls = 0

    def on_request(self, draft: Draft) -> str | None:
        self.calls += 1
        return self.what(draft)  # type: ignore[return-value] # what a stranger's stage returns may be anything


class Blocks(Stage):
    """A stage that does not return until it is let go."""

    name = "blocks"

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.may_go = threading.Event()
        self.calls = 0

    def on_request(self, draft: Draft) -> None:
        self.calls += 1
        draft.note("too late", reason="a test")
        self.begun.set()
        self.may_go.wait()

    @contextmanager
    def until_the_end(self) -> Iterator[None]:
        """However the test ends, the thread does too."""
        try:
            yield
        finally:
            self.may_go.set()
