"""`Breaker`, a circuit breaker: `allows` says whether a part may be called: after several failures in a row not for a
while, then once, to try it."""

from __future__ import annotations

import threading

from penstock.base.clock import Clock

__all__ = ["Breaker"]


class Breaker:
    """Counts failures in a row. After `failures` of them the part rests for `rest` seconds; then one call is let
    through, and its success closes the breaker again."""

    def __init__(self, failures: int, rest: float, clock: Clock) -> None:
        self._failures, self._rest, self._clock = failures, rest, clock
        self._lock = threading.Lock()
        self._count = 0
        self._until = 0.0

    def allows(self) -> bool:
        """Whether the part may be called now. After a rest it allows one call, and no other until that call was
        reported."""
        with self._lock:
            if self._count < self._failures:
                return True
            now = self._clock.tick()
            if now < self._until:
                return False
            self._until = now + self._rest
            return True

    def succeeded(self) -> None:
        """Report that the call succeeded: the count starts from zero."""
        with self._lock:
            self._count = 0

    def failed(self) -> bool:
        """Report that the call failed or was late. True if the part rests from now on."""
        with self._lock:
            self._count += 1
            self._until = self._clock.tick() + self._rest
            return self._count >= self._failures
