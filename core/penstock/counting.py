"""The engine's calibration: taught by answers, asked for what is shown, and kept from one start to the next."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable

from penstock.calibration import Calibration, Gauge
from penstock.errors import StoreError
from penstock.exchange import Exchange, Kind
from penstock.store.base import Store
from penstock.work import Outcome

__all__ = ["Counting"]

logger = logging.getLogger(__name__)
KIND = "calibration"
"""What the store calls these facts."""
SAVE_EVERY_S = 30.0
"""A process that is killed forgets no more than this."""
_WHOLE = frozenset({*(kind for kind in Kind if kind.is_real), Kind.COUNT, Kind.CLIENT_COMPACTION})
"""Requests that carry their conversation's history."""


class Counting:
    """A calibration and the store it is kept in. A store that fails costs what was learned, and nothing else (P1)."""

    def __init__(self, store: Store, tick: Callable[[], float], do: Callable[[Callable[[], None]], None]) -> None:
        """Reads the store. `tick`: seconds of a clock that only goes forward; `do` has a thread do something."""
        self._store, self._tick, self._do = store, tick, do
        self._saved = -math.inf
        self._saving = threading.Lock()
        try:
            facts = store.values_of(KIND)
        except StoreError as e:
            logger.warning("token counts begin uncalibrated: %s", e)
            facts = {}
        self.calibration = Calibration(facts)

    def gauge(self, exchange: Exchange) -> Gauge:
        """What to count this request by."""
        whole = exchange.kind in _WHOLE
        identity = exchange.identity
        return self.calibration.gauge(identity.provider, exchange.model, identity.conversation if whole else "")

    def learn(self, outcome: Outcome) -> None:
        """Learn from an answer; only a turn's moves its conversation on. What is learned is saved now and then."""
        exchange, reply, booking = outcome.exchange, outcome.reply, outcome.booking
        if exchange is None or reply is None or booking is None or reply.usage.prompt is None:
            return
        identity = exchange.identity
        name = identity.conversation if exchange.kind.is_real else ""
        self.calibration.learn(identity.provider, exchange.model, name, booking.sent.total, reply.usage.prompt)
        if self._tick() - self._saved >= SAVE_EVERY_S:
            self._saved = self._tick()
            self._do(self.save)

    def save(self) -> None:
        """Store what changed. Waits for the disk: not for the loop."""
        with self._saving:
            changed = self.calibration.changed()
            if not changed:
                return
            try:
                self._store.set_values(KIND, changed)
            except StoreError as e:
                logger.warning("what was learned of token counts is not kept: %s", e)
