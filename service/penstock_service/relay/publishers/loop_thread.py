"""`LoopThread`: an event loop in a thread of its own, for clients of brokers that are asynchronous. They answer the
broker's heartbeats there while nothing is published. `by_subject`: publishes the messages of each subject in order,
those of different subjects side by side."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from penstock_service.relay.cloud_events import Message
from penstock_service.relay.publishers import TIMEOUT_S

__all__ = ["LoopThread", "by_subject"]

_GRACE_S = 5.0
"""Seconds after the deadline in which a client may still clean up."""
Answer = TypeVar("Answer")


class LoopThread:
    """Begins with the first `run`, ends with `close`, and can be used again."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """The result of `work`. Raises what it raises, and `TimeoutError`."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(target=self._loop.run_forever, name="penstock-relay-loop", daemon=True)
            self._thread.start()
        limited = asyncio.wait_for(work, TIMEOUT_S)
        return asyncio.run_coroutine_threadsafe(limited, self._loop).result(TIMEOUT_S + _GRACE_S)

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancel_others(), loop).result(_GRACE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def by_subject(messages: Iterable[Message], publish: Callable[[Message], Awaitable[object]]) -> None:
    """Publish the messages of each subject one after another, those of different subjects side by side. Raises the
    first error, when all have ended: after a message that failed comes none of its subject."""
    subjects: dict[str, list[Message]] = defaultdict(list)
    for one in messages:
        subjects[one.subject].append(one)

    async def in_turn(some: Sequence[Message]) -> None:
        for one in some:
            await publish(one)

    ended = await asyncio.gather(*map(in_turn, subjects.values()), return_exceptions=True)
    for error in ended:
        if isinstance(error, BaseException):
            raise error


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.wait(others, timeout=1) if others else None
