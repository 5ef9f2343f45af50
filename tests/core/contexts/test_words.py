"""The index of words: what is found, and that nothing of a purged context is left in the file."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from penstock.base.clock import ManualClock
from penstock.contexts import words_in_sqlite
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import Filter, NewContext
from tests.core.contexts.conftest import in_a_file
from tests.core.contexts.steps import steps

CANARY = "zyxcanary"
ROOT = Path(__file__).parents[3]


def found(contexts: Contexts, query: str) -> list[str]:
    return [hit.head.key for hit in contexts.search("w", query)]


def put(contexts: Contexts, key: str, data: Any, **more: Any) -> None:
    with contexts.write("w", "me") as writer:
        writer.put(key, NewContext(data, **more))


@pytest.mark.parametrize(
    "text",
    ["C:\\new\\table", "one\nnew", "one\ttable new", "one\rnew", 'say "new"', "\x1bnew", "\\\\new", "one\x08new"],
)
def test_words_beside_what_json_escapes_are_found(text: str, contexts: Contexts) -> None:
    put(contexts, "k", {"text": text})
    assert found(contexts, "new") == ["k"]


def test_key_tags_names_and_values_are_found(contexts: Contexts) -> None:
    put(contexts, "plan/gateway", {"colour": ["green", 42]}, tags=("urgent",))
    for word in ("gateway", "urgent", "colour", "green", "42", "greens nothing"):
        assert found(contexts, word) == ["plan/gateway"], word
    assert found(contexts, "blue") == []


@pytest.mark.parametrize(
    "query", ["", "   ", '"', "the", "*", "AND", "text:", "a\x00b", "\ud800", "(" * 50, "x " * 500]
)
def test_any_text_may_be_asked_for(query: str, contexts: Contexts) -> None:
    put(contexts, "k", "some words")
    assert found(contexts, query) == []


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("café", "cafes"),
        ("piñata", "pinata"),
        ("Phế liệu", "phe"),
        ("phế", "PHÊ"),
        ("łódź", "łodz"),
        ("über", "UBER"),
        ("naif", "naïf"),
    ],
)
def test_accents_of_latin_letters_make_no_difference(said: str, asked: str, contexts: Contexts) -> None:
    """However many a letter has, in both databases."""
    put(contexts, "k", f"with {said} in it")
    assert found(contexts, asked) == found(contexts, said) == ["k"]


@pytest.mark.parametrize(("said", "asked"), [("йод", "иод"), ("8800", "880"), ("0x3ff", "0x3f"), ("søn", "son")])
def test_other_letters_and_numbers_are_other_words(said: str, asked: str, contexts: Contexts) -> None:
    put(contexts, "k", f"with {said} in it")
    assert (found(contexts, asked), found(contexts, said)) == ([], ["k"])


def test_nothing_is_found_where_nothing_is(contexts: Contexts) -> None:
    for query in ("harbour", "two words"):
        assert found(contexts, query) == [], query


def test_a_word_that_all_have_adds_those_that_have_no_other(contexts: Contexts) -> None:
    """They come last, in the order of any search for it alone."""
    for n in range(8):
        put(contexts, f"k/{n}", {"goal": "reach the harbour" if n == 5 else "leave", "n": n})
    assert found(contexts, "goal")[:8] == [f"k/{n}" for n in range(8) if n != 5] + ["k/5"], "it is longer"
    assert found(contexts, "harbour goal") == ["k/5", *(f"k/{n}" for n in range(8) if n != 5)]
    assert [hit.head.key for hit in contexts.search("w", "goal harbour", limit=1)] == ["k/5"]
    assert contexts.search("other", "goal harbour") == []


@in_a_file
def test_what_all_have_in_common_is_not_looked_at_for_a_word_that_few_have(contexts: Contexts) -> None:
    with contexts.write("w", "me") as writer:
        for n in range(1_000):
            writer.put(f"k/{n}", NewContext({"goal": f"number{n % 250}"}, ttl=0))
    both = steps(contexts, lambda: contexts.search("w", "goal number7", limit=4))
    one = steps(contexts, lambda: contexts.search("w", "number7", limit=4))
    every = steps(contexts, lambda: contexts.search("w", "goal number7"))
    assert both < one + 100, "counted, and not ranked"
    assert every > one + 200
    few = Filter(since=1.0, prefix="k/7")
    assert steps(contexts, lambda: contexts.search("w", "number7", few)) < 50


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_of_equal_rank_the_first_keys_are_found_however_many_there_are(contexts: Contexts, limit: int) -> None:
    for n in reversed(range(60)):
        put(contexts, f"k/{n:02}", "harbour")
        put(contexts, f"other/{n:02}", "something else, and longer")
    hits = contexts.search("w", "harbour", limit=limit)
    assert [hit.head.key for hit in hits] == [f"k/{n:02}" for n in range(limit)]


def test_those_that_fit_a_filter_are_found_behind_any_number_that_rank_higher(contexts: Contexts) -> None:
    for n in range(100):
        put(contexts, f"k/{n}", "harbour")
    put(contexts, "long/1", "harbour and much more beside it")
    put(contexts, "long/2", "harbour and much more beside it, and on it")
    hits = contexts.search("w", "harbour", Filter(prefix="long/"), limit=5)
    assert [hit.head.key for hit in hits] == ["long/1", "long/2"]


@in_a_file
def test_of_a_frequent_word_no_more_are_ranked_than_of_one_that_few_have(contexts: Contexts) -> None:
    with contexts.write("w", "me") as writer:
        for n in range(4_000):
            ship = "ship" if n % 3 else ""
            rare = "harbour" if n % 1_000 == 7 else ""
            writer.put(f"k/{n}", NewContext(f"{ship} {rare} {'some ' * (n % 20)}", ttl=0))
    few = steps(contexts, lambda: contexts.search("w", "harbour", limit=4))
    both = steps(contexts, lambda: contexts.search("w", "harbour ships", limit=4))
    many = steps(contexts, lambda: contexts.search("w", "ship sail", limit=4))
    assert both < few + 200
    assert many < few + 500, "of the 2,666 it ranks 500"


def test_what_has_all_of_the_words_is_found_however_old_it_is_and_however_frequent_they_are(contexts: Contexts) -> None:
    words = ("deploy", "staging", "server", "timeout")
    with contexts.write("w", "me") as writer:
        writer.put("oldest", NewContext(" ".join(words), ttl=0))
        for n in range(4_000):
            some = [word for at, word in enumerate(words) if n * (7, 11, 13, 17)[at] % 4 == n // 16 % 4]
            writer.put(f"k/{n}", NewContext(f"number{n} {' '.join(some[:3])}", ttl=0))
    assert found(contexts, " ".join(words))[0] == "oldest"
    assert contexts.search("w", " ".join(words), limit=0) == []


@pytest.mark.parametrize("count", [1, 2])
def test_what_has_all_of_the_words_comes_first_where_half_of_all_have_each(contexts: Contexts, count: int) -> None:
    """Each word alone tells next to nothing then; beside a word that fewer have, too."""
    third = "charlie" if count > 1 else ""
    with contexts.write("w", "me") as writer:
        writer.put("oldest", NewContext(f"alpha bravo {third}", ttl=0))
        for n in range(1_500):
            word = "alpha" if n % 2 else "bravo"
            writer.put(f"k/{n}", NewContext(f"{word} {third if n % 5 < 2 else 'delta'} number{n}", ttl=0))
    assert found(contexts, f"alpha bravo {third}")[0] == "oldest"


@in_a_file
def test_frequent_words_count_where_a_rarer_one_is(contexts: Contexts, small_bounds: None) -> None:
    with contexts.write("w", "me") as writer:
        for n in range(300):
            writer.put(
                f"k/{n:03}", NewContext(f"ship {'harbour' if n < 3 else 'sea'} {'sail' if n % 5 == 1 else 'oar'}")
            )
        writer.put("k/1000", NewContext("harbour"))
        writer.put("k/1001", NewContext("and some other words"))
    both = [hit.head.key for hit in contexts.search("w", "harbour sail", limit=4)]
    assert both == ["k/001", "k/1000", "k/000", "k/002"]


@in_a_file
def test_of_contexts_with_frequent_words_alone_those_of_the_workspace_and_the_filter_are_ranked(
    contexts: Contexts, small_bounds: None
) -> None:
    """However many newer ones others have."""
    with contexts.write("w", "me") as writer:
        for n in range(30):
            writer.put(f"old/{n:02}", NewContext("ship and sail", ttl=0))
        for n in range(300):
            writer.put(f"new/{n}", NewContext("ship and sail", ttl=0))
    with contexts.write("other", "me") as writer:
        for n in range(300):
            writer.put(f"k/{n}", NewContext("ship" if n % 2 else "sail", ttl=0))
    hits = contexts.search("w", "ship sails", Filter(prefix="old/"), limit=40)
    assert [hit.head.key for hit in hits] == [f"old/{n:02}" for n in range(30)]
    assert len(contexts.search("w", "ship sails", limit=100)) == 100


@in_a_file
def test_nearly_all_of_the_best_ten_are_those_that_a_ranking_of_all_gives(
    contexts: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over paragraphs of this project's documentation, asked for by its headings, with a bound below its default: with
    that one all are."""
    texts = [file.read_text() for file in sorted((ROOT / "docs").rglob("*.md"))]
    paragraphs = list(dict.fromkeys(one for text in texts for one in re.split(r"\n+", text) if len(one) > 60))
    asked = sorted({one for text in texts for one in re.findall(r"(?m)^#+ (.+)", text) if " " in one})
    with contexts.write("w", "me") as writer:
        for n, text in enumerate(paragraphs):
            writer.put(f"k/{n:05}", NewContext(text, ttl=0))

    def scores() -> list[list[float]]:
        return [[round(hit.score, 6) for hit in contexts.search("w", query, limit=10)] for query in asked]

    monkeypatch.setattr(words_in_sqlite, "_RANKED", 200)
    bounded = scores()
    monkeypatch.setattr(words_in_sqlite, "_RANKED", 10**6)
    every = scores()
    same = sum((Counter(some) & Counter(best)).total() for some, best in zip(bounded, every, strict=True))
    assert len(asked) > 100
    assert bounded != every, "the bounds are too wide to show anything"
    assert same > 0.98 * sum(map(len, every))


@pytest.fixture
def small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if there were a thousand times as many contexts."""
    for name, value in (("_RANKED", 20), ("_TOGETHER", 10), ("_ALONE", 5)):
        monkeypatch.setattr(words_in_sqlite, name, value)


@pytest.fixture
def filled(contexts: Contexts, clock: ManualClock) -> Contexts:
    """Many contexts, and the canary in several versions of one."""
    for n in range(60):
        put(contexts, f"other/{n}", {"text": f"filler{n} " * (n * 9), "canary": [f"{CANARY}{n}"] * (n % 2)}, ttl=0)
    for n in range(14):  # more than are kept; small and large ones, plain and compressed
        put(contexts, "secret", {"text": f"{CANARY}{n} " * (1 + n % 3 * 400)}, ttl=10)
    for n in range(1, 60, 2):
        put(contexts, f"other/{n}", {"text": "harmless"}, ttl=0)
        with contexts.write("w", "me") as writer:
            writer.delete(f"other/{n}", purge=n % 3 == 0)
    return contexts


@in_a_file
def test_nothing_of_a_purged_context_is_left_in_the_files(filled: Contexts, path: Path) -> None:
    with filled.write("w", "me") as writer:
        for n in range(1, 60, 2):
            if n % 3:
                writer.delete(f"other/{n}", purge=True)
        writer.delete("secret", purge=True)
    assert _left(path) == []
    filled.close()
    assert _left(path) == []


@in_a_file
def test_nothing_is_left_of_what_was_deleted_long_ago(filled: Contexts, path: Path, clock: ManualClock) -> None:
    clock.advance(11)
    assert filled.expire() == 1
    assert _left(path) != []  # it can still be brought back
    clock.advance(31 * 86_400)
    filled.expire()
    assert _left(path) == []


@in_a_file
def test_what_a_reader_keeps_in_the_log_goes_when_it_has_ended(contexts: Contexts, path: Path) -> None:
    """The purge itself does not wait."""
    put(contexts, "k", CANARY)
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM contexts").fetchone() == (1,)
    with contexts.write("w", "me") as writer:
        writer.delete("k", purge=True)
    assert contexts.page("w").items == []
    assert _left(path) != []
    reader.close()
    contexts.expire()
    assert _left(path) == []


def _left(path: Path) -> list[str]:
    """The files in which the canary, or a stem of it, is; a compressed value is looked for by what it is."""
    files = [path, *path.parent.glob(f"{path.name}-*")]
    return [file.name for file in files if CANARY.encode() in file.read_bytes()]
