"""Searches of many callers at once take turns."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import anyio

from penstock_service.http.turns import AT_ONCE, run_in_turn


def test_few_run_at_once_in_the_order_of_their_calls() -> None:
    started: list[int] = []
    has_started, may_end = threading.Semaphore(0), threading.Semaphore(0)
    request: Any = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace()))

    def search(n: int) -> int:
        started.append(n)
        has_started.release()
        assert may_end.acquire(timeout=30)
        return n

    async def ask(n: int) -> None:
        assert await run_in_turn(request, search, n) == n

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for n in range(6):
                group.start_soon(ask, n)
            for turn in range(6):
                assert await anyio.to_thread.run_sync(lambda: has_started.acquire(timeout=30))
                if turn + 1 >= AT_ONCE:
                    assert len(started) == turn + 1
                    may_end.release()
            for _ in range(AT_ONCE - 1):
                may_end.release()

    anyio.run(main)
    assert set(started[:AT_ONCE]) == set(range(AT_ONCE))
    assert started[AT_ONCE:] == list(range(AT_ONCE, 6))
