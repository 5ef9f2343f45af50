"""`Pace`: how long a background thread rests after its work, so that it takes no more than a small share of the time of
a process that is busy with requests. One interpreter runs one thread at a time: what the background takes, requests
wait for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Pace"]

BUSY = 0.6
"""Cores that the other threads of the process use, from which on requests wait for each other."""
SHARE = 0.03
"""The share of the time that the thread takes while they do."""
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
        self._took = 0.0
        self._began, self._used = wall(), of_process()

    @contextmanager
    def work(self) -> Iterator[None]:
        """Measure the block, which is the thread's work."""
        self._began, self._used, before = self._wall(), self._of_process(), self._of_thread()
        yield
        self._took = self._of_thread() - before

    def rest(self) -> float:
        """How long to rest before the next work; 0 where the others were not busy since the last began."""
        others = self._of_process() - self._used - self._took
        return self._took * (1 / SHARE - 1) if others > BUSY * (self._wall() - self._began) else 0.0
