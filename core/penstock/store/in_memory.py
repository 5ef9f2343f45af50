"""`MemoryStore`: the `Store` interface kept in memory, without a file. For the engine as a library, for replays and for
tests."""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, NamedTuple

from penstock.base.increment import FactChange, Increment
from penstock.edits.edit import Landed
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.events.request_events import HistoryArchivedEvent
from penstock.store.base import Deletion, DeletionCounts
from penstock.store.lease import SoleOwner
from penstock.store.originals import Original, RetentionPolicy, digest_of, packed, unpacked

__all__ = ["MemoryStore"]


class _Kept(NamedTuple):
    """An entry of a ledger."""

    at: float
    landed: Landed
    original: str
    """The digest of the removed text; empty if nothing was removed."""


class MemoryStore(SoleOwner):
    """Keeps everything in memory until the process ends, of events the newest `events`."""

    identity_key = None

    def __init__(self, events: int = 50_000) -> None:
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=events)
        self._seq = 0
        self._edits: dict[str, list[_Kept]] = defaultdict(list)
        self._tips: dict[str, tuple[float, PrefixHash]] = {}
        self._values: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
        self._originals: dict[str, tuple[Original, bytes]] = {}
        """By digest, the one taken away last at the end; their texts apart, packed."""
        self.is_missing = self.is_still = False

    def note_missing(self) -> None:
        self.is_missing = True

    def add_events(self, events: Sequence[Event]) -> None:
        with self._lock:
            for event in events:
                self._seq += 1
                self._events.append(replace(event, seq=self._seq))

    def events_after(self, cursor: Cursor = START, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        with self._lock:
            return [e for e in self._events if e.seq > cursor.seq and (not kinds or e.kind in kinds)][:limit]

    def events_upto(self, cursor: Cursor, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        with self._lock:
            found = (e for e in reversed(self._events) if e.seq <= cursor.seq and (not kinds or e.kind in kinds))
            return list(islice(found, limit))

    def events_of(self, exchange: str) -> list[Event]:
        with self._lock:
            return [e for e in self._events if e.exchange == exchange]

    def sizes(self, exchanges: Collection[str]) -> dict[str, tuple[int, int]]:
        wanted, out = set(exchanges), dict[str, tuple[int, int]]()
        with self._lock:
            for event in self._events:
                if event.exchange in wanted:
                    count, size = out.get(event.exchange, (0, 0))
                    out[event.exchange] = count + 1, size + len(json.dumps(dict(event.payload)))
        return out

    def end(self) -> Cursor:
        return Cursor(seq=self._seq)

    def tail(self, count: int) -> Cursor:
        return Cursor(seq=max(0, self._seq - count))

    def count_after(self, cursor: Cursor) -> int:
        return max(0, self._seq - cursor.seq)

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        with self._lock:
            for e in (one.edit for one in landed if one.edit.original):
                self._keep(Original(digest_of(e.original), e.original, conversation, e.stage, e.op, e.reason, at))
            for one in landed:
                bare = Landed(one.revision, one.edit.without_original())
                digest = digest_of(one.edit.original) if one.edit.original else ""
                self._edits[conversation].append(_Kept(at, bare, digest))

    def drop_edits(self, conversation: str, revision: int) -> None:
        with self._lock:
            kept = [one for one in self._edits.get(conversation, ()) if one.landed.revision != revision]
            self._edits[conversation] = kept

    def knows(self, conversation: str) -> bool:
        return conversation in self._edits or conversation in self._tips

    def edits_of(self, conversation: str) -> list[Landed]:
        with self._lock:
            return [one.landed for one in self._edits.get(conversation, ())]

    def add_original(self, conversation: str, text: str, why: str, at: float) -> None:
        with self._lock:
            self._keep(Original(digest_of(text), text, conversation, "", "", why, at))

    def find_originals(self, handle: str = "", limit: int = 50) -> list[Original]:
        with self._lock:
            found = [pair for pair in self._originals.values() if pair[0].digest.startswith(handle)]
        found.sort(key=lambda pair: pair[0].at, reverse=True)
        return [replace(about, text=unpacked(data)) for about, data in found[:limit]]

    def forget_originals(self, texts: Sequence[str]) -> int:
        with self._lock:
            return sum(self._originals.pop(digest_of(text), None) is not None for text in texts)

    def _keep(self, original: Original) -> None:
        _, data = self._originals.pop(original.digest, (None, b""))
        self._originals[original.digest] = replace(original, text=""), data or packed(original.text)

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        with self._lock:
            self._tips[conversation] = (at, tip)

    def set_tips(self, tips: Mapping[str, PrefixHash], at: float) -> None:
        for name, tip in tips.items():
            self.set_tip(name, tip, at)

    def tip_of(self, conversation: str) -> PrefixHash | None:
        found = self._tips.get(conversation)
        return found[1] if found else None

    def set_values(self, kind: str, values: Mapping[str, FactChange], *, batch: str = "") -> None:
        with self._lock:
            kept = self._values[kind]
            for key, value in values.items():
                kept.pop(key, None)
                if value is not None:
                    kept[key] = dict(value.value if isinstance(value, Increment) else value)

    def values_of(self, kind: str) -> dict[str, dict[str, Any]]:
        with self._lock:
            return {key: dict(value) for key, value in self._values[kind].items()}

    def weigh(self, doomed: Deletion) -> DeletionCounts:
        with self._lock:
            return self._sort_out(doomed)[0]

    def delete(self, doomed: Deletion, told: Event) -> DeletionCounts:
        with self._lock:
            gone, originals = self._sort_out(doomed)
            kept = [e for e in self._events if e.exchange not in doomed.exchanges and e.seq not in doomed.events]
            self._events = deque(kept, self._events.maxlen)
            for conversation in doomed.conversations:
                self._edits.pop(conversation, None)
                self._tips.pop(conversation, None)
            for digest, heir in originals.items():
                if heir is None:
                    del self._originals[digest]
                else:
                    about, data = self._originals[digest]
                    self._originals[digest] = replace(about, conversation=heir), data
            for kind, key in doomed.facts:
                self._values[kind].pop(key, None)
        self.add_events([told])
        return gone

    def _sort_out(self, doomed: Deletion) -> tuple[DeletionCounts, dict[str, str | None]]:
        """How much a deletion deletes; and the originals, by digest, with the conversation that has them next (None:
        deleted)."""
        others = [(name, kept) for name, kept in self._edits.items() if name not in doomed.conversations]
        used = {one.original: name for name, kept in others for one in kept}
        others_told = (e.data for e in self._events if e.exchange not in doomed.exchanges)
        handles = {told.handle for told in others_told if isinstance(told, HistoryArchivedEvent)}
        originals: dict[str, str | None] = {}
        for digest, (about, _) in self._originals.items():
            if about.conversation in doomed.conversations:
                originals[digest] = used.get(digest, "" if about.handle in handles else None)
        gone = DeletionCounts(
            events=sum(e.exchange in doomed.exchanges or e.seq in doomed.events for e in self._events),
            edits=sum(len(self._edits.get(name, ())) for name in doomed.conversations),
            originals=sum(heir is None for heir in originals.values()),
            tips=sum(name in self._tips for name in doomed.conversations),
            facts=sum(key in self._values.get(kind, {}) for kind, key in doomed.facts),
        )
        return gone, originals

    def prune(self, *, before: float, keep_events: int, originals: RetentionPolicy | None = None) -> int:
        with self._lock:
            kept = [e for e in self._events if e.at >= before and e.seq > self._seq - keep_events]
            gone = len(self._events) - len(kept)
            self._events = deque(kept, self._events.maxlen)
            for name in [n for n, (at, _) in self._tips.items() if at < before]:
                gone += 1 + len(self._edits.pop(name, ()))
                del self._tips[name]
            for name in [n for n in self._edits if n not in self._tips]:
                fresh = [one for one in self._edits[name] if one.at >= before]
                gone += len(self._edits[name]) - len(fresh)
                self._edits[name] = fresh
            return gone + self._prune_originals(originals or RetentionPolicy())

    def _prune_originals(self, keep: RetentionPolicy) -> int:
        before, size = len(self._originals), 0
        for about, data in sorted(self._originals.values(), key=lambda pair: pair[0].at, reverse=True):
            size += len(data)
            if about.at < keep.since or (keep.size is not None and size > keep.size):
                del self._originals[about.digest]
        return before - len(self._originals)

    def close(self) -> None:
        """Nothing to close."""
