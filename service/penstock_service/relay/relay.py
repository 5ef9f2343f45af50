"""`Relay`: a thread that follows the log of a proxy and publishes its events to a broker, at least once, in order per
conversation."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from penstock.events.cursor import START
from penstock.events.event import Event
from penstock.events.request_events import ClassifiedEvent
from penstock.events.response_events import KeptAliveEvent
from penstock.store.base import Store
from penstock.store.reading import open_log
from penstock_service.relay.cloud_events import KINDS, message_of
from penstock_service.relay.position import RelayPosition
from penstock_service.relay.publishers import Publisher

__all__ = ["Relay", "RelayStatus"]

logger = logging.getLogger(__name__)
BATCH = 500
_POLL_S = 0.5
"""Seconds between two looks at a log that has nothing new."""
_WAITS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds to wait after each failure in a row; the last one counts for all further ones."""
_EXCHANGES = 1000
"""Exchanges whose conversation is kept in memory."""
_STOP_S = 30.0


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """What a relay has done so far."""

    published: int = 0
    """Events that the broker has acknowledged since the start."""
    lag: int = 0
    """About how many events wait."""
    error: str = ""
    """Why the last attempt failed. Empty: it did not."""
    is_standby: bool = False
    """Another relay publishes; this one takes over when that one ends."""


class Relay:
    """Reads the log read-only and moves its position when the broker has acknowledged a batch. While the log or the
    broker is away, the position stays, and the batch is tried again after growing waits."""

    def __init__(
        self, store: Path, publisher: Publisher, position: RelayPosition, *, waits: Sequence[float] = _WAITS_S
    ) -> None:
        """`store`: the file of the log; it need not be there yet. Raises `PenstockError` where the position cannot be
        read."""
        self.status = RelayStatus()
        self._store, self._publisher, self._position, self._waits = store, publisher, position, waits
        self._cursor = position.read() or START
        self._conversations: OrderedDict[str, str] = OrderedDict()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="penstock-relay", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def close(self) -> None:
        """Wait until the batch under way is published or has failed, and end the thread."""
        self._is_over.set()
        self._thread.join(_STOP_S)

    def _run(self) -> None:
        failures = 0
        while not self._is_over.is_set():
            try:
                leads = self._store.exists() and self._position.lead()
                if leads:
                    self._publish_new()
                self.status = replace(self.status, is_standby=self._store.exists() and not leads)
            except Exception as e:  # noqa: BLE001 - each client of a broker raises its own, and the thread must go on
                self._failed(e)
                wait = self._waits[min(failures, len(self._waits) - 1)]
                failures += 1
            else:
                self._worked()
                failures, wait = 0, _POLL_S
            self._is_over.wait(wait)
        self._publisher.close()

    def _publish_new(self) -> None:
        """Publish what is new in the log, batch by batch, as long as no other relay takes over."""
        self._cursor = self._position.read() or START  # another relay may have moved it
        with closing(open_log(self._store)) as log:
            if self._cursor > log.end():  # another log is in its place
                self._cursor = START
            while (
                not self._is_over.is_set()
                and self._position.lead()
                and (events := log.events_after(self._cursor, BATCH, KINDS))
            ):
                lag = len(events) if len(events) < BATCH else log.count_after(self._cursor)
                self.status = replace(self.status, lag=lag)
                self._publisher.publish([message_of(event, self._conversation(log, event)) for event in events])
                self._position.move(events[-1].cursor)
                self._cursor = events[-1].cursor
                done = self.status.published + len(events)
                self.status = RelayStatus(done, lag - len(events))

    def _conversation(self, log: Store, event: Event) -> str:
        """The conversation that an event belongs to. Empty: none is known."""
        said = event.data
        if isinstance(said, KeptAliveEvent):
            return said.conversation
        if not event.exchange:
            return ""
        if isinstance(said, ClassifiedEvent):
            self._conversations[event.exchange] = said.conversation
        elif event.exchange not in self._conversations:
            others = (one.data for one in log.events_of(event.exchange))
            known = (one.conversation for one in others if isinstance(one, ClassifiedEvent))
            self._conversations[event.exchange] = next(known, "")
        self._conversations.move_to_end(event.exchange)
        if len(self._conversations) > _EXCHANGES:
            self._conversations.popitem(last=False)
        return self._conversations.get(event.exchange, "")

    def _failed(self, e: Exception) -> None:
        why = str(e) or type(e).__name__
        if not self.status.error:
            logger.warning("events wait: %s", why)
        self.status = replace(self.status, error=why)
        self._publisher.close()  # the next attempt connects again

    def _worked(self) -> None:
        if self.status.error:
            logger.info("events are published again")
        self.status = replace(self.status, lag=0, error="")
