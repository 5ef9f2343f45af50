"""`StoreLock`: a file lock by which one process of this machine at a time uses a store, a memory or a relay's position;
on Windows there is none. `is_taken`, `holder` and `was_taken`: whether a process holds a store, which one, and whether
one ever did."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from penstock.base.errors import StoreError
from penstock.base.private_files import open_lock

try:
    import fcntl
except ImportError:  # Windows: nothing keeps a second proxy off
    fcntl = None  # type: ignore[assignment]

__all__ = ["StoreLock", "holder", "is_taken", "was_taken"]

_PASSING_S = 0.5
"""So long is a lock waited for: who asks `is_taken` has it for a moment, and so has a program that this process starts
while it holds one, until that program runs."""


class StoreLock:
    """Held by a proxy until it ends, however it ends. Raises `StoreError` if another proxy holds it."""

    def __init__(self, store: Path) -> None:
        self._store, self._path = store, str(_file(store))
        self._fd: int | None = None
        self._file = (0, 0)
        """Device and inode of the file that is locked."""
        self._take(_PASSING_S)

    def renew(self) -> None:
        """Take the lock again if its file was deleted or replaced, since other proxies would not see it. Raises
        `StoreError` if another proxy holds it by now."""
        if not self.is_held():
            self.release()
            self._take(0)

    def is_held(self) -> bool:
        """Whether no other process can have it. Never on Windows."""
        if self._fd is None:
            return False
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked for each new conversation: a `Path` takes longer
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._file

    def _take(self, wait_s: float) -> None:
        store = self._store
        if fcntl is None:
            return
        try:
            fd = open_lock(_file(store))
        except OSError as e:
            raise StoreError(f"{store.parent} cannot be written: {e}") from e
        try:
            _lock(fd, wait_s)
        except OSError as e:
            os.close(fd)
            pid = holder(store)
            who = f" (process {pid})" if pid is not None else ""
            raise StoreError(f"{store} belongs to another proxy that is up{who}: give this one its own --store") from e
        self._fd = fd
        held = os.fstat(fd)
        self._file = held.st_dev, held.st_ino
        with suppress(OSError):  # a full disk: it is held, and only does not say by whom
            os.ftruncate(fd, 0)
            os.write(fd, str(os.getpid()).encode())

    def release(self) -> None:
        """Release the lock."""
        if self._fd is not None:
            with suppress(OSError):
                os.close(self._fd)
            self._fd = None


def _lock(fd: int, wait_s: float) -> None:
    """Raises `OSError` if it is held for longer than `wait_s`."""
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= until:
                raise
            time.sleep(0.01)
        else:
            return


def _file(store: Path) -> Path:
    return store.with_name(f"{store.name}.lock")


def holder(store: Path) -> int | None:
    """The id of the process that took the lock of `store` last. None: not known."""
    try:
        return int(_file(store).read_bytes()[:20])
    except (OSError, ValueError):
        return None


def is_taken(store: Path) -> bool:
    """Whether a running proxy holds `store`."""
    if fcntl is None or not store.exists():
        return False
    try:
        fd = os.open(_file(store), os.O_RDONLY)
    except OSError:  # nobody ever took it
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)  # two who ask at once do not see each other
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def was_taken(store: Path) -> bool:
    """Whether a proxy ever held `store`."""
    return _file(store).exists()
