"""`RunLog`: the events that one `penstock run` added to the log, read once for its summary and its question about
keep-alive. `events` raises `StoreError` if the log cannot be read, or could not be before the run."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

from penstock.base.errors import StoreError
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event

__all__ = ["RunLog"]

logger = logging.getLogger(__name__)


class RunLog:
    """Made before the client starts: what is in the log by then is not this run's."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.after = self._end()
        """The place of the last event before the run. None: there is a log that cannot be read, so the run's
        own events are not known."""
        self._events: list[Event] | None = None

    def events(self) -> list[Event]:
        """The run's events, as they were at the first call. Raises `StoreError`."""
        if self._events is None:
            self._events = self._read()
        return self._events

    def _read(self) -> list[Event]:
        from penstock.store.reading import all_events, open_log

        if self.after is None:
            raise StoreError(f"{self.store} could not be read before the run")
        with closing(open_log(self.store)) as log:
            return list(all_events(log, self.after))

    def _end(self) -> Cursor | None:
        if not self.store.exists():
            return START
        from penstock.store.reading import open_log

        try:
            with closing(open_log(self.store)) as log:
                return log.end()
        except Exception as e:  # noqa: BLE001 - the client is to start whatever it is
            logger.debug("the log cannot be read: %s", e)
            return None
