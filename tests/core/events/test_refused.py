"""What the store refuses is left out and named; the rest is stored, in order and once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.errors import StoreError, Unstorable
from penstock.base.increment import FactChange, Increment
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent
from penstock.events.refused import FactBatch, Refused, store_each
from penstock.events.response_events import ProcessedEvent
from penstock.store.base import Store
from penstock.store.in_memory import MemoryStore
from penstock.store.postgres import PostgresStore
from penstock.store.sql import SqlStore

TIP = PrefixHash(0, b"t" * 16, 3)


@given(bad=st.lists(st.booleans(), max_size=60), lost=st.lists(st.integers(1, 12), max_size=4))
def test_all_but_what_is_refused_is_stored_in_order(bad: list[bool], lost: list[int]) -> None:
    """Also where the store is away at any of the calls: what it has confirmed is not stored a second time."""
    items, stored, calls = list(range(len(bad))), list[int](), 0
    waiting, done = list(items), list[int]()

    def store(part: list[int]) -> None:
        nonlocal calls
        calls += 1
        if calls in lost:
            raise StoreError("away")
        if any(n >= 0 and bad[n] for n in part):
            raise Unstorable("refused")
        stored.extend(part)

    for _ in range(len(lost) + 1):
        with suppress(StoreError):
            store_each(waiting, store, lambda n, _: -1 if n % 2 else None, done)
    assert waiting == []
    assert stored == done == [-1 if bad[n] else n for n in items if not bad[n] or n % 2]


@given(st.dictionaries(st.text(max_size=3), st.none(), min_size=2, max_size=20))
def test_halves_have_all_changes_and_ids_of_their_own(changes: dict[str, FactChange]) -> None:
    whole = FactBatch(changes)
    one, other = whole.halves()
    assert [*one.changes, *other.changes] == list(changes)
    assert len({whole.id, one.id, other.id}) == 3
    assert FactBatch({"a": None}).halves() == []


@given(st.text(max_size=400), st.text(max_size=400))
def test_what_is_said_can_be_stored_anywhere(name: str, why: str) -> None:
    """And is said once."""
    refused = Refused()
    said = refused.note(name, Unstorable(why))
    assert said is not None
    assert said.error.isascii()
    assert said.error.isprintable()
    assert refused.note(name, Unstorable(why)) is None


class Picky(MemoryStore):
    """Refuses the odd numbers, and facts and conversations whose names begin with `bad`; adds up increments."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: dict[str, dict[str, object]] = {}

    def add_events(self, events: Sequence[Event]) -> None:
        if any(event.kind is EventKind.PROCESSED and event.payload["ms"] % 2 for event in events):
            raise Unstorable("odd")
        super().add_events(events)

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        if conversation.startswith("bad"):
            raise Unstorable("a conversation like that")
        super().set_tip(conversation, tip, at)

    def set_values(self, kind: str, values: Mapping[str, FactChange], *, batch: str = "") -> None:
        if any(name.startswith("bad") for name in values):
            raise Unstorable("a name like that")
        for name, change in values.items():
            assert isinstance(change, Increment)
            self.sums[name] = change.applied(self.sums.get(name, {}))


def test_the_log_goes_on_beside_what_is_refused() -> None:
    """Events, conversations and facts; listeners see what is stored, and increments are confirmed and made once."""
    sink, heard, written = Picky(), list[Event](), list[object]()
    log = EventLog(sink, listeners=[heard.append], retry_every=0.001)
    with closing(log):
        for n in range(20):
            log.append(ProcessedEvent(n), "x")
            name = f"{'bad' if n == 7 else 'good'} {n}"
            log.set_tip(name, TIP)
            log.set_value("budget", name, Increment({}, {"used": {"dollars": n}}, ("used",), on_written=written.append))
        assert log.drain(60)
        assert log.degraded == ""
        stored = sink.events_after()
        assert [e.payload["ms"] for e in stored if e.kind is EventKind.PROCESSED] == list(range(0, 20, 2))
        assert sink.tip_of("good 8") == TIP
        assert sink.sums == {f"good {n}": {"used": {"dollars": n}} for n in range(20) if n != 7}
        assert len(written) == 19
        said = [e.data.error for e in stored if isinstance(e.data, FaultEvent)]
        for name in (
            "an event processed of the exchange x",
            "the conversation bad 7",
            "the fact bad 7 of the kind bud",
        ):
            assert [name in one for one in said].count(True) == 1
    assert [(e.kind, e.payload) for e in heard] == [(e.kind, e.payload) for e in stored]


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def test_a_database_that_refuses_something_gets_the_rest(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A NUL, half of a surrogate pair, or a name too long for its column, as each database takes it."""
    path = tmp_path / "penstock.db"
    url = request.getfixturevalue("postgres_url") if kind == "postgres" else ""
    store: Store = PostgresStore(url, path) if url else SqlStore(path)
    names = ["a", "\ud800", "b\0c", "d" * 100_000, "e"]
    with closing(store):
        log = EventLog(store, retry_every=0.001)
        with closing(log):
            for name in names:
                log.append(ProcessedEvent(1), name)
                log.set_value("k", name, {"n": 1})
                log.set_tip(name, TIP)
            assert log.drain(60)
            assert log.degraded == ""
        left = {event.exchange for event in store.events_after() if event.kind is EventKind.PROCESSED}
        refused = set(names) - {"a", "e"} if kind == "postgres" else {"\ud800"}
        assert left == set(store.values_of("k")) == set(names) - refused
        assert store.tip_of("a") == store.tip_of("e") == TIP
        faults = [event for event in store.events_after() if event.kind is EventKind.FAULT]
        assert len(faults) == 3 * len(refused)
