"""`Lease`: the right to change the ledger of one conversation. `SoleOwner`: leases in a store that one process owns,
where nobody waits for another.

A proxy takes the lease before it reads a ledger, and shows it when it stores edits. A lease that another proxy took
over meanwhile lands nothing, and its holder sends only what is in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from penstock.edits.edit import Landed
from penstock.events.event import PrefixHash

__all__ = ["Lease", "SoleOwner"]


@dataclass(frozen=True, slots=True)
class Lease:
    """Equal leases see the same ledger: it changes only under a lease, and a new holder has a new fence."""

    conversation: str
    fence: int = 0
    """Rises each time that another proxy takes the conversation."""
    holder: str = ""
    """The proxy that took it, by an id that is new at each start."""


class _AddsEdits(Protocol):
    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None: ...


class SoleOwner:
    """The leases of a store whose only writer is the process that opened it: always free, and never lost."""

    is_shared = is_awaited = False

    def settle(self, timeout: float) -> bool:
        """See `Store.settle`."""
        return True

    def take(self, conversation: str) -> Lease | None:
        """See `Store.take`."""
        return Lease(conversation)

    def land(self: _AddsEdits, lease: Lease, landed: Sequence[Landed], tip: PrefixHash, at: float) -> bool:
        """See `Store.land`. The tip is not stored: the log does so later, where no request waits for it."""
        if landed:
            self.add_edits(lease.conversation, landed, at)
        return True

    def release(self, lease: Lease) -> None:
        """See `Store.release`."""

    def read(self, conversation: str) -> Lease | None:
        """See `Store.read`."""
        return Lease(conversation)
