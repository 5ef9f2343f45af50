"""Read the events of a store page by page: a log may be larger than memory."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.events import Event
from penstock.store.base import Store

__all__ = ["PAGE", "all_events"]

PAGE = 1000


def all_events(store: Store, after: int = 0) -> Iterator[Event]:
    """The events with a sequence number above `after`, oldest first."""
    while page := store.events_after(after, PAGE):
        yield from page
        after = page[-1].seq
