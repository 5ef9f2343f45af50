"""What the engine may count on, whichever store it is given."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penstock.base.increment import Increment
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.cursor import START
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.plugins.compressor import handle_of
from penstock.store.base import Store
from penstock.store.in_memory import MemoryStore
from penstock.store.originals import Original, RetentionPolicy, digest_of, packed
from penstock.store.postgres import PostgresStore
from penstock.store.sql import SqlStore

NOW = 1_700_000_000.0


@pytest.fixture(params=["memory", "sql", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each implementation, empty."""
    path = tmp_path / "penstock.db"
    store: Store
    if request.param == "postgres":
        store = PostgresStore(request.getfixturevalue("postgres_url"), path)
    else:
        store = MemoryStore() if request.param == "memory" else SqlStore(path)
    yield store
    store.close()


def event(n: int, *, exchange: str = "x", at: float = NOW, kind: EventKind = EventKind.RECEIVED) -> Event:
    return Event(0, at, exchange, kind, {"n": n})


def edit(
    text: str = "new", *, original: str = "old", key: bytes = b"k" * 16, nth: int = 0, op: Op = Op.REPLACE
) -> Edit:
    return Edit(op, Place(key, nth), text, "a-stage", "because", original, b"c" * 16 if op is Op.COMPACT else b"", 3)


def replayed(landed: Sequence[Landed]) -> list[Landed]:
    """As a ledger comes back."""
    return [Landed(one.revision, one.edit.without_original()) for one in landed]


def test_events_get_the_next_numbers(store: Store) -> None:
    """From one on, in the order they were added, whoever added them."""
    assert store.end().seq == 0
    store.add_events([event(1), event(2)])
    store.add_events([event(3)])
    assert [(e.seq, e.payload["n"]) for e in store.events_after()] == [(1, 1), (2, 2), (3, 3)]
    assert store.end().seq == 3


def test_an_event_comes_back_as_it_was(store: Store) -> None:
    """Time, exchange, kind and every JSON value in its payload."""
    payload = {"a": [1, 2.5, None, True, 'é 😀 \\ " \u2028'], "b": {"c": "half: \ud800"}, "": ""}
    store.add_events([Event(0, NOW + 0.125, "x1", EventKind.CLASSIFIED, payload)])
    (found,) = store.events_after()
    assert (found.at, found.exchange, found.kind, dict(found.payload)) == (
        NOW + 0.125,
        "x1",
        EventKind.CLASSIFIED,
        payload,
    )


def test_what_is_stored_is_settled(store: Store) -> None:
    """Readers get it, where no other process is at it."""
    store.add_events([event(1)])
    assert store.settle(60.0)
    assert len(store.events_after()) == 1


def test_no_events_are_nothing(store: Store) -> None:
    """An empty batch is stored, and is not there."""
    store.add_events([])
    assert store.events_after() == []


def test_a_log_is_read_page_by_page(store: Store) -> None:
    """From a number on, so many at a time, none twice and none left out."""
    store.add_events([event(n) for n in range(10)])
    seen: list[int] = []
    at = START
    while page := store.events_after(at, limit=3):
        assert len(page) <= 3
        seen += [e.payload["n"] for e in page]
        at = page[-1].cursor
    assert seen == list(range(10))


def test_the_events_of_an_exchange_stand_together(store: Store) -> None:
    """In order, those of others left out."""
    store.add_events([event(1, exchange="a"), event(2, exchange="b"), event(3, exchange="a"), event(4, exchange="")])
    assert [e.payload["n"] for e in store.events_of("a")] == [1, 3]
    assert store.events_of("c") == []


def test_a_ledger_comes_back_in_the_order_it_was_written(store: Store) -> None:
    """Every field, revisions included."""
    first = [Landed(1, edit("one")), Landed(1, edit("two", nth=1, op=Op.NOTE, original=""))]
    second = [Landed(2, edit("", op=Op.COMPACT, original="[user] a\n\n[assistant] b"))]
    store.add_edits("talk", first, NOW)
    store.add_edits("talk", second, NOW + 1)
    assert store.edits_of("talk") == replayed(first + second)
    assert [landed.edit.size for landed in store.edits_of("talk")] == [3, 0, 23]
    assert store.edits_of("other") == []


texts = st.text(st.characters(exclude_categories=["Cs"]))
originals = st.text()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=texts, original=originals, key=st.binary(min_size=16, max_size=16), nth=st.integers(0, 2**31))
def test_an_edit_comes_back_to_the_letter(store: Store, text: str, original: str, key: bytes, nth: int) -> None:
    """So does its original, whatever a client sent, half characters too."""
    name = f"{key.hex()}{nth}{hash((text, original))}"[:40]
    landed = [Landed(7, Edit(Op.REPLACE, Place(key, nth), text, "s", "r", original))]
    store.add_edits(name, landed, NOW)
    assert store.edits_of(name)[-1:] == replayed(landed)
    assert not original or [o.text for o in store.find_originals(digest_of(original))] == [original]


def test_a_revision_can_be_dropped(store: Store) -> None:
    """It alone, and of that conversation alone."""
    for name in ("one", "two"):
        store.add_edits(name, [Landed(1, edit("a"))], NOW)
        store.add_edits(name, [Landed(2, edit("b")), Landed(2, edit("c", nth=1))], NOW)
    store.drop_edits("one", 2)
    assert [landed.edit.text for landed in store.edits_of("one")] == ["a"]
    assert [landed.edit.text for landed in store.edits_of("two")] == ["a", "b", "c"]
    store.drop_edits("unknown", 1)


def test_of_several_tips_the_last_counts(store: Store) -> None:
    """Each conversation has its own."""
    assert store.tip_of("talk") is None
    store.set_tip("talk", PrefixHash(0, b"\x00" * 16, 3), NOW)
    store.set_tip("other", PrefixHash(0, b"\x02" * 16, 1), NOW)
    store.set_tip("talk", PrefixHash(1, b"\x01" * 16, 5), NOW + 1)
    assert store.tip_of("talk") == PrefixHash(1, b"\x01" * 16, 5)
    assert store.tip_of("other") == PrefixHash(0, b"\x02" * 16, 1)


def test_old_events_go(store: Store) -> None:
    """Those past their time, and those beyond the number that is kept; numbers are never given again."""
    store.add_events([event(n, at=NOW + n) for n in range(10)])
    assert store.prune(before=NOW + 3, keep_events=1000) == 3
    assert [e.payload["n"] for e in store.events_after()] == [3, 4, 5, 6, 7, 8, 9]
    assert store.prune(before=0, keep_events=2) == 5
    assert [e.payload["n"] for e in store.events_after()] == [8, 9]
    store.prune(before=NOW + 100, keep_events=0)
    store.add_events([event(10)])
    assert [e.seq for e in store.events_after()] == [11]


def test_the_ledger_of_a_conversation_goes_when_it_was_not_seen(store: Store) -> None:
    """Not when its edits are old: as long as it goes on, they are replayed."""
    store.add_edits("gone", [Landed(1, edit())], NOW)
    store.set_tip("gone", PrefixHash(0, b"t" * 16, 1), NOW)
    store.add_edits("alive", [Landed(1, edit())], NOW)
    store.set_tip("alive", PrefixHash(0, b"t" * 16, 1), NOW + 1000)
    store.prune(before=NOW + 500, keep_events=1000)
    assert store.edits_of("gone") == []
    assert store.tip_of("gone") is None
    assert len(store.edits_of("alive")) == 1
    assert store.tip_of("alive") is not None


def test_a_ledger_whose_tip_is_not_written_yet_stays(store: Store) -> None:
    """Edits are stored at once, tips a moment later; what is left without one for long goes as well."""
    store.add_edits("fresh", [Landed(1, edit())], NOW + 1000)
    store.add_edits("lost", [Landed(1, edit())], NOW)
    store.prune(before=NOW + 500, keep_events=1000)
    assert len(store.edits_of("fresh")) == 1
    assert store.edits_of("lost") == []


def test_an_original_is_found_by_its_handle(store: Store) -> None:
    """By all of it or by its beginning, with who took it away, when and why."""
    store.add_edits("talk", [Landed(1, edit(original="one")), Landed(1, edit(original="two", nth=1))], NOW)
    wanted = Original(digest_of("one"), "one", "talk", "a-stage", "replace", "because", NOW)
    assert wanted.handle == handle_of("one")
    for handle in (wanted.handle, wanted.handle[:4], wanted.digest):
        assert store.find_originals(handle) == [wanted]
    assert store.find_originals("0" * 8) == []
    assert store.find_originals(wanted.digest + "0") == []


def test_one_text_is_kept_once(store: Store) -> None:
    """However often it is taken away, in whatever conversation; the last time is told."""
    store.add_edits("one", [Landed(1, edit()), Landed(1, edit(nth=1))], NOW)
    store.add_edits("two", [Landed(1, edit(op=Op.COMPACT))], NOW + 1)
    (found,) = store.find_originals()
    assert (found.text, found.conversation, found.op, found.at) == ("old", "two", "compact", NOW + 1)


def test_what_takes_nothing_away_has_no_original(store: Store) -> None:
    """A note is an edit, and there is nothing to show."""
    store.add_edits("talk", [Landed(1, edit(op=Op.NOTE, original=""))], NOW)
    assert store.find_originals() == []


def test_a_text_that_no_edit_took_away_is_kept_too(store: Store) -> None:
    """With what became of it."""
    store.add_original("talk", "all that was said", "the client compacted its history", NOW)
    (found,) = store.find_originals(handle_of("all that was said"))
    assert (found.text, found.conversation, found.stage, found.op) == ("all that was said", "talk", "", "")
    assert found.reason == "the client compacted its history"


def test_originals_come_newest_first(store: Store) -> None:
    """As many as asked for; one taken away again is new again."""
    for n, text in enumerate(("a", "b", "c", "a")):
        store.add_original("talk", text, "w", NOW + n)
    assert [o.text for o in store.find_originals()] == ["a", "c", "b"]
    assert [o.text for o in store.find_originals(limit=2)] == ["a", "c"]


def test_originals_have_a_time_and_a_size(store: Store) -> None:
    """Past either the oldest go, and every ledger is replayed as before; without a word about them, all stay."""
    noise = [hashlib.sha256(bytes([n])).hexdigest() * 20 for n in range(6)]
    landed = [Landed(1, edit(f"new {n}", original=text, nth=n)) for n, text in enumerate(noise)]
    for n, one in enumerate(landed):
        store.add_edits("talk", [one], NOW + n)
    store.prune(before=0, keep_events=1)
    assert len(store.find_originals()) == 6
    assert store.prune(before=0, keep_events=1, originals=RetentionPolicy(since=NOW + 2)) == 2
    assert [o.text for o in store.find_originals()] == noise[:1:-1]
    room = 2 * len(packed(noise[0])) + 10
    assert store.prune(before=0, keep_events=1, originals=RetentionPolicy(size=room)) == 2
    assert [o.text for o in store.find_originals()] == [noise[5], noise[4]]
    store.prune(before=0, keep_events=1, originals=RetentionPolicy(size=0))
    assert store.find_originals() == []
    assert store.edits_of("talk") == replayed(landed)


def test_an_original_outlives_its_ledger(store: Store) -> None:
    """A conversation not seen for long has no ledger any more, and a handle in it still shows what it stands for."""
    store.add_edits("gone", [Landed(1, edit())], NOW)
    store.prune(before=NOW + 500, keep_events=1)
    assert store.edits_of("gone") == []
    assert [o.text for o in store.find_originals(handle_of("old"))] == ["old"]


def test_threads_may_write_at_once(store: Store) -> None:
    """Every number is given once, and each batch stands together."""

    def write(name: str) -> None:
        for n in range(10):
            store.add_events([event(n, exchange=name), event(n, exchange=name)])

    threads = [threading.Thread(target=write, args=(f"t{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.events_after(limit=1000)
    assert sorted(e.seq for e in found) == list(range(1, 81))
    assert [e.cursor for e in found] == sorted(e.cursor for e in found)
    for first, second in zip(found[::2], found[1::2], strict=True):
        assert (first.exchange, first.payload) == (second.exchange, second.payload)


def test_facts_are_kept_by_kind_and_key(store: Store) -> None:
    """The newest of each, until it is deleted; retention does not touch them."""
    store.set_values("spent", {"day": {"dollars": 1.5}, "week": {"dollars": 9.0}})
    store.set_values("spent", {"day": {"dollars": 2.0, "names": ["é"]}, "week": None, "never": None})
    store.set_values("other", {"day": {}})
    store.prune(before=NOW + 1e9, keep_events=0)
    assert store.values_of("spent") == {"day": {"dollars": 2.0, "names": ["é"]}}
    assert store.values_of("other") == {"day": {}}
    assert store.values_of("unknown") == {}


def test_an_original_is_forgotten_by_its_words(store: Store) -> None:
    """Those that are such a text to the letter go; edits stay, and are replayed without."""
    store.add_original("c", "what a person wants gone", "", NOW)
    store.add_edits("c", [Landed(1, edit(original="what an edit took away"))], NOW)
    store.add_original("c", "what a person wants gone, and more", "", NOW)
    assert store.forget_originals(["what a person wants gone", "what an edit took away", "never seen"]) == 2
    assert [original.text for original in store.find_originals()] == ["what a person wants gone, and more"]
    assert len(store.edits_of("c")) == 1
    assert store.forget_originals([]) == 0


def test_a_forgotten_original_is_not_in_the_file(tmp_path: Path) -> None:
    """Nor in what SQLite keeps beside it."""
    store = SqlStore(tmp_path / "penstock.db")
    for n in range(50):
        store.add_original("c", f"line {n} of something long\n" * 50, "", NOW)
    held = packed("line 7 of something long\n" * 50)
    assert store.forget_originals(["line 7 of something long\n" * 50]) == 1
    assert all(held not in file.read_bytes() for file in tmp_path.iterdir())
    store.close()


def test_a_fact_is_added_to(store: Store) -> None:
    """One that is there and one that is not, beside one that is replaced."""
    store.set_values("spent", {"day": {"used": {"dollars": 1.5}, "at": 1}})
    added = {"used": {"dollars": 1.0}}
    store.set_values(
        "spent",
        {
            "day": Increment({"used": {"dollars": 2.5}, "at": 2}, added, ("used",)),
            "week": Increment({"used": {"dollars": 1.0}, "at": 3}, added, ("used",)),
            "month": {"used": {}},
        },
    )
    assert store.values_of("spent") == {
        "day": {"used": {"dollars": 2.5}, "at": 2},
        "week": {"used": {"dollars": 1.0}, "at": 3},
        "month": {"used": {}},
    }


def test_a_store_knows_a_conversation_by_its_edits_and_by_what_was_sent(store: Store) -> None:
    """Either may be there alone: a proxy that is killed has stored edits, and not yet what it sent."""
    assert not store.knows("talk")
    store.set_tips({"talk": PrefixHash(0, b"\x00" * 16, 3), "other": PrefixHash(1, b"\x02" * 16, 1)}, NOW)
    assert store.knows("talk")
    assert store.tip_of("other") == PrefixHash(1, b"\x02" * 16, 1)
    assert not store.knows("edited")
    store.add_edits("edited", [Landed(1, edit())], NOW)
    assert store.knows("edited")
