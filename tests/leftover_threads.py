"""`LeftoverThreads`: finds threads of Penstock that a test leaves behind: of an engine, a log or a memory that was not
closed."""

from __future__ import annotations

import gc
import threading
import time

__all__ = ["LeftoverThreads"]

_OURS = ("penstock-", "demo-")
_SHARED = ("penstock-child", "penstock-proxy-watcher")
"""Processes of the vector index serve one test after another, with the threads that talk to them; so does a proxy."""
PATIENCE_S = 20.0
"""A thread that was told to end may still be at its last piece of work."""


class LeftoverThreads:
    """The threads that were not there at the start, each with the test that began it."""

    def __init__(self) -> None:
        self._before = set(threading.enumerate())
        self._began: dict[threading.Thread, str] = {}

    def note(self, test: str) -> None:
        """Note the new threads as begun by `test`."""
        for thread in self._new():
            self._began.setdefault(thread, test)

    def found(self) -> list[str]:
        """The threads that have not ended within the patience; empty when none is left."""
        if not self._new():
            return []
        gc.collect()  # what ends with its owner ends now
        end = time.monotonic() + PATIENCE_S
        for thread in self._new():
            thread.join(max(0.0, end - time.monotonic()))
        return sorted(f"{thread.name}, begun by {self._began.get(thread, 'a fixture')}" for thread in self._new())

    def _new(self) -> set[threading.Thread]:
        return {
            thread
            for thread in set(threading.enumerate()) - self._before
            if thread.name.startswith(_OURS) and not thread.name.startswith(_SHARED)
        }
