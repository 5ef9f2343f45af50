"""What may be spent in a day, kept in a file so that a restart does not fill the purse again."""

from __future__ import annotations

import datetime
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

__all__ = ["Purse", "PurseEmpty"]


class PurseEmpty(Exception):
    """The call would go past the cap. The text says what is left."""


class Purse:
    """Dollars for one day, by the calendar of UTC. Safe for threads; a file that can not be written counts for this
    process alone."""

    def __init__(self, cap: float, file: Path, today: Callable[[], datetime.date] | None = None) -> None:
        self._cap, self._file = cap, file
        self._today = today or (lambda: datetime.datetime.now(datetime.UTC).date())
        self._lock = threading.Lock()
        self._day, self._spent = self._read()

    def reserve(self, dollars: float) -> None:
        """Set aside what a call may cost at most. Raises `PurseEmpty`."""
        with self._lock:
            day = self._today().isoformat()
            if day != self._day:
                self._day, self._spent = day, 0.0
            if self._spent + dollars > self._cap:
                left = max(0.0, self._cap - self._spent)
                raise PurseEmpty(
                    f"max_dollars_per_day = {self._cap:g}: a call may cost ${dollars:.4f}, ${left:.4f} are left today"
                )
            self._spent += dollars
            self._write()

    def settle(self, reserved: float, dollars: float) -> None:
        """The call is over: of what was reserved, so much was spent."""
        with self._lock:
            self._spent = max(0.0, self._spent - reserved + dollars)
            self._write()

    def _read(self) -> tuple[str, float]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return str(found["day"]), max(0.0, float(found["dollars"]))
        except (OSError, ValueError, KeyError, TypeError):
            return "", 0.0

    def _write(self) -> None:
        part = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps({"day": self._day, "dollars": round(self._spent, 6)}), encoding="utf-8")
            part.replace(self._file)
        except OSError:
            return
