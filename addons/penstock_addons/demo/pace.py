"""`Pace`: waits for the demo, shorter at a higher speed. When the demo is stopped, every wait ends at once and raises
`Stopped`."""

from __future__ import annotations

import threading

__all__ = ["Pace", "Stopped"]


class Stopped(Exception):
    """The demo was stopped while something waited."""


class Pace:
    """The demo's clock: waits that end at once when it is stopped."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._stop = threading.Event()

    def wait(self, seconds: float) -> None:
        """Wait for `seconds / speed`. Raises `Stopped` when the demo ends meanwhile, or has ended."""
        self.wait_exactly(seconds / self._speed)

    def wait_exactly(self, seconds: float) -> None:
        """Wait for `seconds` at any speed, for what depends on the clock. Raises `Stopped` as `wait` does."""
        if self._stop.wait(seconds):
            raise Stopped

    def stop(self) -> None:
        """End every wait, now and from now on."""
        self._stop.set()
