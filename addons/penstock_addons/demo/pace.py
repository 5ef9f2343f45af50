"""`Pace`: the demo's waits, scaled by its speed, which end at once when the demo is stopped."""

from __future__ import annotations

import threading

__all__ = ["Pace", "Stopped"]


class Stopped(Exception):
    """The demo was ended."""


class Pace:
    """Waits for `seconds / speed`, or until it is stopped."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._stop = threading.Event()

    def wait(self, seconds: float) -> None:
        """Raises `Stopped` when the demo ends meanwhile, or has ended."""
        self.wait_exactly(seconds / self._speed)

    def wait_exactly(self, seconds: float) -> None:
        """The same at any speed: for what a clock decides."""
        if self._stop.wait(seconds):
            raise Stopped

    def stop(self) -> None:
        """End every wait, now and from now on."""
        self._stop.set()
