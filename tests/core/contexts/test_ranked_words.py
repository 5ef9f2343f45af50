"""Searches with lists in memory: they find what FTS5 gives when it ranks everything, whatever was written meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penstock.base.clock import ManualClock
from penstock.contexts import ranked_words, word_reader, words
from penstock.contexts.contexts import Contexts
from penstock.contexts.errors import ContextError
from penstock.contexts.json import hit_json
from penstock.contexts.ranked_words import RankedWords
from penstock.contexts.records import Filter, Hit, NewContext
from penstock.contexts.words_in_sqlite import matching
from tests.core.contexts.conftest import in_a_file

VOCABULARY = ("boiler", "valve", "gauge", "pump", "hose")
texts = st.lists(st.sampled_from(VOCABULARY), max_size=6).map(" ".join)
keys = st.integers(0, 24).map("k/{:02}".format)
ops = st.one_of(
    st.tuples(st.just("put"), keys, texts, st.sampled_from([0, 0, 5, 50])),
    st.tuples(st.just("retag"), keys, texts),
    st.tuples(st.just("seal"), keys),
    st.tuples(st.sampled_from(["delete", "purge", "undelete"]), keys),
    st.tuples(st.just("other workspace"), keys, texts),
    st.tuples(st.just("other process"), keys, texts),
    st.tuples(st.just("long"), keys, texts),
    st.tuples(st.just("advance"), st.sampled_from([1, 10, 100])),
    st.tuples(st.just("expire")),
    st.tuples(st.just("restart")),
    st.tuples(st.just("search"), texts, st.sampled_from([1, 3, 20])),
)


@pytest.fixture
def ranked(contexts: Contexts) -> Iterator[RankedWords]:
    ranked = RankedWords(contexts)
    yield ranked
    ranked.close()


def ranking(contexts: Contexts, workspace: str, query: str, limit: int) -> list[tuple[str, float]]:
    """What FTS5 gives when it ranks everything."""
    found = f"""SELECT key, -rank FROM context_words JOIN contexts ON id = context_words.rowid
        WHERE context_words MATCH ? AND workspace = ? AND deleted_at IS NULL AND (expires_at IS NULL OR expires_at > ?)
        ORDER BY rank, key LIMIT {limit}"""
    with contexts.snapshot() as db:
        asked = (matching(words.asked_words(query)), workspace, contexts.clock.now())
        return [(key, score) for key, score in db.exec_driver_sql(found, asked)]


def by_lists(ranked: RankedWords, query: str, limit: int = 20) -> list[Hit]:
    """What is found with the lists of its words, once they are read."""
    hits = ranked.search_with_lists("w", query, limit=limit)
    while hits is None:
        ranked.lists.settle()
        hits = ranked.search_with_lists("w", query, limit=limit)
    return hits


def lines(hits: list[Hit]) -> list[dict[str, Any]]:
    """The hits as answers show them."""
    return [hit_json(hit) for hit in hits]


def check(ranked: RankedWords, contexts: Contexts, query: str, limit: int = 20) -> None:
    """The same keys in the same order, and scores that are the same up to rounding."""
    hits, expected = by_lists(ranked, query, limit), ranking(contexts, "w", query, limit)
    assert [hit.head.key for hit in hits] == [key for key, _ in expected], query
    assert [hit.score for hit in hits] == pytest.approx([score for _, score in expected], rel=1e-9, abs=1e-13)


def put(contexts: Contexts, key: str, data: Any, workspace: str = "w", **more: Any) -> None:
    with contexts.write(workspace, "me") as writer:
        writer.put(key, NewContext(data, **{"ttl": 0, **more}))


@pytest.mark.parametrize("short", [2, 500])
@given(steps=st.lists(ops, min_size=5, max_size=40))
@settings(max_examples=40, deadline=None)
def test_the_same_is_found_as_by_a_ranking_of_all_after_any_writes(short: int, steps: list[tuple[Any, ...]]) -> None:
    """Of words of which the lists are read by the search itself, and of others."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(ranked_words, "_SHORT", short)
        patch.setattr(word_reader, "_MOST_NEWER", 4)
        _play(Path(folder) / "contexts.db", steps)


def _play(file: Path, steps: list[tuple[Any, ...]]) -> None:
    clock = ManualClock()
    with closing(Contexts(file, clock)) as contexts, closing(Contexts(file, clock)) as other:
        for n in range(60):
            put(contexts, f"first/{n % 7}/{n}", " ".join(VOCABULARY[i] for i in range(5) if n % (i + 2) == 0))
        ranked = RankedWords(contexts)
        for step in steps:
            match step:
                case "search", query, limit if query:
                    check(ranked, contexts, query, limit)
                case ("restart",):
                    ranked.close()
                    ranked = RankedWords(contexts)
                case _:
                    with suppress(ContextError):
                        _write(contexts, other, clock, step)
        for word in VOCABULARY:
            check(ranked, contexts, word)
        check(ranked, contexts, " ".join(VOCABULARY), 100)
        ranked.close()


def _write(contexts: Contexts, other: Contexts, clock: ManualClock, step: tuple[Any, ...]) -> None:
    match step:
        case "put", key, text, ttl:
            put(contexts, key, text, ttl=ttl)
        case "long", key, text:
            put(contexts, key, f"{text} and more " * 200)
        case "retag", key, text:
            with contexts.write("w", "me") as writer:
                writer.touch(key, NewContext(None, tags=tuple(dict.fromkeys(text.split()))))
        case "seal", key:
            put(contexts, key, "boiler", seal=True)
        case "delete" | "purge" as how, key:
            with contexts.write("w", "me") as writer:
                writer.delete(key, purge=how == "purge")
        case "undelete", key:
            with contexts.write("w", "me") as writer:
                writer.undelete(key)
        case "other workspace", key, text:
            put(contexts, key, text, "other")
        case "other process", key, text:
            put(other, key, text)
        case "advance", seconds:
            clock.advance(seconds)
        case ("expire",):
            contexts.expire()


@in_a_file
def test_after_few_changes_the_lists_serve_on(
    contexts: Contexts, ranked: RankedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was changed is ranked again, with the best by the lists."""
    for n in range(1_200):
        put(contexts, f"k/{n:04}", f"boiler {'valve ' * (n % 3 == 0)}{'gauge ' * (n % 5)}")
    assert len(by_lists(ranked, "boiler valve gauge")) == 20
    read: list[str] = []
    whole = word_reader.WordReader.read_long
    monkeypatch.setattr(
        word_reader.WordReader, "read_long", lambda self, word, *more: read.append(word) or whole(self, word, *more)
    )
    for n in range(8):
        put(contexts, f"k/{n:04}", "boiler valve gauge gauge gauge gauge gauge")
        put(contexts, f"new/{n}", "valve valve")
        with contexts.write("w", "me") as writer:
            writer.delete(f"k/{n + 600:04}", purge=n % 2 == 0)
        check(ranked, contexts, "boiler valve gauge")
    assert read == []
    for n in range(100):
        put(contexts, f"later/{n}", "boiler")
    check(ranked, contexts, "boiler valve gauge")
    assert {"boiler", "gaug"} <= set(read), "a tenth was changed"


@in_a_file
def test_lists_are_read_again_when_few_changes_change_all_scores(contexts: Contexts, ranked: RankedWords) -> None:
    """A few long texts make all others shorter than the average."""
    for n in range(1_200):
        put(contexts, f"k/{n:04}", f"boiler {'valve ' * (n % 3)}{'filler ' * (n % 17)}")
    check(ranked, contexts, "boiler valve")
    for n in range(20):
        put(contexts, f"long/{n}", "other words " * 5_000)
    check(ranked, contexts, "boiler valve")


@in_a_file
def test_what_has_expired_gives_its_place_to_the_next(
    contexts: Contexts, ranked: RankedWords, clock: ManualClock
) -> None:
    for n in range(200):
        put(contexts, f"k/{n:03}", "boiler" + " and more" * (n % 50), ttl=0 if n % 4 else 10)
    check(ranked, contexts, "boiler", 10)
    clock.advance(11)
    check(ranked, contexts, "boiler", 10)
    assert ranked.lines_at_once("w", "boiler", limit=10) is None, "it has to look at more"


@in_a_file
def test_the_lists_take_no_more_memory_than_allowed(contexts: Contexts) -> None:
    with contexts.write("w", "me") as writer:
        for n in range(100):
            writer.put(f"k/{n}", NewContext(f"boiler number{n}"))
    with closing(RankedWords(contexts, most_bytes=10_000)) as ranked:
        for n in range(100):
            check(ranked, contexts, f"boiler number{n}")
            assert 0 < ranked.lists.size <= 10_000
        assert ranked.lines_at_once("w", "boiler number99") is not None
        assert ranked.lines_at_once("w", "boiler number1") is None, "it was asked for long ago"


@in_a_file
def test_questions_of_many_words_are_left_to_sqlite(contexts: Contexts, ranked: RankedWords) -> None:
    """It is faster at them; and a long question is looked for in each hit, which takes too long for the event loop."""
    many = [f"word{n}" for n in range(64)]
    put(contexts, "k", " ".join(many))
    for query in (" ".join(many[:9]), " ".join(many), "xy" * 40):
        assert ranked.search_with_lists("w", query) is None
        assert ranked.search("w", query) == contexts.search("w", query)
    for query in (" ".join(many[:5]), f"word1 {'the ' * 100}"):
        check(ranked, contexts, query)
        assert ranked.lines_at_once("w", query) is None


@in_a_file
def test_scores_of_many_rare_words_are_right_after_changes(contexts: Contexts, ranked: RankedWords) -> None:
    """They are the largest."""
    rare = [f"rare{n}" for n in range(7)]
    with contexts.write("w", "me") as writer:
        for n in range(2_500):
            writer.put(f"filler/{n}", NewContext("common " + "filler text " * 60, ttl=0))
    for n in range(2):
        put(contexts, "a/worse", " ".join([*rare, f"turn{n}"]))
        put(contexts, "b/better", " ".join([*rare * 4, "common", f"turn{n}"]))
        check(ranked, contexts, f"common {' '.join(rare)}", 3)
    assert by_lists(ranked, f"common {' '.join(rare)}", 1)[0].score > 93


@in_a_file
def test_a_list_that_is_too_long_is_not_read_at_each_search(
    contexts: Contexts, ranked: RankedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranked_words, "_SHORT", 2)
    monkeypatch.setattr(ranked_words, "_LONGEST", 5)
    for n in range(6):
        put(contexts, f"k/{n}", "boiler")
    reads: list[tuple[str, str]] = []
    read = ranked.lists._read
    monkeypatch.setattr(ranked.lists, "_read", lambda key: reads.append(key) or read(key))
    for _ in range(3):
        assert ranked.search("w", "boiler") == contexts.search("w", "boiler")
        ranked.lists.settle()
    assert reads == [("w", "boiler")]


@in_a_file
def test_where_the_order_of_keys_would_take_too_much_no_long_list_is_kept(
    contexts: Contexts, ranked: RankedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a workspace with more contexts than that. Searches there go on; one with so many, or fewer, has lists."""
    monkeypatch.setattr(ranked_words, "_SHORT", 2)
    monkeypatch.setattr(word_reader, "_MOST_ORDERED", 5)
    for n in range(6):
        put(contexts, f"k/{n}", "boiler")
    for n in range(5):
        put(contexts, f"k/{n}", "boiler", "smaller")
    for workspace in ("w", "smaller"):
        assert ranked.search_with_lists(workspace, "boiler") is None, "a thread reads the list"
        ranked.lists.settle()
    assert [one is not None for one in ranked.lists.get([("w", "boiler"), ("smaller", "boiler")])] == [False, True]
    assert [hit.head.key for hit in ranked.search("w", "boiler")] == [f"k/{n}" for n in range(6)]
    assert [hit.head.key for hit in ranked.search("smaller", "boiler")] == [f"k/{n}" for n in range(5)]


@in_a_file
def test_where_no_thread_can_start_searches_go_on(contexts: Contexts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranked_words, "_SHORT", 2)
    for n in range(6):
        put(contexts, f"k/{n}", "boiler")

    def fails(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with closing(RankedWords(contexts)) as ranked:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", fails)
            assert ranked.search("w", "boiler") == contexts.search("w", "boiler")
        check(ranked, contexts, "boiler")


@in_a_file
def test_searches_of_several_threads_find_the_same_while_others_write(contexts: Contexts, ranked: RankedWords) -> None:
    for n in range(300):
        put(contexts, f"k/{n:03}", f"boiler {'valve ' * (n % 7)}")
    failed: list[BaseException] = []
    has_ended = threading.Event()

    def search() -> None:
        try:
            while not has_ended.is_set():
                for query in ("boiler valve", "valve", "boiler new"):
                    at_once = ranked.lines_at_once("w", query)
                    found = lines(ranked.search("w", query)) if at_once is None else at_once
                    assert len({line["key"] for line in found}) == 20
        except BaseException as e:
            failed.append(e)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for n in range(100):
        put(contexts, f"new/{n}", "boiler valve valve new")
    has_ended.set()
    for thread in threads:
        thread.join()
    assert failed == []
    for query in ("boiler valve", "valve", "boiler new"):
        check(ranked, contexts, query)


@in_a_file
def test_a_search_that_has_to_read_first_is_not_done_at_once(contexts: Contexts, ranked: RankedWords) -> None:
    put(contexts, "k", "boiler")
    assert ranked.lines_at_once("w", "boiler") is None
    assert [hit.head.key for hit in ranked.search("w", "boiler")] == ["k"]
    assert ranked.lines_at_once("w", "boiler") == lines(ranked.search("w", "boiler"))
    put(contexts, "other", "something else")
    assert ranked.lines_at_once("w", "boiler") is None, "what was written may change the scores"


def test_conditions_and_hits_are_as_without_lists(contexts: Contexts, ranked: RankedWords, clock: ManualClock) -> None:
    for n in range(30):
        put(contexts, f"k/{n:02}", "boiler", tags=("even",) if n % 2 == 0 else ())
    for query, wanted, limit in (
        ("boiler", Filter(), 20),
        ("boiler", Filter(tag="even"), 7),
        ("boiler", Filter(prefix="k/1"), 20),
        ("nothing", Filter(), 20),
        ("", Filter(), 20),
        ("boiler", Filter(), 0),
    ):
        for _ in range(2):
            hits = ranked.search("w", query, wanted, limit=limit)
            others = contexts.search("w", query, wanted, limit=limit)
            assert [replace(hit, score=0.0) for hit in hits] == [replace(hit, score=0.0) for hit in others]
            assert [hit.score for hit in hits] == pytest.approx([hit.score for hit in others])
    assert contexts.usage("w", "day", "1970-01-01", "2100-01-01")[0].hits > 0


@in_a_file
def test_a_store_without_changes_is_searched_too(contexts: Contexts, ranked: RankedWords) -> None:
    assert ranked.search("w", "boiler") == []
    assert ranked.lines_at_once("w", "boiler") is None


@in_a_file
def test_once_writes_pause_the_lists_are_read_again(
    contexts: Contexts, ranked: RankedWords, clock: ManualClock
) -> None:
    """Else each search would rank again what was changed, for as long as nothing else is."""
    with contexts.write("w", "me") as writer:
        for n in range(600):
            writer.put(f"k/{n:03}", NewContext(f"boiler number{n}", ttl=0))
    check(ranked, contexts, "boiler")
    put(contexts, "new", "boiler")
    check(ranked, contexts, "boiler")
    ranked.lists.settle()
    assert ranked.lines_at_once("w", "boiler") is None, "more may be written at once"
    clock.advance(2)
    check(ranked, contexts, "boiler")
    ranked.lists.settle()
    assert ranked.lines_at_once("w", "boiler") == lines(by_lists(ranked, "boiler"))


@in_a_file
def test_long_values_and_many_hits_are_not_looked_at_at_once(contexts: Contexts, ranked: RankedWords) -> None:
    put(contexts, "long", "boiler " * 10_000)
    put(contexts, "short", "valve")
    for query in ("boiler", "valve"):
        assert len(ranked.search("w", query)) == 1
    assert ranked.lines_at_once("w", "boiler") is None
    assert ranked.lines_at_once("w", "valve", limit=200) is None
    assert ranked.lines_at_once("w", "valve") == lines(ranked.search("w", "valve"))


@in_a_file
def test_a_hit_is_the_same_line_however_it_is_found(contexts: Contexts, ranked: RankedWords) -> None:
    """With tags, a sealed one, and an excerpt from the middle of a compressed value."""
    put(contexts, "tagged", {"goal": "boiler"}, tags=("boiler", "größe"))
    put(contexts, "sealed/boiler", "boiler", seal=True)
    put(contexts, "compressed", f"{'other words ' * 100}boiler{' and more' * 100}")
    found = lines(contexts.search("w", "boiler"))
    hits = lines(ranked.search("w", "boiler"))
    assert hits == ranked.lines_at_once("w", "boiler")
    assert [{**line, "score": 0} for line in hits] == [{**line, "score": 0} for line in found]
    assert {line["key"]: line["tags"] for line in hits}["tagged"] == ["boiler", "größe"]
    assert {line["key"]: line["excerpt"] for line in hits}["sealed/boiler"] == ""
    assert "boiler" in {line["key"]: line["excerpt"] for line in hits}["compressed"]


@in_a_file
def test_a_search_reads_short_lists_itself_and_has_a_thread_read_long_ones(
    contexts: Contexts, ranked: RankedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread would take longer to be given its turn than to read a short one."""
    with contexts.write("w", "me") as writer:
        for n in range(600):
            writer.put(f"k/{n:03}", NewContext(f"boiler number{n}", ttl=0))
    read: list[str] = []
    whole = word_reader.WordReader.read_long
    monkeypatch.setattr(
        word_reader.WordReader, "read_long", lambda self, word, *more: read.append(word) or whole(self, word, *more)
    )
    assert ranked.search_with_lists("w", "boiler number1 number2") is None
    ranked.lists.settle()
    assert read == ["boiler"]
    assert ranked.lines_at_once("w", "boiler number1 number2") is not None


@in_a_file
def test_where_a_word_becomes_rarer_others_than_before_are_the_best(contexts: Contexts, ranked: RankedWords) -> None:
    """Though the scores of those that were have not changed."""
    with contexts.write("w", "me") as writer:
        for n in range(25):
            writer.put(f"long/{n}", NewContext("pump " + "filler text " * 60, ttl=0))
        for n in range(520):
            writer.put(f"short/{n}", NewContext("valve " * 5, ttl=0))
        for n in range(700):
            writer.put(f"other/{n}", NewContext("hose " * 5, ttl=0))
    check(ranked, contexts, "pump valve")
    with contexts.write("w", "me") as writer:
        for n in range(470, 520):
            writer.delete(f"short/{n}")
    check(ranked, contexts, "pump valve")


@in_a_file
def test_a_short_list_of_a_word_that_others_have_serves_on(
    contexts: Contexts, ranked: RankedWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read it, all of the other workspace are looked at, and each change there would ask for that."""
    monkeypatch.setattr(ranked_words, "_SHORT", 2)
    for n in range(60):
        put(contexts, f"k/{n}", "boiler", "other")
    put(contexts, "first", "boiler")
    reads: list[tuple[str, str]] = []
    read = ranked.lists._read
    monkeypatch.setattr(ranked.lists, "_read", lambda key: reads.append(key) or read(key))
    for n in range(3):
        check(ranked, contexts, "boiler")
        put(contexts, f"new/{n}", "boiler", "other")
    put(contexts, "second", "boiler boiler")
    check(ranked, contexts, "boiler")
    put(contexts, "first", "gone")
    check(ranked, contexts, "boiler")
    assert reads == [("w", "boiler")]


@in_a_file
def test_a_list_that_cannot_be_read_is_said_once(
    contexts: Contexts, ranked: RankedWords, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Not at each search, which goes on without it."""
    monkeypatch.setattr(ranked_words, "_SHORT", 2)
    for n in range(6):
        put(contexts, f"k/{n}", "boiler")

    def fails(_key: tuple[str, str]) -> None:
        raise MemoryError("no memory for it")

    monkeypatch.setattr(ranked.lists, "_read", fails)
    for _ in range(3):
        assert ranked.search("w", "boiler") == contexts.search("w", "boiler")
        ranked.lists.settle()
    assert [one.getMessage() for one in caplog.records] == ["the list of a word cannot be read: no memory for it"]
