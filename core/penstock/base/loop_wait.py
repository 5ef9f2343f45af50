"""`done_within`: lets an event loop wait for work of another thread, for a bounded time where one is given. Never
raises what the work raised."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

__all__ = ["done_within"]


async def done_within(future: Future[Any], seconds: float | None) -> bool:
    """Whether `future` is done within `seconds`; None: wait as long as it takes. It is not cancelled. `asyncio.wait`
    for a wrapped future does the same in three turns of the loop, each of which gives the interpreter's lock away; this
    takes one."""
    loop = asyncio.get_running_loop()
    woken: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    def tell(_done: Future[Any]) -> None:
        with suppress(RuntimeError):  # the loop was closed meanwhile
            loop.call_soon_threadsafe(wake)

    future.add_done_callback(tell)
    timer = loop.call_later(seconds, wake) if seconds is not None else None
    try:
        await woken
    finally:
        if timer is not None:
            timer.cancel()
    return future.done()
