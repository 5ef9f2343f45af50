"""`Store`: the interface of a store of events, ledgers, the leases to change them, what was last sent in a
conversation, originals and facts; `Deletion`: what is to be deleted of it. One test suite runs against every
implementation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from penstock.base.increment import FactChange
from penstock.edits.edit import Landed
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.store.lease import Lease
from penstock.store.originals import Original, RetentionPolicy

__all__ = ["Deletion", "DeletionCounts", "Original", "PrefixHash", "RetentionPolicy", "Store"]


class Store(Protocol):
    """Keeps events, ledgers, originals, tips and small facts. Methods raise `StoreError` when they cannot do what is
    asked."""

    @property
    def is_still(self) -> bool:
        """Whether what is read is as it was when the store was opened, so that readers open it again now and then."""
        ...

    @property
    def identity_key(self) -> bytes | None:
        """The key of the hashes that name conversations, where several proxies share the store and must agree on the
        names. None: a proxy takes the key of its installation."""
        ...

    @property
    def is_awaited(self) -> bool:
        """Whether the server of the database was away when the store was opened, and has not answered since: until then
        there is no `identity_key`, and every method raises `StoreError`."""
        ...

    def add_events(self, events: Sequence[Event]) -> None:
        """Store `events` in order, all or none."""
        ...

    def events_after(self, cursor: Cursor = START, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        """The events after a place, oldest first, at most `limit`; with `kinds` only those. No event is stored later at
        a place before one that this returned."""
        ...

    def events_upto(self, cursor: Cursor, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        """The event at a place and those before it, newest first, at most `limit`; with `kinds` only those."""
        ...

    def settle(self, timeout: float) -> bool:
        """Wait until `events_after` gives all events that are stored by now: those of another process, at a place
        before them, may still be on their way. False if `timeout` seconds were not enough."""
        ...

    def events_of(self, exchange: str) -> list[Event]:
        """All events of one exchange, oldest first."""
        ...

    def sizes(self, exchanges: Collection[str]) -> dict[str, tuple[int, int]]:
        """How many events each of `exchanges` has, and how many characters their payloads take."""
        ...

    def end(self) -> Cursor:
        """The place of the newest event; `START` if there is none."""
        ...

    def tail(self, count: int) -> Cursor:
        """A place with at most `count` events after it."""
        ...

    def count_after(self, cursor: Cursor) -> int:
        """About how many events are after a place."""
        ...

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        """Store `landed` with their originals, all or none. When this returns they survive a `kill -9`."""
        ...

    @property
    def is_shared(self) -> bool:
        """Whether several proxies may use the store at once. Otherwise leases are always free and cost nothing, and
        `land` leaves the tip to `set_tip`."""
        ...

    def take(self, conversation: str) -> Lease | None:
        """The lease of a conversation, after which no other proxy changes its ledger until it is released, landed or
        expired. None: another proxy has it, and did not release it within a short wait."""
        ...

    def land(self, lease: Lease, landed: Sequence[Landed], tip: PrefixHash, at: float) -> bool:
        """Store edits with their originals and what is sent now, and release the lease, all or nothing. False: another
        proxy has taken the lease over, and nothing is stored."""
        ...

    def release(self, lease: Lease) -> None:
        """Give a lease back that landed nothing."""
        ...

    def read(self, conversation: str) -> Lease | None:
        """The lease under which the ledger was changed last. None: that is not certain, since a proxy is at it."""
        ...

    def note_missing(self) -> None:
        """Note, for the next process too, that edits sent in a conversation could not be stored. Never raises."""
        ...

    @property
    def is_missing(self) -> bool:
        """Whether `note_missing` was called since the start."""
        ...

    def drop_edits(self, conversation: str, revision: int) -> None:
        """Delete the edits of one revision, which were stored but not sent."""
        ...

    def knows(self, conversation: str) -> bool:
        """Whether there is a ledger of a conversation, or what was last sent in it: asked for every new one."""
        ...

    def edits_of(self, conversation: str) -> list[Landed]:
        """The whole ledger of a conversation, in the order it was written, without the originals."""
        ...

    def add_original(self, conversation: str, text: str, why: str, at: float) -> None:
        """Store a text that was not removed by an edit of Penstock. Equal texts are stored once."""
        ...

    def find_originals(self, handle: str = "", limit: int = 50) -> list[Original]:
        """The originals whose handle begins with `handle` (lower case), the newest first; without one, all of them."""
        ...

    def forget_originals(self, texts: Sequence[str]) -> int:
        """Delete the originals equal to one of `texts`, also from the free pages of the file. Returns how many there
        were."""
        ...

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        """Store what was last sent in a conversation."""
        ...

    def set_tips(self, tips: Mapping[str, PrefixHash], at: float) -> None:
        """Store what was last sent in several conversations, all or none."""
        ...

    def tip_of(self, conversation: str) -> PrefixHash | None:
        """What was last sent in a conversation. None: it is not known."""
        ...

    def set_values(self, kind: str, values: Mapping[str, FactChange], *, batch: str = "") -> None:
        """Store small facts of one kind by key, replacing earlier ones; an increment adds to one, to
        which other processes may add at the same time; None deletes one. All or none. They never expire. `batch`: an id
        of this change. A store that other processes add to does nothing if the last change of this kind had it: call
        this again with the same id after an error that leaves open whether it was stored."""
        ...

    def values_of(self, kind: str) -> dict[str, dict[str, Any]]:
        """All facts of one kind, by key."""
        ...

    def weigh(self, doomed: Deletion) -> DeletionCounts:
        """How many rows `delete` would delete."""
        ...

    def delete(self, doomed: Deletion, told: Event) -> DeletionCounts:
        """Delete conversations and all that belongs to them alone, also from the free pages of the file, and store the
        event `told` about it. All or none."""
        ...

    def prune(self, *, before: float, keep_events: int, originals: RetentionPolicy | None = None) -> int:
        """Delete events older than `before`, those beyond the newest `keep_events`, the ledgers and tips of
        conversations not seen since `before`, and the originals that `originals` does not keep: a ledger is replayed
        without them. Returns about how many rows were deleted. A store may keep an event for up to a day longer."""
        ...

    def close(self) -> None:
        """Close files and connections."""
        ...


@dataclass(frozen=True, slots=True)
class Deletion:
    """The conversations to delete, and what is known to belong to them. An original that other conversations use too is
    kept, as theirs."""

    conversations: frozenset[str]
    exchanges: frozenset[str]
    """The exchanges whose events are all deleted."""
    events: frozenset[int] = frozenset()
    """The numbers (`Event.seq`) of events to delete that belong to no exchange."""
    facts: frozenset[tuple[str, str]] = field(default=frozenset())
    """The facts to delete, each a kind and a key."""


@dataclass(frozen=True, slots=True)
class DeletionCounts:
    """How many rows of each kind a deletion takes."""

    events: int = 0
    edits: int = 0
    """Entries of ledgers."""
    originals: int = 0
    tips: int = 0
    facts: int = 0
