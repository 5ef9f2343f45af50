"""`DailySpendCap`: a limit on what a plugin's own calls to models may cost in a day, kept in a file so that a restart
does not reset it. A call that would exceed it raises `SpendCapReached`."""

from __future__ import annotations

import datetime
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from penstock.base.paths import make_private
from penstock.base.private_files import open_lock, write_file

try:
    import fcntl
except ImportError:  # Windows: two processes at the same moment may go past the cap by a call
    fcntl = None  # type: ignore[assignment]

__all__ = ["DailySpendCap", "SpendCapReached"]


class SpendCapReached(Exception):
    """The call would go past the cap. The text says what is left."""


class DailySpendCap:
    """A cap in dollars for one day (UTC), shared by all that use the same file. Safe for threads and processes; if the
    file cannot be written, it counts for this process alone."""

    def __init__(self, cap: float, file: Path, today: Callable[[], datetime.date] | None = None) -> None:
        self._cap, self._file = cap, file
        self._today = today or (lambda: datetime.datetime.now(datetime.UTC).date())
        self._lock = threading.Lock()
        self._unwritten: tuple[str, float] = "", 0.0
        """The day, and what was spent of it, that the file does not say."""

    def reserve(self, dollars: float) -> None:
        """Reserve what a call may cost at most. Raises `SpendCapReached`."""
        with self._lock, self._locked():
            spent = self._spent()
            if spent + dollars > self._cap:
                left = max(0.0, self._cap - spent)
                raise SpendCapReached(
                    f"max_dollars_per_day = {self._cap:g}: a call may cost ${dollars:.4f}, ${left:.4f} are left today"
                )
            self._write(spent + dollars)

    def settle(self, reserved: float, dollars: float) -> None:
        """Count what a finished call did cost, in place of what was reserved."""
        with self._lock, self._locked():
            self._write(max(0.0, self._spent() - reserved + dollars))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Lock the file against other threads and processes."""
        fd = self._lock_file()
        try:
            yield
        finally:
            if fd is not None:
                os.close(fd)

    def _lock_file(self) -> int | None:
        if fcntl is None:
            return None
        try:
            make_private(self._file.parent)
            fd = open_lock(self._file.with_name(f"{self._file.name}.lock"))
        except OSError:  # then the file can not be written either
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
        except OSError:  # a file system without locks
            os.close(fd)
            return None
        return fd

    def _spent(self) -> float:
        """What was spent today, by the file or, if it could not be written, by this process."""
        today = self._today().isoformat()
        return max(dollars for day, dollars in (self._read(), self._unwritten, (today, 0.0)) if day == today)

    def _read(self) -> tuple[str, float]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return str(found["day"]), max(0.0, float(found["dollars"]))
        except (OSError, ValueError, KeyError, TypeError):
            return "", 0.0

    def _write(self, spent: float) -> None:
        day = self._today().isoformat()
        try:
            make_private(self._file.parent)
            write_file(self._file, json.dumps({"day": day, "dollars": round(spent, 9)}).encode())
        except OSError:
            self._unwritten = day, spent
        else:
            self._unwritten = "", 0.0
