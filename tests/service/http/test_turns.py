"""Searches of many callers at once take turns."""

from __future__ import annotations

import threading
from functools import partial
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.lowlevel
from fastapi.responses import Response

from penstock_service.http.turns import AT_ONCE, run_by_rounds, run_in_turn


def request_to(state: SimpleNamespace, *, is_gone: bool = False) -> Any:
    async def is_disconnected() -> bool:
        return is_gone

    return SimpleNamespace(app=SimpleNamespace(state=state), is_disconnected=is_disconnected)


def test_few_run_at_once_in_the_order_of_their_calls() -> None:
    started: list[int] = []
    has_started, may_end = threading.Semaphore(0), threading.Semaphore(0)
    request = request_to(SimpleNamespace())

    def search(n: int) -> Response:
        started.append(n)
        has_started.release()
        assert may_end.acquire(timeout=30)
        return Response(str(n))

    async def ask(n: int) -> None:
        assert (await run_in_turn(request, search, n)).body == str(n).encode()

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


def test_of_a_client_that_left_while_it_waited_nothing_is_searched() -> None:
    has_started, may_end = threading.Semaphore(0), threading.Event()
    state, asked, searched = SimpleNamespace(), list[int](), list[int]()

    def search(n: int) -> Response:
        searched.append(n)
        has_started.release()
        assert may_end.wait(30)
        return Response()

    async def ask(n: int, *, is_gone: bool) -> None:
        asked.append(n)
        answer = await run_in_turn(request_to(state, is_gone=is_gone), search, n)
        assert answer.status_code == (499 if is_gone else 200)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for n in range(AT_ONCE):
                group.start_soon(partial(ask, n, is_gone=False))
            for _ in range(AT_ONCE):
                assert await anyio.to_thread.run_sync(lambda: has_started.acquire(timeout=30))
            for n, is_gone in ((AT_ONCE, True), (AT_ONCE + 1, False)):
                group.start_soon(partial(ask, n, is_gone=is_gone))
            while len(asked) < AT_ONCE + 2:
                await anyio.lowlevel.checkpoint()
            may_end.set()

    anyio.run(main)
    assert sorted(searched) == [*range(AT_ONCE), AT_ONCE + 1]


def test_between_two_brief_searches_other_calls_are_answered() -> None:
    request, done = request_to(SimpleNamespace()), list[str]()

    async def ask(n: int) -> None:
        assert await run_by_rounds(request, lambda: done.append(f"search {n}") or n) == n

    async def other() -> None:
        done.append("other")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for n in range(3):
                group.start_soon(ask, n)
            group.start_soon(other)

    anyio.run(main)
    assert done == ["search 0", "other", "search 1", "search 2"]
