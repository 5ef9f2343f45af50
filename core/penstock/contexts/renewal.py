"""`Renewal`: indexes again the contexts whose words another version of Penstock has indexed, in small transactions, so
that reads and writes go on. What is interrupted is continued later, in this process or another; several may do so at
once."""

from __future__ import annotations

import logging
import threading
import time

from penstock.base.clock import Clock
from penstock.base.shared_tables import SharedTables
from penstock.contexts import words

__all__ = ["Renewal"]

logger = logging.getLogger(__name__)
_LOOK_S = 3_600.0
"""Seconds after which it is looked again whether there are any: a process of an older version may write meanwhile."""
_PAGE = 2_000
"""Contexts that are looked for at once."""


class Renewal:
    """The renewal of one file or database. Any thread may call."""

    def __init__(self, tables: SharedTables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        """When there was nothing to do; None: it has not been looked yet, or there is something."""
        self._began: float | None = None
        """When it was found that there is something; None: there was nothing."""
        self._page: list[int] = []
        """The next ones: to find them takes a look at all."""
        self._is_last = False
        """Whether there are no others behind them."""
        self._is_told = False
        """Whether it was logged: what takes a moment is not."""
        self._above, self._done = 0, 0
        """The context that was indexed last, and how many were."""

    def run(self, seconds: float) -> bool:
        """Index some, for about so long. Returns whether all are indexed. Raises `StoreError`."""
        with self._lock:
            if self._is_done():
                return True
            end = time.monotonic() + seconds
            while not self._renew_some(end):
                if time.monotonic() >= end:
                    self._say_that_it_takes_longer()
                    return False
            if self._is_told:
                took = self._clock.now() - (self._began or 0.0)
                # A warning, as the first one: `penstock serve` shows no line below that.
                logger.warning("%s: %d contexts are indexed again, after %.0f s", self._tables.name, self._done, took)
            self._looked_at, self._began, self._is_told = self._clock.now(), None, False
            self._above, self._done = 0, 0
            return True

    def _say_that_it_takes_longer(self) -> None:
        if not self._is_told:
            self._is_told = True
            logger.warning(
                "%s: contexts that another version of Penstock has indexed are indexed again in the background; "
                "searches answer meanwhile, and may miss some of them",
                self._tables.name,
            )

    def _is_done(self) -> bool:
        now = self._clock.now()
        if self._began is not None:
            return False
        if self._looked_at is not None and 0 <= now - self._looked_at < _LOOK_S:
            return True
        with self._tables.reading() as db:
            is_done = not words.has_outdated(db)
        if is_done:
            self._looked_at = now
        else:
            self._began = now
        return is_done

    def _renew_some(self, end: float) -> bool:
        """Index those that are known, in one transaction, or as many as that takes until `end`. Returns whether there
        are no others."""
        if not self._page:
            with self._tables.reading() as db:
                found = words.outdated(db, self._above, _PAGE + 1)
            self._page, self._is_last = list(found[:_PAGE]), len(found) <= _PAGE
        done = 0
        with self._tables.writing() as db:
            for number in self._page:
                words.renew(db, number)
                done += 1
                if time.monotonic() >= end:
                    break
            is_done = self._is_last and done == len(self._page)
            if is_done:
                words.note_renewed(db)
        if done:
            self._above = self._page[done - 1]
        del self._page[:done]
        self._done += done
        return is_done
