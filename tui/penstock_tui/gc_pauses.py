"""`GcScheduler`: runs Python's garbage collection while the user is idle, or between two keys when much has gathered,
to avoid pauses. From `begin` to `end` Python makes no full collection by itself."""

from __future__ import annotations

import gc
from typing import Final

__all__ = ["GcScheduler"]

EVERY = 60.0
"""Seconds from one full collection to the next."""
QUIET = 1.0
"""Seconds without a key or the mouse after which the user is taken to be idle."""
ANSWERED = 0.15
"""Seconds after a key at which its effect is drawn and the next key has probably not come."""
SOME, MANY, MOST = 10, 30, 150
"""Young-generation collections since the last full one. Above `SOME`, collect when nothing happens; above `MANY`,
between two keys; above `MOST`, at once."""
NEVER: Final = 1_000_000_000


class GcScheduler:
    """Controls Python's garbage collector. By default Python traverses all live objects whenever enough were created:
    with a log of 10,000 exchanges that takes 100 to 300 ms, several times a minute, mostly while something is drawn.
    Instead, live objects are set aside (`gc.freeze`) now and then, and the rest is collected only from here, when the
    user is idle. Reference counting frees most objects as always: only cycles wait."""

    def __init__(self) -> None:
        self._swept = float("-inf")
        self._touched = float("-inf")
        self._before = gc.get_threshold()

    def begin(self) -> None:
        """Stop Python's own collection, because a log is about to be read: all that is created then stays alive."""
        gc.disable()

    def touch(self, now: float) -> None:
        """Note at `now` that the user pressed a key or used the mouse."""
        self._touched = now

    def look(self, now: float, *, loaded: bool) -> bool:
        """Run a full or a young collection if it is time. Returns whether one ran."""
        still, young = now - self._touched, gc.get_count()[2]
        if not loaded or (still < ANSWERED and young < MOST):
            return False
        is_quiet = still >= QUIET
        if is_quiet and now - self._swept >= EVERY:
            self._sweep(now)
            return True
        if young < (SOME if is_quiet else MANY):
            return False
        gc.collect()
        if not is_quiet:
            gc.freeze()  # the next look is as short; what is dropped of it waits for the first quiet moment
            self._swept = float("-inf")
        return True

    def end(self) -> None:
        """Restore Python's own garbage collection."""
        gc.unfreeze()
        gc.set_threshold(*self._before)
        gc.enable()

    def _sweep(self, now: float) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        first, second, _ = self._before
        gc.set_threshold(first, second, NEVER)
        gc.enable()
        self._swept = now
