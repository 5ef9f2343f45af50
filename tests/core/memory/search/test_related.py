"""Words that mean about the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import sqlalchemy as sa

from penstock.memory import Item, Memory
from penstock.memory.embedders import vectors_of
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.memory.opening import open_memory
from penstock.memory.search.related import Related
from penstock.memory.search.word_index import WordIndex
from penstock.testing import profile_of
from tests.footprint import footprint


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    """With the default embedder, which has a vector for each word."""
    memory = Memory(tmp_path, WordLlama256())
    yield memory
    memory.close()


def test_a_relative_of_a_word_is_found(memory: Memory) -> None:
    """An answer that says it in another word, and the reason says so."""
    memory.add([Item("p", f"line {n} on the budget of the office", session=f"o{n}") for n in range(12)])
    memory.add([Item("p", "Our puppy chewed the cable.", session="t")])
    hit, *_ = memory.search("what did the dog do?", "p").hits
    assert hit.item.text == "Our puppy chewed the cable."
    assert hit.parts["meaning"] > 0
    assert hit.parts["related"] > 0


def test_a_word_itself_is_told_from_its_relatives(memory: Memory) -> None:
    """`related` is what an item has of a question in other words alone."""
    memory.add([Item("p", f"line {n} on the budget of the office", session=f"o{n}") for n in range(12)])
    memory.add([Item("p", "Our puppy chewed the cable.", session="t"), Item("p", "The dog sleeps.", session="u")])
    parts = {hit.item.text: hit.parts for hit in memory.search("what did the dog do?", "p").hits}
    assert parts["The dog sleeps."]["meaning"] > parts["Our puppy chewed the cable."]["meaning"] > 0
    assert "related" not in parts["The dog sleeps."]


def test_related_words_can_be_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `[memory] related_words`: words and vectors answer alone."""
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path))
    for n, is_on in enumerate((True, False)):
        profile = profile_of(f"[memory]\nrelated_words = {str(is_on).lower()}")
        with closing(open_memory(tmp_path / f"m{n}", profile, {})) as memory:
            memory.add([Item("p", "Our puppy chewed the cable.", session="t")])
            hits = memory.search("what did the dog do?", "p").hits
            assert any(hit.parts.get("meaning", 0) > 0 for hit in hits) is is_on


def test_words_that_come_later_are_relatives_too(memory: Memory) -> None:
    """The vocabulary follows the project."""
    memory.add([Item("p", "The office is closed.", session="a")])
    memory.search("dog", "p")
    memory.add([Item("p", "Our puppy chewed the cable.", session="t")])
    assert memory.search("dog", "p").hits[0].item.text == "Our puppy chewed the cable."


def test_a_stem_is_spelled_as_a_word() -> None:
    """Its vector is that of the word, not of its pieces."""
    assert WordLlama256().spelled(["danc", "famili", "dog"]) == ["dance", "family", "dog"]


class Words(WordIndex):
    """An index of nothing but words, the commonest first."""

    def __init__(self, *words: str) -> None:
        super().__init__(0)
        self.words = list(words)

    def commonest(self, db: sa.Connection, limit: int) -> list[str]:
        return self.words[:limit]


class Random:
    """A table with a vector of its own for each word, or one for all."""

    name, dimension = "random-256", 256

    def __init__(self, only: Sequence[float] = ()) -> None:
        self._only = only

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        return [self._only or np.random.default_rng(list(text.encode())).standard_normal(256) for text in texts]  # type: ignore[misc]

    def spelled(self, stems: Sequence[str]) -> list[str]:
        return list(stems)


NO_DATABASE = cast("sa.Connection", None)


@pytest.fixture
def words() -> list[str]:
    return [f"word{n}" for n in range(3000)]


def test_a_likeness_is_that_of_the_vectors(words: list[str]) -> None:
    """Less what all words share, however often the vocabulary has grown: what they are kept as tells no more than 0.005
    of it away."""
    table = Random()
    related = Related(table)
    for count in (10, 100, 1000, 3000):
        related.follow(NO_DATABASE, Words(*words[:count]), count)
    exact = vectors_of(table, words)
    exact -= exact.mean(0)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    asked = vectors_of(table, ["word7"]) - vectors_of(table, words).mean(0)
    likeness = dict(zip(words, (exact @ asked[0] / np.linalg.norm(asked)).tolist(), strict=True))
    (found,) = related.to(["word7"])
    assert found[0][0] == "word7"
    for word, weight in found:
        assert weight == pytest.approx((likeness[word] - 0.35) / 0.65, abs=0.005 / 0.65)


def test_words_that_are_all_alike_have_no_relatives() -> None:
    """One word, or a table that has the same vector, even none at all, for each."""
    for table in (Random(), Random([1.0] * 256), Random([0.0] * 256)):
        related = Related(table)
        related.follow(NO_DATABASE, Words("one"), 1)
        assert related.to(["one"]) == [[]]


def test_its_size_is_what_it_takes(words: list[str]) -> None:
    """By which the least used projects are dropped. A word takes no more than a byte for each of its dimensions, and
    less than 100 for itself."""
    table = Random()
    related = Related(table)
    related.follow(NO_DATABASE, Words(*words), 1)
    real = footprint(related, but=[table])
    assert real / 1.1 < related.size < real * 1.1
    assert related.size < len(words) * (table.dimension + 100)
