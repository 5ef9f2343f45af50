"""A loop waits for another thread's work, and no longer than it was told."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import pytest

from penstock.base.loop_wait import done_within


@pytest.mark.parametrize("seconds", [60, None])
def test_work_of_another_thread_is_waited_for(seconds: float | None) -> None:
    """Also work that raises: that is found in its future alone."""

    async def waits(future: Future[int], end: threading.Event) -> bool:
        asyncio.get_running_loop().call_soon(end.set)
        return await done_within(future, seconds)

    for error in (None, ValueError("no")):
        future, end = Future[int](), threading.Event()

        def work(future: Future[int] = future, end: threading.Event = end, error: Exception | None = error) -> None:
            end.wait()
            future.set_exception(error) if error else future.set_result(1)

        thread = threading.Thread(target=work)
        thread.start()
        assert asyncio.run(waits(future, end))
        assert future.exception() is error
        thread.join()


def test_work_that_is_late_is_left_to_itself() -> None:
    """It may be waited for once more, and is not cancelled when nobody waits any more."""
    future = Future[int]()

    async def waits() -> None:
        assert not await done_within(future, 0.001)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(done_within(future, 60), 0.001)

    asyncio.run(waits())
    assert not future.cancelled()
    future.set_result(1)  # after the loop was closed
    assert asyncio.run(done_within(future, 60))
