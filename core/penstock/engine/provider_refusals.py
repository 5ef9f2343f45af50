"""`Refusals`: keeps in the store, for 30 days, what a provider's refusals showed about a conversation: that content
already sent may no longer be edited in it, or that Penstock may set no cache breakpoints. Never raises: what the store
cannot take now is stored with the next request."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from penstock.base.errors import StoreError
from penstock.engine.state import ConversationState
from penstock.store.base import Store

__all__ = ["KIND", "Refusals"]

logger = logging.getLogger(__name__)
KIND = "late edits"
"""The kind of these facts in the store; each is stored by conversation."""
KEPT_DAYS = 30
"""After so many days a fact is dropped, when the next one is stored: hardly a session goes on for longer."""


class Refusals:
    """What providers' refusals showed, stored by conversation. Any thread may call."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store, self._now = store, now
        self._known: dict[str, dict[str, object]] | None = None
        self._lock = threading.Lock()

    def recall(self, conversation: str, state: ConversationState) -> None:
        """Apply what an earlier process learned to a state that was just loaded. If the store cannot be read, only that
        is lost: the same edits may be refused once more."""
        with self._lock:
            if self._known is None:
                try:
                    self._known = dict(self._store.values_of(KIND))
                except StoreError as e:
                    logger.warning("what refusals taught earlier cannot be read; it is tried again: %s", e)
            fact = (self._known or {}).get(conversation, {})
        state.late_stopped = str(fact.get("late_stopped", ""))
        state.own_marks = bool(fact.get("own_marks", True))

    def heed(self, conversation: str, state: ConversationState) -> None:
        """Apply a state's refusals to it, and store the result. Never raises: what cannot be stored now is stored at
        the next request. Hold `state.lock`."""
        state.learn_from_refusals()
        try:
            while state.undropped:
                self._store.drop_edits(conversation, state.undropped[0])
                del state.undropped[0]
            if state.unsaved:
                self._save(conversation, state)
                state.unsaved = False
        except StoreError as e:
            logger.warning("what the provider's refusal taught is not stored yet, the next request tries again: %s", e)

    def _save(self, conversation: str, state: ConversationState) -> None:
        now = self._now()
        fact: dict[str, object] = {"late_stopped": state.late_stopped, "own_marks": state.own_marks, "at": now}
        with self._lock:
            known = self._known or {}
            old = [name for name, one in known.items() if _is_old(one, now)]
            self._store.set_values(KIND, {**dict.fromkeys(old), conversation: fact})
            self._known = {name: one for name, one in known.items() if name not in old} | {conversation: fact}


def _is_old(fact: dict[str, object], now: float) -> bool:
    at = fact.get("at")
    return not isinstance(at, int | float) or now - at > KEPT_DAYS * 86400
