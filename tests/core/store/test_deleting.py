"""Deleting conversations from a store: all that is theirs, nothing of others, whichever store it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.base.errors import StoreError
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.store.base import Deletion, DeletionCounts, Store
from penstock.store.in_memory import MemoryStore
from penstock.store.originals import digest_of
from penstock.store.sql import SqlStore

NOW = 1_700_000_000.0
TOLD = Event(0, NOW, "", EventKind.DELETED, {"conversations": ["a"], "exchanges": 1, "events": 2})


@pytest.fixture(params=["memory", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store: Store = MemoryStore() if request.param == "memory" else SqlStore(tmp_path / "penstock.db")
    yield store
    store.close()


def landed(original: str, revision: int = 1) -> Landed:
    return Landed(revision, Edit(Op.REPLACE, Place(b"k" * 16), "[stub]", "a-stage", "because", original))


def speak(store: Store, conversation: str, *originals: str, exchange: str = "") -> None:
    """A conversation with an exchange, a ledger, a tip and a count of what it spent."""
    exchange = exchange or f"x-{conversation}"
    store.add_events([Event(0, NOW, exchange, EventKind.RECEIVED, {}), Event(0, NOW, exchange, EventKind.ANSWERED, {})])
    if originals:
        store.add_edits(conversation, [landed(text) for text in originals], NOW)
    store.set_tip(conversation, PrefixHash(0, b"c" * 16, 3), NOW)
    store.set_values("budget", {f"conversation||{conversation}": {"used": 1}})


def doomed(*conversations: str) -> Deletion:
    return Deletion(
        frozenset(conversations),
        frozenset(f"x-{one}" for one in conversations),
        facts=frozenset(("budget", f"conversation||{one}") for one in conversations),
    )


def test_all_of_it_goes_and_is_said(store: Store) -> None:
    """Events, ledger, originals, tip and facts; an event stands there in their stead, and the numbers are right."""
    speak(store, "a", "old words", "more old words")
    assert store.weigh(doomed("a")) == store.delete(doomed("a"), TOLD) == DeletionCounts(2, 2, 2, 1, 1)
    assert [(e.kind, e.payload) for e in store.events_after()] == [(EventKind.DELETED, TOLD.payload)]
    assert store.end().seq == 3, "no number is given twice"
    assert (store.edits_of("a"), store.tip_of("a"), store.find_originals()) == ([], None, [])
    assert store.values_of("budget") == {}


def test_what_others_use_stays_theirs(store: Store) -> None:
    """One text that two took away can still be shown to the other, and goes with the last of them."""
    speak(store, "a", "shared", "of a alone")
    speak(store, "b", "shared")
    speak(store, "a", "shared")  # it is noted as a's now
    store.delete(doomed("a"), TOLD)
    [kept] = store.find_originals()
    assert (kept.text, kept.conversation) == ("shared", "b")
    assert store.delete(doomed("b"), TOLD).originals == 1
    assert store.find_originals() == []


def test_what_a_client_threw_away_elsewhere_stays(store: Store) -> None:
    """It stands in no ledger: the event that tells of it is what is known."""
    store.add_original("b", "a long history", "the client has it summarised", NOW)
    told = {"handle": digest_of("a long history")[:8], "why": "", "messages": 3, "tokens": 9}
    store.add_events([Event(0, NOW, "x-b", EventKind.HISTORY_ARCHIVED, told)])
    store.add_original("a", "a long history", "the client has it summarised", NOW)
    assert store.delete(doomed("a"), TOLD).originals == 0
    assert [one.text for one in store.find_originals()] == ["a long history"]
    assert store.delete(doomed("b"), TOLD).events == 1


def test_events_of_no_exchange_go_by_their_number(store: Store) -> None:
    store.add_events([Event(0, NOW, "", EventKind.BUDGET, {"budget": b}) for b in ("session a", "day")])
    assert store.delete(Deletion(frozenset(), frozenset(), frozenset({1})), TOLD).events == 1
    assert [e.payload.get("budget") for e in store.events_after()] == ["day", None]


NAMES = "abcd"
WORLD = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(["one", "two", "three"])), max_size=12)


@settings(max_examples=30, deadline=None)
@given(WORLD, st.sets(st.sampled_from(NAMES)))
def test_others_are_untouched(world: list[tuple[str, str]], gone: set[str]) -> None:
    """Whatever was said and whoever goes: of the others every event, edit, tip, fact and original is as it was; and of
    who went nothing is left. The same in every store."""
    with TemporaryDirectory() as folder:
        sql, memory = SqlStore(Path(folder) / "penstock.db"), MemoryStore()
        found = []
        for store in (sql, memory):
            for conversation, text in world:
                speak(store, conversation, text)
            spoken = {name for name, _ in world}
            stay = sorted(spoken - gone)
            before = {name: (store.edits_of(name), store.tip_of(name), store.events_of(f"x-{name}")) for name in stay}
            count = store.delete(doomed(*gone), TOLD)
            after = {name: (store.edits_of(name), store.tip_of(name), store.events_of(f"x-{name}")) for name in stay}
            assert before == after
            assert {one.text for one in store.find_originals()} == {text for name, text in world if name not in gone}
            assert set(store.values_of("budget")) == {f"conversation||{name}" for name in stay}
            assert all(not store.edits_of(n) and not store.tip_of(n) and not store.events_of(f"x-{n}") for n in gone)
            found.append((astuple(count), [(e.seq, e.exchange, e.kind) for e in store.events_after()]))
        assert found[0] == found[1]
        sql.close()


def test_all_or_nothing(tmp_path: Path) -> None:
    """Where one of its deletions fails, all is as it was."""
    store = SqlStore(tmp_path / "penstock.db")
    speak(store, "a", "old words")
    with sqlite3.connect(store.path) as db:
        db.execute("create trigger no before delete on facts begin select raise(abort, 'not this one'); end")
    db.close()
    with pytest.raises(StoreError, match="not this one"):
        store.delete(doomed("a"), TOLD)
    assert len(store.events_of("x-a")) == 2
    assert store.end().seq == 2
    assert store.edits_of("a")
    assert store.tip_of("a")
    assert len(store.find_originals()) == 1
    store.close()


def test_nothing_of_it_is_left_in_the_file(tmp_path: Path) -> None:
    """Deleted is not merely hidden."""
    store = SqlStore(tmp_path / "penstock.db")
    store.add_events([Event(0, NOW, "x-a", EventKind.CLASSIFIED, {"words": "the secret glaze"})])
    store.delete(doomed("a"), TOLD)
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"secret glaze" not in left
    store.close()


def test_what_is_gone_is_said_to_be_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its pages in the journal of the file could not be overwritten at once: who asked must not take it for still
    there, and go on with a ledger that is not."""

    def busy(self: SqlStore) -> None:
        raise StoreError("the disk is away")

    store = SqlStore(tmp_path / "penstock.db")
    speak(store, "a", "old words")
    monkeypatch.setattr(SqlStore, "_overwrite", busy)
    assert store.delete(doomed("a"), TOLD).events == 2
    assert store.edits_of("a") == []
    assert "the disk is away" in caplog.text
    store.close()


def test_sizes_and_kinds(store: Store) -> None:
    """How much an exchange takes, and events of some kinds alone."""
    speak(store, "a")
    speak(store, "b")
    found = store.sizes(["x-a", "nobody's"])
    assert set(found) == {"x-a"}
    assert found["x-a"] == (2, 4), "two empty payloads"
    assert [e.exchange for e in store.events_after(kinds={EventKind.ANSWERED})] == ["x-a", "x-b"]
