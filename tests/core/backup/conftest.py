"""Fixtures for tests of backups: an installation (`Installation`) with contexts, a real memory, events and a key; and
recorded queries to compare its answers by."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from penstock.base.clock import ManualClock
from penstock.base.keyfile import installation_key
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from penstock.memory import Item
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.memory import Memory
from penstock.store.sql import SqlStore

WORDS = re.findall(
    r"\w+",
    "kiln glaze vent shelf cone firing clay slip oxide cobalt iron copper wheel bat trim foot rim handle spout lid "
    "bisque stoneware porcelain raku salt soda ash celadon tenmoku shino crackle crawl pinhole warp crack",
)


@dataclass
class Installation:
    """One that is open."""

    store: Path
    clock: ManualClock
    contexts: Contexts
    memory: Memory
    events: SqlStore

    def answers(self, queries: list[tuple[str, str]]) -> list[Any]:
        """What it answers to recorded queries."""
        return [self._answer(kind, text) for kind, text in queries]

    def _answer(self, kind: str, text: str) -> Any:
        if kind == "get":
            return self.contexts.get("default", text), self.contexts.versions("default", text)
        if kind == "search":
            return [(hit.head, hit.excerpt) for hit in self.contexts.search("default", text)]
        found = self.memory.search(text, "kiln", limit=5, now=self.clock.now())
        return found.degraded, [(hit.item, round(hit.score, 4)) for hit in found.hits]


def opened(store: Path, clock: ManualClock, stack: ExitStack) -> Installation:
    """The installation with this store, until `stack` is closed."""
    contexts = Contexts(store.parent / "contexts.db", clock)
    stack.callback(contexts.close)
    memory = Memory(store.parent / "memory", Trigrams())
    stack.callback(memory.close)
    memory.sync()
    events = SqlStore(store)
    stack.callback(events.close)
    return Installation(store, clock, contexts, memory, events)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def full(tmp_path: Path, stack: ExitStack) -> Installation:
    one = opened(tmp_path / "full" / "penstock.db", ManualClock(), stack)
    installation_key(one.store.parent)
    (one.store.parent / "control-key").write_bytes(b"control canary")
    (one.store.parent / "service-token").write_bytes(b"token canary")
    chance = random.Random(7)
    for n in range(80):
        one.clock.advance(1)
        with one.contexts.write("default", f"agent {n % 3}") as writer:
            text = " ".join(chance.choices(WORDS, k=40))
            writer.put(f"note/{n % 60}", NewContext({"n": n, "text": text}, 0, (chance.choice(WORDS),)))
    texts = (" ".join(chance.choices(WORDS, k=25)) for _ in range(120))
    one.memory.add([Item("kiln", f"{text}.", f"s{n % 9}", seq=n, at=one.clock.now()) for n, text in enumerate(texts)])
    one.events.set_values("label", {"monday": {"label": "the first firing"}})
    return one


def recorded() -> list[tuple[str, str]]:
    """Two hundred queries."""
    chance = random.Random(11)
    gets = [("get", f"note/{chance.randrange(60)}") for _ in range(60)]
    searches = [("search", " ".join(chance.choices(WORDS, k=chance.randint(1, 3)))) for _ in range(60)]
    memory = [("memory", " ".join(chance.choices(WORDS, k=chance.randint(2, 5)))) for _ in range(80)]
    return [*gets, *searches, *memory]
