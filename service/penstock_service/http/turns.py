"""Searches of contexts by words take turns, in the order in which they were asked for: `run_in_turn` has `AT_ONCE` at a
time run in threads, `run_by_rounds` one in each round of the event loop.

Python runs one thread at a time. Were all searches of many clients started at once, each would take as long as all of
them together, and the last one several times as long as the first; and there were no threads left for other calls.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import Response

__all__ = ["AT_ONCE", "run_by_rounds", "run_in_turn"]

AT_ONCE = 2
"""While one is in SQLite, which leaves Python to others, one more is in Python. Of 32 clients the p95 was 222 and 159
ms with two, 190 and 243 ms with all at once; on a machine busy with other work 3.3, 6.0 and 3.3 s against 4.0, 6.3 and
4.1 s. Four were not steady, and one alone waits for a search that takes long."""
_GONE = 499
"""The status of a call whose client has closed the connection, for metrics and the log, as proxies report it."""
Arguments = TypeVarTuple("Arguments")
Answer = TypeVar("Answer")


async def run_in_turn(request: Request, search: Callable[[*Arguments], Response], *arguments: *Arguments) -> Response:
    """What `search` returns or raises, called in a thread when those before it have ended. It is not called if the
    client is gone by then."""
    state = request.app.state
    if not hasattr(state, "turns"):  # made here: a limiter is of one event loop
        state.turns, state.search_threads = CapacityLimiter(AT_ONCE), CapacityLimiter(AT_ONCE)
    is_waiting = state.turns.available_tokens < 1
    async with state.turns:
        if is_waiting and await request.is_disconnected():
            return Response(status_code=_GONE)
        return await to_thread.run_sync(search, *arguments, limiter=state.search_threads)


async def run_by_rounds(request: Request, search: Callable[[*Arguments], Answer], *arguments: *Arguments) -> Answer:
    """What a brief search returns or raises, called in the loop's own thread. Others that were asked for at the same
    time are called in later rounds of the loop, so that other calls are answered in between."""
    state = request.app.state
    if not hasattr(state, "rounds"):
        state.rounds = asyncio.Lock()
    async with state.rounds:
        answer = search(*arguments)
        await asyncio.sleep(0)
    return answer
