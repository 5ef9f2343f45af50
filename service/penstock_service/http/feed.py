"""`Feed`: wakes all who follow the changes of one file of contexts, and reads once what many of them ask for at the
same moment. For one event loop. `forget_error`: a callback for a task whose error is raised elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi.concurrency import run_in_threadpool

from penstock.contexts.contexts import Contexts
from penstock.contexts.records import Change

__all__ = ["Feed", "forget_error"]


class Feed:
    """The changes of one file of contexts, for one event loop. With one listener, a write costs the same however many
    follow."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        self._followers: set[asyncio.Event] = set()
        self._reads: dict[tuple[str, int, int], asyncio.Task[list[Change]]] = {}
        self._writes = 0
        """How many writes were reported: a read that began before the last one does not answer for it."""

    @contextmanager
    def following(self) -> Iterator[asyncio.Event]:
        """While the block lasts, the event is set after each write of this process."""
        woken = asyncio.Event()
        if not self._followers:
            loop = asyncio.get_running_loop()

            def wake() -> None:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(self._wake)

            self._stop = self._contexts.listen(wake)
        self._followers.add(woken)
        try:
            yield woken
        finally:
            self._followers.discard(woken)
            if not self._followers:
                self._stop()

    async def read(self, workspace: str, cursor: int) -> list[Change]:
        """The changes after a cursor. Raises `StoreError`."""
        asked = (workspace, cursor, self._writes)
        task = self._reads.get(asked)
        if task is None:
            task = asyncio.create_task(run_in_threadpool(self._contexts.changes_after, workspace, cursor))
            self._reads[asked] = task
            task.add_done_callback(lambda _: self._reads.pop(asked, None))
            task.add_done_callback(forget_error)
        return await asyncio.shield(task)  # another follower's end is not the read's

    def _wake(self) -> None:
        self._writes += 1
        for woken in self._followers:
            woken.set()


def forget_error(task: asyncio.Task[Any]) -> None:
    """A callback for a task whose error is raised where it is awaited: keeps asyncio from logging it when none awaits
    it."""
    if not task.cancelled():
        task.exception()
