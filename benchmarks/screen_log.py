"""Makes a log for `screen.py` to show: the events of a session that passed a real proxy, many times over, and more of
them as time goes on.

    python benchmarks/screen_log.py STORE RATE     adds RATE events a second to the log at STORE, until it is ended
"""

from __future__ import annotations

import itertools
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from penstock.events.event import Event, EventKind
from penstock.profiles import profile as profiles
from penstock.store.sql import SqlStore
from penstock_addons.demo.home import Home
from penstock_addons.demo.player import Player

__all__ = ["fill", "played"]

TURNS = 24
GAP = 30.0
"""Seconds between two sessions in the log."""


def main() -> None:
    """Add events to a log that `fill` has made."""
    path, rate = Path(sys.argv[1]), float(sys.argv[2])
    seed = pickle.loads(path.with_suffix(".seed").read_bytes())
    with closing(SqlStore(path)) as store:
        store.add_events([started()])
        due = time.monotonic()
        for event in itertools.chain.from_iterable(copy(seed, f"live-{k}", None) for k in itertools.count()):
            due += 1 / rate
            time.sleep(max(due - time.monotonic(), 0))
            store.add_events([replace(event, at=time.time())])


def played() -> list[Event]:
    """What the log holds after the demo: a coding session, its subagents, failures and compactions."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "demo")
        with Player(home, turns=TURNS, speed=20, port=0, profile=profiles.load("default")) as player:
            while not player.is_over:
                time.sleep(0.2)
            store = player.store
        with closing(SqlStore(store, readonly=True)) as log:
            return [event for event in log.events_after(limit=sys.maxsize) if event.exchange]


def fill(path: Path, exchanges: int) -> int:
    """Make a log with so many exchanges, as many sessions as that takes. Gives how many events that are."""
    seed = played()
    path.with_suffix(".seed").write_bytes(pickle.dumps(seed))
    each = len({event.exchange for event in seed})
    span = seed[-1].at - seed[0].at + GAP
    sessions = -(-exchanges // each)
    count = 0
    with closing(SqlStore(path)) as store:
        for k in range(sessions):
            events = list(copy(seed, f"past-{k}", time.time() - (sessions - k) * span))
            store.add_events(events)
            count += len(events)
        store.add_events([started()])
    return count


def copy(seed: list[Event], name: str, at: float | None) -> Iterator[Event]:
    """Copy the events of a session under another name, starting at the time `at`."""
    shift = 0.0 if at is None else at - seed[0].at
    for event in seed:
        yield Event(0, event.at + shift, f"{event.exchange}-{name}", event.kind, renamed(event.payload, name))


def renamed(payload: Mapping[str, Any], name: str) -> dict[str, Any]:
    """`payload` with a conversation and a session of its own."""
    own = {key: f"{payload[key]}-{name}" for key in ("conversation", "session") if payload.get(key)}
    return {**payload, **own}


def started() -> Event:
    """The event of a proxy's start, with the id of this process."""
    facts = {"version": "0", "profile": "default", "pid": os.getpid(), "listen": ["127.0.0.1:1"], "stages": []}
    return Event(0, time.time(), "", EventKind.STARTED, facts)


if __name__ == "__main__":
    main()
