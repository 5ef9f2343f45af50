"""`Unconfirmed`: the edits whose commit got no answer, so that they may be in a store although nothing was sent with
them."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from penstock.store.lease import Lease

__all__ = ["Unconfirmed", "UnconfirmedEdits"]

MOST = 1000


@dataclass(frozen=True, slots=True)
class UnconfirmedEdits:
    """The edits of one conversation."""

    lease: Lease
    revisions: frozenset[int]


class Unconfirmed:
    """By conversation, at most `MOST`. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, UnconfirmedEdits] = {}

    @property
    def is_full(self) -> bool:
        """Whether no more can be noted: then nothing may land that would have to be."""
        return len(self._kept) >= MOST

    def note(self, lease: Lease, revisions: frozenset[int]) -> None:
        """Note edits that may have landed under `lease`."""
        with self._lock:
            self._kept[lease.conversation] = UnconfirmedEdits(lease, revisions)

    def of(self, conversation: str) -> UnconfirmedEdits | None:
        """The edits of a conversation that may be in the store."""
        return self._kept.get(conversation)

    def all(self) -> list[UnconfirmedEdits]:
        """Those of all conversations."""
        with self._lock:
            return list(self._kept.values())

    def settled(self, edits: UnconfirmedEdits) -> None:
        """Note that `edits` are not in the store, or are another proxy's to send."""
        with self._lock:
            if self._kept.get(edits.lease.conversation) is edits:
                del self._kept[edits.lease.conversation]
