"""`Pace`: how long a background thread rests after its work, so that it takes no more than a small share of the time of
a process that is busy with requests. One interpreter runs one thread at a time: what the background takes, requests
wait for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Pace"]

BUSY = 0.6
"""Cores that the process uses while the thread rests, from which on requests wait for each other."""
SHARE = 0.03
"""The share of the time that the thread takes while they do."""
LOOK_S, SLICE_S, MOST_S = 0.05, 0.5, 10.0
"""Seconds of rest before it can be said whether the process is busy; until that is asked again; and at most, after one
piece of work."""
Clock = Callable[[], float]


class Pace:
    """For one thread. Times are in seconds."""

    def __init__(
        self,
        wall: Clock = time.monotonic,
        of_process: Clock = time.process_time,
        of_thread: Clock = time.thread_time,
    ) -> None:
        """`wall`: a clock that never goes back; `of_process` and `of_thread`: the CPU time that the process and the
        calling thread have used."""
        self._wall, self._of_process, self._of_thread = wall, of_process, of_thread
        self._left, self._is_fresh = 0.0, False
        self.took = 0.0
        """Seconds of CPU that the last work took."""
        self._looked, self._used = wall(), of_process()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Measure the block, which is the thread's work."""
        before = self._of_thread()
        yield
        self.took = self._of_thread() - before
        self._left, self._is_fresh = min(MOST_S, self.took * (1 / SHARE - 1)), True
        self._looked, self._used = self._wall(), self._of_process()

    def rest(self) -> float:
        """How long to rest, after which to ask again; 0: go on. Only the time since the work ended counts: the work may
        have threads of its own."""
        passed, used = self._wall() - self._looked, self._of_process()
        if self._is_fresh and passed < LOOK_S / 2:
            return LOOK_S
        self._is_fresh = False
        is_busy = used - self._used > BUSY * passed
        self._left = max(0.0, self._left - passed) if is_busy else 0.0
        self._looked, self._used = self._wall(), used
        return min(self._left, SLICE_S)
