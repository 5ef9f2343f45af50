"""`Log`: writes event logs as a proxy does, for the screen to read; `life` and others give the events of one
request."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from penstock.base.clock import ManualClock
from penstock.events.event import Event, EventKind
from penstock.store.sql import SqlStore

__all__ = ["Log", "kept_alive", "life", "paid_life", "unpriced_life", "until"]

Facts = list[tuple[EventKind, dict[str, Any]]]


def life(words: str = "why does it fail?", *, client: str = "claude-code", kind: str = "main", **more: Any) -> Facts:
    """The events of a request that goes well. `more` overrides fields of `classified`."""
    block = {"m": 0, "role": "user", "kind": "text", "tokens": 12, "name": "", "id": "", "text": words}
    classified = {
        "dialect": "anthropic",
        "provider": "anthropic",
        "kind": kind,
        "conversation": "talk-1",
        "session": "session-1",
        "agent": "main",
        "client": client,
        "model": "claude-sonnet-4-5",
        "epoch": 0,
        "turn": 1,
        "retry": False,
        "stream": True,
        "messages": 1,
        "new": 1,
        "words": words,
        "tokens": {"system": 300, "tools": 1000, "messages": 700, "total": 2000, "how": "calibrated"},
        "first": 0,
        "blocks": [block],
    }
    usage = {"input": 100, "output": 50, "cache_read": 800, "cache_write": 100}
    edit = {"stage": "pruning", "op": "replace", "state": "landed", "reason": "a long listing"}
    return [
        (EventKind.RECEIVED, {"method": "POST", "host": "api.test", "path": "/v1/messages", "bytes": 9000}),
        (EventKind.CLASSIFIED, classified | more),
        (EventKind.EDIT, edit | {"m": 0, "b": 0, "before": 700, "after": 200, "text": "[cut]"}),
        (EventKind.STAGE, {"stage": "envelope", "outcome": "nothing", "remark": "no envelope", "ms": 0.4, "edits": 0}),
        (EventKind.STAGE, {"stage": "pruning", "outcome": "edited", "remark": "one result", "ms": 3.0, "edits": 1}),
        (
            EventKind.REWRITTEN,
            {
                "edits": 1,
                "replayed": 4,
                "pending": 2,
                "tokens_in": 2000,
                "tokens_out": 1500,
                "bytes_out": 7000,
                "ms": 5,
            },
        ),
        (EventKind.FORWARDED, {"changed": True, "bytes": 7000, "ms": 6.0}),
        (
            EventKind.ANSWERED,
            {
                "status": 200,
                "first_ms": 420.0,
                "ms": 2100.0,
                "bytes": 800,
                "model": "claude-sonnet-4-5-20250929",
                "usage": usage,
                "stop": "tool_use",
                "complete": True,
                "tools": ["Bash"],
                "text": "It fails because the tree is empty.",
            },
        ),
        (EventKind.PROCESSED, {"ms": 3.0}),
    ]


def paid_life(baseline: float, paid: float, how: str = "exact", **more: Any) -> Facts:
    """The events of a request whose answer has a cost."""
    money = {"baseline": baseline, "paid": paid, "naive": 0.5, "reads_saved": 4000, "writes_caused": -30, "how": how}
    facts = life(**more)
    return [(kind, data | {"money": money}) if kind is EventKind.ANSWERED else (kind, data) for kind, data in facts]


def unpriced_life(**more: Any) -> Facts:
    """The events of a request whose model has no known price."""
    split = {"plain": 100, "read": 800, "write": 100}
    money = {"came": split, "sent": split, "reads_saved": 0, "writes_caused": 0, "how": "unknown"}
    facts = life(**more)
    return [(kind, data | {"money": money}) if kind is EventKind.ANSWERED else (kind, data) for kind, data in facts]


def kept_alive(read: int = 48_211, usd: float = 0.01, stopped: str = "", **more: Any) -> Facts:
    """The request of a life is sent once more for no answer."""
    about = {"conversation": "talk-1", "session": "session-1", "model": "claude-sonnet-4-5"}
    return [(EventKind.KEPT_ALIVE, about | {"read": read, "write": 0, "usd": usd, "stopped": stopped} | more)]


class Log:
    """A log on disk, and the clock by which events are written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = ManualClock()
        self._store: SqlStore | None = None
        self._next = 0

    @property
    def store(self) -> SqlStore:
        """Opened at the first write."""
        if self._store is None:
            self._store = SqlStore(self.path)
        return self._store

    def write(self, kind: EventKind, exchange: str = "", **payload: Any) -> None:
        """One fact."""
        self.clock.advance(0.01)
        self.store.add_events([Event(0, self.clock.now(), exchange, kind, payload)])

    def started(self, pid: int | None = None, **more: Any) -> None:
        """A proxy begins. Its process is this one unless `pid` says otherwise."""
        facts = {
            "version": "0.1.0",
            "profile": "default",
            "listen": ["127.0.0.1:8899"],
            "stages": ["envelope", "pruning"],
        }
        self.write(EventKind.STARTED, pid=os.getpid() if pid is None else pid, **(facts | more))

    def exchange(self, facts: Facts | None = None, *, id: str = "", upto: EventKind | None = None) -> str:
        """A whole exchange, or its life as far as `upto`. Gives its id."""
        self._next += 1
        id = id or f"exchange-{self._next}"
        events = []
        for kind, payload in life() if facts is None else facts:
            self.clock.advance(0.01)
            events.append(Event(0, self.clock.now(), id, kind, payload))
            if kind is upto:
                break
        self.store.add_events(events)
        return id

    def remove(self) -> None:
        """Delete the file and its companions; the next write begins another."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None


async def until(pilot: Pilot[None], condition: Callable[[], object], what: str | Callable[[], str] = "") -> None:
    """Let the application run until `condition` holds. `what`: what was waited for, told by a failure in the end."""
    for _ in range(1500):
        if condition():
            await pilot.pause()
            return
        await pilot.pause(0.02)
    raise AssertionError(f"it did not come to: {(what() if callable(what) else what) or condition}")
