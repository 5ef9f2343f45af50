"""`Outage`: notes that a server (PostgreSQL or Redis) cannot be reached, from `begin` on, and asks it once a second, in
a thread, whether it answers again. Until then `why` says why, so that callers need not wait for the server."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from penstock.base.errors import StoreError

__all__ = ["ASKED_AGAIN", "Outage"]

logger = logging.getLogger(__name__)
PROBE_EVERY_S = 1.0
ASKED_AGAIN = "it is asked once a second"
"""What goes on during an outage, where nothing else is to be said."""


class Outage:
    """Notes that a server cannot be reached. Any thread may call."""

    def __init__(
        self,
        probe: Callable[[], None],
        server: str = "the database",
        meanwhile: str = ASKED_AGAIN,
    ) -> None:
        """`probe` asks the server, in a thread of its own. It raises `StoreError` while the server is away;
        what else it raises is logged, and it is called again. `server`, `meanwhile`: what it is called, and what
        goes on without it, for the log."""
        self._probe, self._server, self._meanwhile = probe, server, meanwhile
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.why = ""
        """Why the server cannot be reached; empty if it can."""

    def begin(self, why: str) -> None:
        """Note that the server did not answer. The outage lasts until a probe succeeds; without a thread to probe in,
        there is none."""
        with self._lock:
            if self.why or self._closing.is_set():
                return
            self.why = why
        logger.warning("%s: %s until it answers", why, self._meanwhile)
        try:
            threading.Thread(target=self._watch, name="penstock-probe", daemon=True).start()
        except RuntimeError:  # no more threads: what nothing would end has not begun
            self.why = ""
            logger.exception("nothing can ask %s whether it answers again", self._server)

    def close(self) -> None:
        """Probe no more."""
        self._closing.set()

    def _watch(self) -> None:
        while not self._closing.wait(PROBE_EVERY_S):
            try:
                self._probe()
            except StoreError as e:
                self.why = str(e)
                continue
            except Exception as e:  # an outage that is no longer probed would never end
                logger.exception("%s cannot be asked whether it answers again", self._server)
                self.why = str(e) or type(e).__name__
                continue
            self.why = ""
            logger.warning("%s answers again", self._server)  # whoever saw that it was away sees this, too
            return
