"""`run_in_turn`: searches contexts by words, `AT_ONCE` at a time, in the order in which they were asked for.

Python runs one thread at a time. Were all searches of many clients started at once, each would take as long as all of
them together, and the last one several times as long as the first; and there were no threads left for other calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from anyio import CapacityLimiter, to_thread
from fastapi import Request

__all__ = ["AT_ONCE", "run_in_turn"]

AT_ONCE = 4
"""Enough to use two cores, since SQLite leaves Python to others while it ranks. Of 32 clients on a busy machine, the
p95 was 4.0, 6.3 and 4.1 s with all at once, 2.4, 4.2 and 3.9 s with four, and 3.3, 6.0 and 3.3 s with two."""
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


async def run_in_turn(request: Request, search: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """What `search` returns or raises, called in a thread when those before it have ended."""
    state = request.app.state
    if not hasattr(state, "searches"):  # made here: a limiter is of one event loop
        state.searches = CapacityLimiter(AT_ONCE)
    return await to_thread.run_sync(search, *arguments, limiter=state.searches)
