"""Small projects do without the vector index, and are searched as if they were in it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from penstock.base.errors import MemoryDown
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.search import search, word_evidence
from tests.road.wire import PATIENCE

WORDS = ("heron", "otter", "pump", "boathouse", "port", "staging", "database", "green", "harbour", "lantern")
QUESTIONS = ("Where is the heron?", "which port has the staging database", "lanterns in the harbour", "nothing of it")


def said(count: int) -> list[Item]:
    return [
        Item("p", f"The {WORDS[n % 10]} and the {WORDS[n // 10]} were seen {n} times.", session=f"s{n % 4}", seq=n)
        for n in range(count)
    ]


def answers(memory: Memory) -> list[Sequence[tuple[str, float]]]:
    return [[(hit.item.text, hit.score) for hit in memory.search(asked, "p").hits] for asked in QUESTIONS]


@pytest.mark.parametrize("bounds", [{}, {"_WHOLE": 20, "_BY_VECTOR": 10, "_FIRST": 15, "_SLICE": 7}])
def test_a_small_project_is_searched_as_if_it_was_indexed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bounds: dict[str, int]
) -> None:
    """The same answers in the same order, and no process is started for the index, whether all items are ranked or only
    those with the likest vectors or words."""
    for name, bound in bounds.items():
        monkeypatch.setattr(search, name, bound)
    found = []
    for exact in (60, 0):
        monkeypatch.setattr(search, "EXACT", exact)
        memory = Memory(tmp_path / str(exact), Trigrams())
        try:
            memory.add(said(60))
            found.append(answers(memory))
            memory.state()
            [counted] = memory.catalog.counts()
            assert counted.unindexed == 0
            assert (memory._vectors.health().starts > 0) is (exact == 0)
        finally:
            memory.close()
    assert found[0] == found[1]
    assert all(found[0])


def test_a_project_that_grows_is_indexed_as_a_whole(file_memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it has more passages than a search reads."""
    monkeypatch.setattr(search, "EXACT", 10)
    file_memory.add(said(10))
    [number] = file_memory.projects().values()
    assert file_memory._vectors.health().starts == 0
    file_memory.add(said(12)[10:])
    assert file_memory._vectors.count(number, Trigrams.name, Trigrams().dimension) == 12


def test_the_index_of_vectors_is_asked_while_words_are_looked_up(
    file_memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It answers only after words have been looked up that are looked up after it was asked."""
    file_memory.add(said(60))
    expected, later = answers(file_memory), threading.Event()
    related, nearest = word_evidence._related, file_memory._vectors.nearest

    def after(*arguments: Any) -> Any:
        later.set()
        return related(*arguments)

    def slow(*arguments: Any, **named: Any) -> Any:
        assert later.wait(PATIENCE)
        return nearest(*arguments, **named)

    monkeypatch.setattr(word_evidence, "_related", after)
    monkeypatch.setattr(file_memory._vectors, "nearest", slow)
    assert answers(file_memory) == expected


def test_a_fault_of_the_index_leaves_words_to_answer(file_memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is named in the answer."""
    file_memory.add(said(60))

    def down(*_: Any, **__: Any) -> Any:
        raise MemoryDown("no index")

    monkeypatch.setattr(file_memory._vectors, "nearest", down)
    found = file_memory.search("Where is the heron?", "p")
    assert found.hits
    assert found.degraded == ("no index",)


def test_without_words_the_nearest_is_first(file_memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it is the very text that was asked for."""
    asked = "the glazing kiln fires at 900 degrees"
    texts = (asked, "the glazing kiln fired at 900 degrees again", "the kiln fires at 900 degree", "lunch was good")
    file_memory.add([Item("p", text, f"s{n}") for n, text in enumerate(texts)])

    def down(*_: Any, **__: Any) -> Any:
        raise MemoryDown("no words")

    monkeypatch.setattr(search, "word_evidence", down)
    found = file_memory.search(asked, "p")
    assert found.degraded == ("no words",)
    assert found.hits[0].item.text == asked


def test_a_project_that_is_too_small_for_the_index_is_taken_out_of_it(
    file_memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier version put it there. Afterwards no start needs the index's process for it."""
    monkeypatch.setattr(search, "EXACT", 0)
    file_memory.add(said(10))
    [number] = file_memory.projects().values()
    monkeypatch.setattr(search, "EXACT", 10)
    before = answers(file_memory)
    assert file_memory._indexer.unfinished()
    file_memory.sync()
    assert file_memory._vectors.count(number, Trigrams.name, Trigrams().dimension) == 0
    assert not file_memory._indexer.unfinished()
    assert answers(file_memory) == before
