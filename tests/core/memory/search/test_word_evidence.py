"""What the word index says about the items of a project, and how much of it is read."""

from __future__ import annotations

import numpy as np
import pytest

from penstock.memory import Item, Memory
from penstock.memory.search import word_evidence as under_test
from penstock.memory.search.item_table import ItemTable
from penstock.memory.search.word_evidence import WordEvidence, word_evidence
from penstock.text.question import read_question


def evidence(memory: Memory, question: str) -> tuple[list[str], WordEvidence]:
    """The texts of the rows, and what is said about them."""
    view = memory.view("p")
    assert view is not None
    texts = {item.id: item.text for item in memory.newest("p", limit=1000)}
    with view.database.reading() as db:
        found = word_evidence(view.layout, view.words, None, read_question(question), db)
    return [texts[int(number)] for number in view.layout.ids], found


def said(texts: list[str]) -> list[Item]:
    return [Item("p", text, session="s", seq=n) for n, text in enumerate(texts)]


@pytest.fixture
def frequent(file_memory: Memory, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """Of a word five passages are read; forty have `kiln`, and the oldest of them `glaze`, too."""
    monkeypatch.setattr(under_test, "_NEWEST", 5)
    file_memory.add(said(["the kiln and its glaze", *(f"the kiln on day {n}" for n in range(39))]))
    return file_memory


def test_of_a_frequent_word_the_newest_passages_are_read(frequent: Memory) -> None:
    """However many there are."""
    texts, found = evidence(frequent, "kiln")
    assert [texts[row] for row in np.flatnonzero(found.words)] == [f"the kiln on day {n}" for n in range(34, 39)]


def test_a_frequent_word_counts_beside_a_rarer_one_wherever_it_stands(frequent: Memory) -> None:
    """So that age does not change the order of what has both."""
    texts, found = evidence(frequent, "glaze kiln")
    assert texts[int(np.argmax(found.words))] == "the kiln and its glaze"
    assert found.meaning[texts.index("the kiln and its glaze")] == pytest.approx(1)


def test_the_rarity_of_a_frequent_word_is_estimated(frequent: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """From how dense its newest passages are."""
    _, some = evidence(frequent, "kiln glaze")
    monkeypatch.setattr(under_test, "_NEWEST", 1000)
    _, every = evidence(frequent, "kiln glaze")
    assert some.rarity == pytest.approx(every.rarity, rel=0.05)


def test_a_misspelled_word_counts_as_the_one_that_is_meant(
    file_memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a project so large that its words are not read, only the frequent ones are looked through."""
    file_memory.add(said(["the kitchen is green", "the harbour is blue"]))
    _, found = evidence(file_memory, "kitchan")
    assert found.asked.corrected == {"kitchan": "kitchen"}
    assert found.meaning.tolist() == [1, 0]
    monkeypatch.setattr(under_test, "_SPELLED", 1)
    _, found = evidence(file_memory, "kitchan")
    assert found.asked.corrected == {}


def test_a_table_without_items_has_no_evidence(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process may have added the first items, with frequent words, after the table was read."""
    monkeypatch.setattr(under_test, "_NEWEST", 5)
    memory.add(said([f"the kiln and its glaze on day {n}" for n in range(60)]))
    view = memory.view("p")
    assert view is not None
    with view.database.reading() as db:
        found = word_evidence(ItemTable.empty(), view.words, None, read_question("kiln glaze"), db)
    assert (len(found.words), len(found.meaning), found.rarity) == (0, 0, {})
