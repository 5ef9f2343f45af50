"""Several processes share a memory in PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from penstock.base.errors import MemoryDown
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.search import search
from penstock.transfer.memory_lines import memory_lines

pytestmark = pytest.mark.slow


@pytest.fixture
def both(tmp_path: Path, postgres_url: str) -> Iterator[list[Memory]]:
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(Memory(tmp_path / name, Trigrams(), url=postgres_url)))
            for name in ("one", "another")
        ]


def found(memory: Memory, text: str) -> list[str]:
    return [hit.item.text for hit in memory.search(text, "p").hits]


def test_what_one_remembers_another_finds(both: list[Memory]) -> None:
    """At once, also when it has searched before; and what one forgets, no other finds."""
    one, another = both
    one.add([Item("p", "The kiln runs at 900 degrees.")])
    assert found(another, "kiln") == ["The kiln runs at 900 degrees."]
    another.add([Item("p", "The kiln is red.")])
    assert sorted(found(one, "kiln")) == ["The kiln is red.", "The kiln runs at 900 degrees."]
    [red] = [item for item in one.newest("p") if "red" in item.text]
    one.forget("p", [red.id])
    assert found(another, "kiln") == ["The kiln runs at 900 degrees."]


def test_a_mark_counts_everywhere(both: list[Memory]) -> None:
    """Another process has ranked the items before."""
    one, another = both
    one.add([Item("p", f"The kiln has number {word}.") for word in ("seven", "eight")])
    first, second = found(another, "kiln number")
    [item] = [item for item in one.newest("p") if item.text == second]
    for _ in range(3):
        one.mark("p", [item.id], helpful=True)
    assert found(another, "kiln number") == [second, first]


def test_both_may_remember_the_same_at_once(both: list[Memory]) -> None:
    """It is there once, and neither fails."""
    items = [Item("p", f"The kiln was opened {n} times.") for n in range(40)]
    new: list[int] = []
    threads = [
        threading.Thread(target=lambda memory=memory: new.extend(one.new for one in memory.add(items)))  # type: ignore[misc]
        for memory in both
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(new), len(both[0].newest("p", limit=100))) == (40, 40)


def test_one_finds_by_tag_what_another_remembers(both: list[Memory]) -> None:
    """In any case of its letters, as in SQLite."""
    both[0].add(
        [Item("p", "The kiln is hot.", tags=("Kiln", "100%")), Item("p", "The loom is not.", tags=("kiln.py",))]
    )
    assert [item.text for item in both[1].catalog.tagged("p", "kiln", 9)] == ["The kiln is hot."]
    assert [tag for tag, _ in both[1].catalog.tags("p")] == ["100%", "Kiln", "kiln.py"]


def test_a_null_character_is_no_fault(both: list[Memory]) -> None:
    """PostgreSQL cannot store it: another character stands for it."""
    both[0].add([Item("p", "The kiln\0is hot, src/a\0b.py", session="s\0")])
    assert found(both[1], "kiln") == ["The kiln\ufffdis hot, src/a\ufffdb.py"]


def test_a_large_memory_needs_a_server_of_vectors(both: list[Memory], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one, words alone answer, and the answer says so."""
    both[0].add([Item("p", f"The kiln was opened {n} times.") for n in range(4)])
    monkeypatch.setattr(search, "AT_HAND", 3)
    answer = both[0].search("kiln", "p")
    assert (len(answer.hits), "needs pgvector" in answer.degraded[0]) == (4, True)


def test_it_is_exported(both: list[Memory], tmp_path: Path, postgres_url: str) -> None:
    """As a memory in a file is."""
    both[0].add([Item("p", "The kiln is hot.", tags=("kiln",))])
    lines = list(memory_lines(tmp_path / "memory.db", "", postgres_url))
    assert [kind for kind, _ in lines] == ["project", "item"]
    assert (lines[1][1]["text"], lines[1][1]["tags"]) == ("The kiln is hot.", ["kiln"])


def test_a_server_that_is_away_is_memory_down(tmp_path: Path) -> None:
    """The error names the database, without the password."""
    with pytest.raises(MemoryDown, match=r"memory: postgresql://127\.0\.0\.1:9/none .*refused") as e:
        Memory(tmp_path, Trigrams(), url="postgresql://me:secret@127.0.0.1:9/none")
    assert "secret" not in str(e.value)
