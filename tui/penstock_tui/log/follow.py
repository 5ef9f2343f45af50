"""`Follower`: reads new events from the proxy's store (SQLite or PostgreSQL), and the labels of its sessions: `look`
polls once and never raises; a store that was deleted, replaced, thinned or damaged shows in its `Batch` (`LogState`,
`reset`, `thinned`). `follow` polls until it is stopped."""

from __future__ import annotations

import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from penstock.base.errors import StoreError
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind
from penstock.gateway.database import has_gateway
from penstock.stats.sessions import labels_of
from penstock.store.base import Store
from penstock.store.opening import open_store

__all__ = ["Batch", "Follower", "LogState", "follow"]


LABELS_S = 0.5


class LogState(StrEnum):
    """The state of the log at the last poll."""

    MISSING = "missing"
    """There is no file at that path."""
    UNREADABLE = "unreadable"
    """There is a file, but it is no log, or not yet."""
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Batch:
    """The result of one poll."""

    state: LogState
    events: list[Event] = field(default_factory=list)
    reset: bool = False
    """Whether what was read before belongs to a log that is gone; `events` begin another."""
    more: bool = False
    """Whether there is more to read at once."""
    left: int = 0
    """About how many events are still to be read, while `more`."""
    error: str = ""
    labels: dict[str, str] | None = None
    """The labels of sessions, if any changed since the last poll."""
    thinned: bool = False
    """With `reset`: it is the same log, of which something was deleted."""


class Follower:
    """Reads a log from its beginning, batch by batch. For one thread."""

    def __init__(self, path: Path, *, batch: int = 1000, window: int = 200_000) -> None:
        self.path = path
        self.has_gateway = False
        """Whether a gateway's store was beside the log at the last poll."""
        self._batch = batch
        self._window = window
        """How far back to begin. More rows than that gives are not kept anyway."""
        self._store: Store | None = None
        self._file: tuple[int, int] | None = None
        self._last: Event | None = None
        self._end_when_opened = START
        """The newest place when reading began: what was deleted before is not there to be read."""
        self._labels: dict[str, str] | None = None
        self._labels_at = 0.0

    def look(self) -> Batch:
        """Poll for new events. Never raises: trouble with the file is a state."""
        try:
            self.has_gateway = has_gateway(self.path)
            file = _identity(self.path)
        except OSError as e:
            return Batch(LogState.UNREADABLE, error=str(e))
        reset = self._last is not None and file != self._file
        if file != self._file:
            self.close()
            self._file = self._last = self._labels = None
        if file is None:
            return Batch(LogState.MISSING, reset=reset)
        try:
            return self._read(file, reset)
        # A file that is damaged, or is replaced while being read, shows as one of these.
        except (StoreError, OSError, ValueError, TypeError) as e:
            self.close()  # what was read last is kept: it may be the disk that is slow, and the log the same
            return Batch(LogState.UNREADABLE, reset=reset, error=str(e))

    def close(self) -> None:
        """Close the file. The next poll opens it again."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def _read(self, file: tuple[int, int], reset: bool) -> Batch:
        if self._store is None:
            # While it is open its inode cannot be given to another file: that is what makes it an identity.
            self._store = open_store(self.path, readonly=True)
            self._file = file
        start = self._last.cursor.before if self._last else self._begin(self._store)
        found = self._store.events_after(start, self._batch)
        if self._last is not None:
            # The event read last is read again: if another stands there, the log was rewritten in place.
            if found and _same(found[0], self._last):
                found = found[1:]
            elif not found or found[0].cursor <= self._last.cursor:
                self._last, reset = None, True
                found = self._store.events_after(self._begin(self._store), self._batch)
        thinned = any(event.kind is EventKind.DELETED and event.cursor > self._end_when_opened for event in found)
        if thinned:
            reset, found = True, self._store.events_after(self._begin(self._store), self._batch)
        if found:
            self._last = found[-1]
        # One fewer: the first may have been the one read before.
        more = len(found) >= self._batch - 1
        left = self._store.count_after(found[-1].cursor) if more else 0
        labels = self._new_labels(self._store)
        if self._store.is_still:
            self.close()  # somebody may begin to write: the next look shows
        return Batch(LogState.OPEN, found, reset, more, left, labels=labels, thinned=thinned)

    def _begin(self, store: Store) -> Cursor:
        """The place from which to read on."""
        self._end_when_opened = store.end()
        return store.tail(self._window)

    def _new_labels(self, store: Store) -> dict[str, str] | None:
        """Looked up now and then: a label is no event."""
        now = time.monotonic()
        if self._labels is not None and now < self._labels_at + LABELS_S:
            return None
        try:
            labels = labels_of(store)
        except StoreError:  # a store of an older version has none
            labels = {}
        before, self._labels, self._labels_at = self._labels, labels, now
        return labels if labels != (before or {}) else None


def follow(follower: Follower, deliver: Callable[[Batch], None], stop: threading.Event, every: float = 0.1) -> None:
    """Poll every `every` seconds until `stop` is set, and pass on each batch that has something new."""
    before: tuple[LogState, str] | None = None
    while not stop.is_set():
        batch = follower.look()
        if batch.events or batch.reset or batch.labels is not None or (batch.state, batch.error) != before:
            deliver(batch)
        before = (batch.state, batch.error)
        if not batch.more:
            stop.wait(every)
    follower.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not stat.S_ISREG(found.st_mode):
        raise OSError(f"{path} is no file.")  # opening a pipe would wait for somebody at its other end, for ever
    return found.st_dev, found.st_ino


def _same(one: Event, other: Event) -> bool:
    return (one.seq, one.at, one.exchange, one.kind) == (other.seq, other.at, other.exchange, other.kind)
