"""`TokenCalibration`: the engine's calibration of token estimates, learned from the counts in answers and saved to the
store at most every 30 s. If the store fails, only what was learned is lost.

Until a model's provider has counted anything, its own tokenizer is used where its vocabulary is public and on this
machine: part of a request is counted in another process while the request is under way.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from penstock.base.errors import StoreError
from penstock.conversation.conversation import Conversation
from penstock.conversation.exchange import Exchange, Kind
from penstock.engine.proxy_decision import ProxyDecision
from penstock.store.base import Store
from penstock.tokens.calibration import Calibration, TokenScale
from penstock.tokens.count_process import count_apart
from penstock.tokens.model_vocabulary import encoding_for
from penstock.tokens.request_count import sample
from penstock.tokens.vocabulary import KNOWN, Vocabulary, find

__all__ = ["TokenCalibration"]

logger = logging.getLogger(__name__)
KIND = "calibration"
"""What the store calls these facts."""
SAVE_EVERY_S = 30.0
"""Seconds between two saves: a killed process loses at most this much."""
ANCHOR_EVERY_S = 60.0
"""A model is counted by its tokenizer at most this often, and only until the provider has counted one request."""
ANCHORED = 500
"""The most models for which the time of the last try is kept."""
_WHOLE = frozenset({*(kind for kind in Kind if kind.is_real), Kind.COUNT, Kind.CLIENT_COMPACTION})
"""Requests that carry their conversation's history."""


class TokenCalibration:
    """A `Calibration` that is kept in the store. If the store fails, only what was learned is lost (P1)."""

    def __init__(
        self,
        store: Store,
        tick: Callable[[], float],
        do: Callable[[Callable[[], None]], None],
        *,
        vocabularies: Mapping[str, Vocabulary] = KNOWN,
        count: Callable[[Vocabulary, Path, Sequence[str]], list[int] | None] = count_apart,
    ) -> None:
        """Reads the store. `tick`: seconds of a monotonic clock; `do` runs a function in a thread; `count` returns the
        tokens of texts."""
        self._store, self._tick, self._do = store, tick, do
        self._vocabularies, self._count = vocabularies, count
        self._tried: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._saved = -math.inf
        self._saving = threading.Lock()
        try:
            facts = store.values_of(KIND)
        except StoreError as e:
            logger.warning("token counts begin uncalibrated: %s", e)
            facts = {}
        self.calibration = Calibration(facts)

    def gauge(self, exchange: Exchange) -> TokenScale:
        """The scale with which to count the tokens of this request."""
        whole = exchange.kind in _WHOLE
        identity = exchange.identity
        return self.calibration.gauge(identity.provider, exchange.model, identity.conversation if whole else "")

    def anchor(self, exchange: Exchange, conversation: Conversation) -> None:
        """Start counting a part of a request with the model's own tokenizer, unless more is known of the model already.
        Does not wait or read the disk."""
        name = exchange.identity.provider, exchange.model
        vocabulary = self._vocabularies.get(encoding_for(exchange.model) or "")
        if vocabulary is None or exchange.kind not in _WHOLE or self.calibration.is_anchored(*name):
            return
        now = self._tick()
        if now - self._tried.get(name, -math.inf) < ANCHOR_EVERY_S:
            return
        self._tried[name] = now
        self._tried.move_to_end(name)
        if len(self._tried) > ANCHORED:
            self._tried.popitem(last=False)
        self._do(lambda: self._anchor(name, vocabulary, conversation))

    def _anchor(self, name: tuple[str, str], vocabulary: Vocabulary, conversation: Conversation) -> None:
        """Count in a background thread."""
        path = find(vocabulary)
        if path is None:
            return
        some = sample(conversation)
        counts = self._count(vocabulary, path, some.texts)
        if counts is not None:
            self.calibration.anchor(*name, some.estimated, sum(counts) + some.framing)

    def learn(self, outcome: ProxyDecision) -> None:
        """Learn from the counts of an answer. Saves now and then."""
        exchange, reply, booking = outcome.exchange, outcome.reply, outcome.booking
        if exchange is None or reply is None or booking is None or reply.usage.prompt is None:
            return
        if reply.usage.passes > 1 or reply.usage.cleared:  # it is no count of the request as it was sent
            return
        identity = exchange.identity
        name = identity.conversation if exchange.kind.is_real else ""
        self.calibration.learn(identity.provider, exchange.model, name, booking.forwarded.total, reply.usage.prompt)
        if self._tick() - self._saved >= SAVE_EVERY_S:
            self._saved = self._tick()
            self._do(self.save)

    def save(self) -> None:
        """Store what changed. Waits for the disk: do not call it on the event loop."""
        with self._saving:
            changed = self.calibration.changed()
            if not changed:
                return
            try:
                self._store.set_values(KIND, changed)
            except StoreError as e:
                logger.warning("what was learned of token counts is not kept: %s", e)
