"""`Listener`: shows events to a plugin on a thread of its own, so that one that hangs blocks neither the log nor
others. At most 5,000 events wait for it; the oldest are dropped."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from traceback import walk_tb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penstock.events.event import Event

__all__ = ["Listener"]

logger = logging.getLogger(__name__)
WAITING = 5000
"""The most events that wait for one listener; beyond that, the oldest are not shown to it."""


class Listener:
    """Calls one function of a plugin with each event, in order."""

    def __init__(self, listen: Callable[[Event], None]) -> None:
        self._listen = listen
        self._queue: deque[Event] = deque(maxlen=WAITING)
        self._wake = threading.Condition()
        self._busy = False
        self._closing = False
        self._noted: set[tuple[type[BaseException], str, int]] = set()
        """The places at which it has failed."""
        threading.Thread(target=self._run, name="penstock-listener", daemon=True).start()

    def tell(self, events: Sequence[Event]) -> None:
        """Queue `events` to be shown."""
        with self._wake:
            self._queue.extend(events)
            self._wake.notify_all()

    def drain(self, timeout: float) -> bool:
        """Wait until all queued events have been shown. False if `timeout` seconds were not enough."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._queue and not self._busy, timeout)

    def close(self) -> None:
        """End the thread once the queued events have been shown."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._busy = False
                self._wake.notify_all()
                self._wake.wait_for(lambda: self._queue or self._closing)
                if not self._queue:
                    return
                event = self._queue.popleft()
                self._busy = True
            try:
                self._listen(event)
            except BaseException as e:  # noqa: BLE001 - whatever a plugin raises
                self._note(e)

    def _note(self, error: BaseException) -> None:
        """Log each place at which the listener fails once: it may fail at each event."""
        *_, (frame, line) = walk_tb(error.__traceback__)
        where = (type(error), frame.f_code.co_filename, line)
        if where not in self._noted:
            self._noted.add(where)
            # A warning: mitmproxy ends a proxy at whose start anything is logged as an error.
            logger.warning("an event listener failed, and is shown the next event: %r", self._listen, exc_info=error)
