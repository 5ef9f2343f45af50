"""`open_log`: opens a log read-only; `all_events`, `backwards` and `newest` read its events page by page, from either
end; `is_gap`: whether events that a reader has not read were deleted."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path

from penstock.base import paths
from penstock.base.errors import StoreError
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind
from penstock.store.base import Store
from penstock.store.opening import open_store

__all__ = ["all_events", "backwards", "is_gap", "newest", "open_log"]

PAGE = 1000


def open_log(path: Path | None) -> Store:
    """The log at `path`, the proxy's own when none is given, for reading only. Raises `StoreError`."""
    if path is not None and path.parts[:1] in (("postgresql:",), ("postgres:",)):
        raise StoreError("a database is named by its file here: --store FILE, as `penstock up` printed it")
    file = (path or paths.store_path()).expanduser().absolute()
    if file.is_dir():  # SQLite would only say that it is unable to open it
        raise StoreError(f"{path} is a folder: name the file of a store in it, {file / paths.store_path().name}")
    return open_store(file, readonly=True)


def newest(store: Store, count: int, wanted: Callable[[Event], bool], upto: Cursor) -> list[Event]:
    """The last `count` wanted events up to a place, oldest first."""
    return list(islice(filter(wanted, backwards(store, upto)), count))[::-1]


def backwards(store: Store, upto: Cursor, kinds: Collection[EventKind] = ()) -> Iterator[Event]:
    """The events up to a place, newest first: those of `kinds`, or all."""
    while page := store.events_upto(upto, PAGE, kinds):
        yield from page
        upto = page[-1].cursor.before


def all_events(store: Store, after: Cursor = START, kinds: Collection[EventKind] = ()) -> Iterator[Event]:
    """The events after a place, oldest first: those of `kinds`, or all."""
    while page := store.events_after(after, PAGE, kinds):
        yield from page
        after = page[-1].cursor


def is_gap(store: Store, cursor: Cursor) -> bool:
    """Whether events after a place were deleted, or the place is of another log. From `START` a reader gets
    all that is there."""
    if cursor == START:
        return False
    oldest = store.events_after(limit=1)
    return cursor > store.end() or bool(oldest and oldest[0].cursor > cursor.next)
