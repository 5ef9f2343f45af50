"""Read the events of a store page by page: a log may be larger than memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from penstock.events.event import Event, EventKind
from penstock.store.base import Store

__all__ = ["PAGE", "all_events"]

PAGE = 1000


def all_events(store: Store, after: int = 0, kinds: Collection[EventKind] = ()) -> Iterator[Event]:
    """The events with a sequence number above `after`, oldest first: those of `kinds`, or all."""
    while page := store.events_after(after, PAGE, kinds):
        yield from page
        after = page[-1].seq
