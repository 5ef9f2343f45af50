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
_PAGE = 200
"""Contexts of one transaction, at most."""


class Renewal:
    """The renewal of one file or database. Any thread may call."""

    def __init__(self, tables: SharedTables, clock: Clock) -> None:
        self._tables, self._clock = tables, clock
        self._lock = threading.Lock()
        self._looked_at: float | None = None
        """When there was nothing to do; None: it has not been looked yet, or there is something."""
        self._began: float | None = None
        """When it was found that there is something; None: there was nothing."""
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
                    return False
            if self._began is not None and self._done:
                took = self._clock.now() - self._began
                logger.info("%s: %d contexts are indexed again, in %.0f s", self._tables.name, self._done, took)
            self._looked_at, self._began, self._above, self._done = self._clock.now(), None, 0, 0
            return True

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
            logger.info(
                "%s: the words of contexts that another version of Penstock has indexed are indexed again; searches "
                "answer meanwhile, and may miss contexts for some words",
                self._tables.name,
            )
        return is_done

    def _renew_some(self, end: float) -> bool:
        """Index a page, or less if that takes until `end`, in one transaction. Returns whether it was the last one."""
        done = 0
        with self._tables.writing() as db:
            page = words.outdated(db, self._above, _PAGE + 1)
            for number in page[:_PAGE]:
                words.renew(db, number)
                done += 1
                if time.monotonic() >= end:
                    break
            is_last = done == len(page)
            if is_last and done:
                words.note_renewed(db)
        self._done += done
        self._above = page[done - 1] if done else self._above
        return is_last
