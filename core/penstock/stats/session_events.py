"""`session_events`: reads the events of some sessions from a log, each with the proxy's own events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import chain

from penstock.events.event import Event, EventKind
from penstock.events.proxy_events import StartedEvent
from penstock.events.request_events import ClassifiedEvent
from penstock.store.base import Store
from penstock.store.reading import all_events

__all__ = ["session_events"]


def session_events(log: Store, names: Collection[str], since: float = 0.0) -> dict[str, Iterator[Event]]:
    """The events of sessions (or of conversations without a session id), by name: those of requests from `since` on
    (seconds since the epoch), in order, after the events of the proxy's starts. Scans the log for the beginnings of
    requests at once; the other events are read when they are iterated. Raises `StoreError`."""
    started: list[Event] = []
    exchanges: dict[str, list[str]] = defaultdict(list)
    for event in all_events(log, kinds=(EventKind.STARTED, EventKind.CLASSIFIED)):
        said = event.data
        if isinstance(said, StartedEvent):
            started.append(event)
        elif isinstance(said, ClassifiedEvent) and event.at >= since:
            exchanges[said.session or said.conversation].append(event.exchange)
    return {name: chain(started, chain.from_iterable(map(log.events_of, exchanges[name]))) for name in names}
