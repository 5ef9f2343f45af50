"""When Python looks for garbage: between keys, never while one waits to be answered."""

from __future__ import annotations

import gc

__all__ = ["Sweeping"]

EVERY = 60.0
"""Seconds from one sweep to the next. What a log adds meanwhile is little to look through."""
QUIET = 1.0
"""Seconds without a key or the mouse after which nobody is taken to wait."""


class Sweeping:
    """Python looks through everything that lives whenever enough has been made: over a log of 10,000 exchanges that
    takes 100 to 300 ms, several times a minute, in the middle of whatever one does. So what lives is set aside at
    moments of our own choosing (`gc.freeze`), and the looks in between are short. What is dropped is freed as ever:
    only circles wait."""

    def __init__(self) -> None:
        self._swept: float | None = None
        self._touched = float("-inf")

    def begin(self) -> None:
        """A log is about to be read. All that this makes, lives."""
        gc.disable()

    def touch(self, now: float) -> None:
        """A person did something."""
        self._touched = now

    def look(self, now: float, *, loaded: bool) -> bool:
        """Sweep if it is time. Gives whether it was."""
        if not loaded or now - self._touched < QUIET or (self._swept is not None and now - self._swept < EVERY):
            return False
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        gc.enable()
        self._swept = now
        return True

    def end(self) -> None:
        """As it was before."""
        gc.unfreeze()
        gc.enable()
