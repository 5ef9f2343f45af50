"""A project with few passages is searched as if its words were in tables of the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from penstock.memory import Item, Memory, writer
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.search import search

NAMES = ("heron", "otter", "pump", "boathouse", "staging_port", "harbour", "src/lantern.py")
QUESTIONS = ("Where is the heron?", "which staging port", "the habrour", "lantern", "nothing of it")


def said(first: int, last: int) -> list[Item]:
    return [
        Item("p", f"The {NAMES[n % 7]} and the {NAMES[n // 7 % 7]} were seen {n} times.", session=f"s{n % 4}", seq=n)
        for n in range(first, last)
    ]


def answers(memory: Memory) -> list[Sequence[tuple[str, float]]]:
    return [[(hit.item.text, hit.score) for hit in memory.search(asked, "p").hits] for asked in QUESTIONS]


def tables(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "memory.db")) as db:
        return [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE name IN ('words_1', 'pieces_1')")]


def grown(folder: Path, few: int, monkeypatch: pytest.MonkeyPatch) -> list[list[Sequence[tuple[str, float]]]]:
    """The answers after each step in which a project grows, loses items, is opened again and indexed again."""
    monkeypatch.setattr(writer, "FEW", few)
    monkeypatch.setattr(search, "EXACT", 200)
    memory, found = Memory(folder, Trigrams()), []
    for first, last in ((0, 3), (3, 12), (12, 20), (20, 33)):
        memory.add(said(first, last))
        found.append(answers(memory))
    memory.forget("p", [item.id for item in memory.newest("p", limit=9)])
    found.append(answers(memory))
    memory.close()
    memory = Memory(folder, Trigrams())
    assert not memory._indexer.unfinished()
    found.append(answers(memory))
    memory.reindex("p")
    memory.add(said(40, 44))
    found.append(answers(memory))
    memory.close()
    return found


@pytest.mark.parametrize("few", [15, 100])
def test_few_words_are_found_as_those_in_tables(tmp_path: Path, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same scores, also while the project outgrows them."""
    assert grown(tmp_path / "few", few, monkeypatch) == grown(tmp_path / "tables", 0, monkeypatch)


def test_a_small_project_makes_no_tables_until_it_has_grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each would make all connections read the schema of all projects again."""
    monkeypatch.setattr(writer, "FEW", 5)
    memory = Memory(tmp_path, Trigrams())
    memory.add(said(0, 5))
    assert answers(memory)[0]
    assert tables(tmp_path) == []
    memory.add(said(5, 6))
    assert sorted(tables(tmp_path)) == ["pieces_1", "words_1"]
    memory.forget_project("p")
    memory.close()
