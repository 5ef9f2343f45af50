"""`open_log`: opens a log read-only; `all_events`, `backwards` and `newest` read its events page by page, from either
end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from itertools import islice
from pathlib import Path

from penstock.base import paths
from penstock.events.event import Event, EventKind
from penstock.store.base import Store

__all__ = ["all_events", "backwards", "newest", "open_log"]

PAGE = 1000


def open_log(path: Path | None) -> Store:
    """The log at `path`, the proxy's own when none is given, for reading only. Raises `StoreError`."""
    from penstock.store.sql import SqlStore  # SQLAlchemy takes longer to import than most commands take to run

    return SqlStore((path or paths.store_path()).expanduser().absolute(), readonly=True)


def newest(store: Store, count: int, wanted: Callable[[Event], bool], upto: int) -> list[Event]:
    """The last `count` wanted events with a sequence number up to `upto`, oldest first."""
    return list(islice(filter(wanted, backwards(store, upto)), count))[::-1]


def backwards(store: Store, upto: int) -> Iterator[Event]:
    """The events with a sequence number up to `upto`, newest first."""
    high = upto
    while high > 0:
        low = max(0, high - PAGE)
        yield from (e for e in reversed(store.events_after(low, PAGE)) if e.seq <= high)
        high = low


def all_events(store: Store, after: int = 0, kinds: Collection[EventKind] = ()) -> Iterator[Event]:
    """The events with a sequence number above `after`, oldest first: those of `kinds`, or all."""
    while page := store.events_after(after, PAGE, kinds):
        yield from page
        after = page[-1].seq
