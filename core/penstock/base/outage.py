"""`Outage`: notes that a server (PostgreSQL or Redis) cannot be reached, from `begin` on, and asks it once a second, in
a thread, whether it answers again. Until then `why` says why, so that callers need not wait for the server. What of a
process uses one server has an outage each, and the log has them as one."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable

from penstock.base.errors import StoreError

__all__ = ["ASKED_AGAIN", "Outage"]

logger = logging.getLogger(__name__)
PROBE_EVERY_S = 1.0
ASKED_AGAIN = "it is asked once a second"
"""What goes on during an outage, where nothing else is to be said."""


class _Told:
    """What the log of this process has of servers that are away. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self._meanwhile: dict[str, set[str]] = {}
        """By server: what is known to go on."""

    def begun(self, server: str, why: str, meanwhile: str) -> None:
        """Log that a server is away; of one that is known to be, only what else goes on."""
        with self._lock:
            self._under_way[server] += 1
            is_known = server in self._meanwhile
            goes_on = self._meanwhile.setdefault(server, {ASKED_AGAIN})
            is_news = not is_known or meanwhile not in goes_on
            goes_on.add(meanwhile)
        if is_news:
            logger.warning("%s: %s until it answers", server if is_known else why, meanwhile)

    def over(self, server: str, *, is_answering: bool) -> None:
        """Log that a server answers again, of several that see it the first time."""
        with self._lock:
            self._under_way[server] -= 1
            is_known = server in self._meanwhile
            if is_answering or not self._under_way[server]:
                self._meanwhile.pop(server, None)
        if is_answering and is_known:
            logger.warning("%s answers again", server)  # whoever saw that it was away sees this, too


_told = _Told()


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
        _told.begun(self._server, why, self._meanwhile)
        try:
            threading.Thread(target=self._watch, name="penstock-probe", daemon=True).start()
        except RuntimeError:  # no more threads: what nothing would end has not begun
            self.why = ""
            _told.over(self._server, is_answering=False)
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
            _told.over(self._server, is_answering=True)
            return
        _told.over(self._server, is_answering=False)
