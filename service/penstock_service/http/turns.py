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

AT_ONCE = 2
"""While one is in SQLite, which leaves Python to others, one more is in Python. Of 32 clients the p95 was 222 and 159
ms with two, 190 and 243 ms with all at once; on a machine busy with other work 3.3, 6.0 and 3.3 s against 4.0, 6.3 and
4.1 s. Four were not steady, and one alone waits for a search that takes long."""
T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


async def run_in_turn(request: Request, search: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
    """What `search` returns or raises, called in a thread when those before it have ended."""
    state = request.app.state
    if not hasattr(state, "searches"):  # made here: a limiter is of one event loop
        state.searches = CapacityLimiter(AT_ONCE)
    return await to_thread.run_sync(search, *arguments, limiter=state.searches)
