"""Words that mean about the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.memory import Item, Memory
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.memory.opening import open_memory
from penstock.testing import profile_of


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
