"""The store in memory: for the engine as a library, for replays, and for tests that need no disk."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import replace

from penstock.events import Event, Tip
from penstock.store.base import Landed

__all__ = ["MemoryStore"]


class MemoryStore:
    """Forgets everything when it goes. Keeps the newest `events` events."""

    def __init__(self, events: int = 50_000) -> None:
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=events)
        self._seq = 0
        self._edits: dict[str, list[tuple[float, Landed]]] = defaultdict(list)
        self._tips: dict[str, tuple[float, Tip]] = {}

    def add_events(self, events: Sequence[Event]) -> None:
        with self._lock:
            for event in events:
                self._seq += 1
                self._events.append(replace(event, seq=self._seq))

    def events_after(self, seq: int, limit: int = 1000) -> list[Event]:
        with self._lock:
            return [e for e in self._events if e.seq > seq][:limit]

    def events_of(self, exchange: str) -> list[Event]:
        with self._lock:
            return [e for e in self._events if e.exchange == exchange]

    def last_seq(self) -> int:
        return self._seq

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        with self._lock:
            self._edits[conversation] += [(at, one) for one in landed]

    def drop_edits(self, conversation: str, revision: int) -> None:
        with self._lock:
            kept = [pair for pair in self._edits.get(conversation, ()) if pair[1].revision != revision]
            self._edits[conversation] = kept

    def edits_of(self, conversation: str) -> list[Landed]:
        with self._lock:
            return [one for _, one in self._edits.get(conversation, ())]

    def set_tip(self, conversation: str, tip: Tip, at: float) -> None:
        with self._lock:
            self._tips[conversation] = (at, tip)

    def tip_of(self, conversation: str) -> Tip | None:
        found = self._tips.get(conversation)
        return found[1] if found else None

    def prune(self, *, before: float, keep_events: int) -> int:
        with self._lock:
            kept = [e for e in self._events if e.at >= before and e.seq > self._seq - keep_events]
            gone = len(self._events) - len(kept)
            self._events = deque(kept, self._events.maxlen)
            for name in [n for n, (at, _) in self._tips.items() if at < before]:
                gone += 1 + len(self._edits.pop(name, ()))
                del self._tips[name]
            for name in [n for n in self._edits if n not in self._tips]:
                fresh = [(at, one) for at, one in self._edits[name] if at >= before]
                gone += len(self._edits[name]) - len(fresh)
                self._edits[name] = fresh
            return gone

    def close(self) -> None:
        """Nothing to let go of."""
