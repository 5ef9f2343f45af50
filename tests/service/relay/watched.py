"""`Watched`: a publisher that a test waits for; `events_of` and `in_order`: the events that tests relay, and a check of
what arrived."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from penstock.events.event import Event, EventKind
from penstock_service.relay.cloud_events import Message
from penstock_service.relay.publishers import Publisher

__all__ = ["PATIENCE_S", "Watched", "events_of", "in_order"]

PATIENCE_S = 60.0


class Watched:
    """Publishes with another publisher, and notes what came of it."""

    def __init__(self, inner: Publisher, before: Callable[[int], None] = lambda _: None) -> None:
        """`before` is called with the number of each attempt, counted from 1."""
        self._inner, self._before, self._changed = inner, before, threading.Condition()
        self.acknowledged = self.attempts = self.failures = 0

    def publish(self, messages: Sequence[Message]) -> None:
        self.attempts += 1
        self._before(self.attempts)
        try:
            self._inner.publish(messages)
        except Exception:
            self._note(failures=1)
            raise
        self._note(acknowledged=len(messages))

    def close(self) -> None:
        self._inner.close()

    def wait_for(self, holds: Callable[[Watched], bool]) -> None:
        """Returns when that holds."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self), PATIENCE_S)

    def _note(self, **more: int) -> None:
        with self._changed:
            for name, count in more.items():
                setattr(self, name, getattr(self, name) + count)
            self._changed.notify_all()


def events_of(count: int, first: int = 0) -> list[Event]:
    """Events of three conversations, which take turns; each has an exchange that is classified first."""
    out = []
    for n in range(first, first + count):
        one = n % 3
        about = {"conversation": f"c{one}", "turn": n}
        kind = EventKind.CLASSIFIED if n < 3 else EventKind.PROCESSED
        out.append(Event(0, 1.0 + n, f"x{one}", kind, about if n < 3 else {"ms": n}))
    return out


def in_order(messages: Sequence[dict[str, Any]], count: int) -> None:
    """Checks that all of `count` events are there, and that each conversation's came in order, apart from repetitions
    of what had come before."""
    numbers: dict[str, list[int]] = defaultdict(list)
    bodies: dict[str, dict[str, Any]] = {}
    for one in messages:
        assert bodies.setdefault(one["id"], one) == one
        number = int(one["id"].partition(":")[0])
        if number not in numbers[one["subject"]]:
            numbers[one["subject"]].append(number)
    assert sorted(number for some in numbers.values() for number in some) == list(range(1, count + 1))
    assert numbers.keys() == {"c0", "c1", "c2"}
    for some in numbers.values():
        assert some == sorted(some)
