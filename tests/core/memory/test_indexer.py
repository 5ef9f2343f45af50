"""What is down is done without, and what is missing is made again."""

from __future__ import annotations

import os
import re
import shutil
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.base.child_process import Child
from penstock.base.errors import MemoryDown
from penstock.memory import Item, Memory, indexer, writer
from penstock.memory import memory as memories
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.indexer import Progress
from penstock.memory.schema import projects
from penstock.memory.search import postgres_words, word_index
from penstock.memory.vectors import index as vectors
from penstock.memory.vectors.index import VectorIndex
from penstock.text.stems import terms

LINES = ["the boiler pressure is two bar", "we sail at dawn", "invoices are due in June", "the cat is called Ink"]


class Other(Trigrams):
    """Another embedder."""

    name = "other"

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        return [row[::-1] for row in super().embed(texts)]


class Down(Trigrams):
    """One that never answers."""

    def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        raise TimeoutError("no answer")


def filled(folder: Path) -> Memory:
    memory = Memory(folder, Trigrams())
    memory.add([Item("p", text, session="s", seq=n) for n, text in enumerate(LINES)])
    return memory


def answers(memory: Memory) -> list[list[tuple[str, float]]]:
    return [[(h.item.text, round(h.score, 4)) for h in memory.search(text, "p").hits] for text in LINES]


def vectors_in(folder: Path) -> int:
    index = VectorIndex(folder / "vectors")
    count = index.count(1, Trigrams.name, Trigrams.dimension)
    index.close()
    return count


def broken_words(folder: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{folder / 'memory.db'}")
    with engine.begin() as db:
        db.execute(sa.text("DROP TABLE words_1"))
    engine.dispose()


def test_a_deleted_folder_of_vectors_is_made_again(tmp_path: Path) -> None:
    """From the record, to the same answers."""
    memory = filled(tmp_path)
    before = answers(memory)
    memory.close()
    shutil.rmtree(tmp_path / "vectors")
    memory = Memory(tmp_path, Trigrams())
    assert memory.sync() == len(LINES)
    assert answers(memory) == before
    assert memory.sync() == 0
    memory.close()
    assert vectors_in(tmp_path) == len(LINES)


def test_a_folder_deleted_under_it_is_made_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At the next that is remembered, with the vectors of all projects; and said once, not at every turn."""
    memory = filled(tmp_path)
    memory.add([Item("q", "another project")])
    before = answers(memory)
    shutil.rmtree(tmp_path / "vectors")
    for n in range(3):
        memory.add([Item("q", f"turn {n} of it")])
    memory.add([Item("p", "one more of the boiler", session="t")])
    assert [record.message for record in caplog.records] == [
        f"{tmp_path / 'vectors'} was deleted: its vectors are rebuilt from the record"
    ]
    memory.forget("p", [memory.newest("p", limit=1)[0].id])
    assert answers(memory) == before
    assert not memory.search("boiler", "p").degraded
    memory.close()
    assert vectors_in(tmp_path) == len(LINES)


def test_words_do_without_vectors(tmp_path: Path) -> None:
    """A folder that cannot be opened: answers come, and say what is down; what is added meanwhile is kept; a rebuild
    mends it."""
    memory = filled(tmp_path)
    memory.close()
    shutil.rmtree(tmp_path / "vectors")
    (tmp_path / "vectors").write_text("no folder")
    memory = Memory(tmp_path, Trigrams())
    found = memory.search("boiler pressure", "p")
    assert found.hits[0].item.text == LINES[0]
    assert "vectors" in found.degraded[0]
    memory.add([Item("p", "a late addition", session="s", seq=9)])
    assert memory.search("late addition", "p").hits[0].item.text == "a late addition"
    with pytest.raises(MemoryDown):
        memory.sync()
    (tmp_path / "vectors").unlink()
    memory.reindex()
    assert memory.search("late addition", "p").degraded == ()
    memory.close()
    assert vectors_in(tmp_path) == len(LINES) + 1


def test_items_are_added_while_vectors_are_caught_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by another thread, between two steps; the last of these index their vectors, too."""
    monkeypatch.setattr(indexer, "_PAGE", 1)
    filled(tmp_path).close()
    shutil.rmtree(tmp_path / "vectors")
    memory = Memory(tmp_path, Trigrams())
    steps = memory.syncing()
    assert next(steps) == 1
    adding = threading.Thread(target=memory.add, args=([Item("p", "said meanwhile")],), daemon=True)
    adding.start()
    adding.join(60)
    assert not adding.is_alive()
    assert memory.catalog.counts()[0].unindexed == len(LINES)
    assert memory.owes
    assert sum(steps) == len(LINES)
    assert memory.catalog.counts()[0].unindexed == 0
    assert not memory.owes
    memory.close()


@pytest.mark.parametrize("fill", [lambda memory, see: memory.sync(see), lambda memory, see: memory.reindex("", see)])
def test_what_is_added_meanwhile_to_projects_that_are_done_is_indexed_at_the_end(
    tmp_path: Path, fill: Callable[[Memory, Progress], object]
) -> None:
    """Those too that are new."""
    memory, added = filled(tmp_path), list[str]()
    memory.add([Item("q", "another project")])
    memory.close()
    shutil.rmtree(tmp_path / "vectors")
    memory = Memory(tmp_path, Trigrams())

    def see(what: str, *_: int) -> None:
        for name in ("p", "r"):
            if what == "vectors" and memory.catalog.counts()[0].unindexed == 0 and name not in added:
                added.append(name)
                memory.add([Item(name, "said meanwhile")])

    fill(memory, see)
    assert [added, memory.owes] == [["p", "r"], ""]
    assert {one.name: one.unindexed for one in memory.catalog.counts()} == {"p": 0, "q": 0, "r": 0}
    memory.close()


def test_what_is_added_does_not_wait_for_many_that_the_index_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are owed instead, and indexed in steps. A rebuild was stopped, or the folder deleted under it."""
    monkeypatch.setattr(indexer, "_PAGE", 1)
    memory = filled(tmp_path)
    shutil.rmtree(tmp_path / "vectors")
    monkeypatch.setattr(memories, "_STEPS", 2)
    memory.add([Item("p", "one more")])
    assert memory.catalog.counts()[0].unindexed == len(LINES) - 1
    assert memory.owes
    assert memory.sync() == len(LINES) - 1
    assert not memory.owes
    memory.close()


def test_what_stops_catching_up_is_no_fault(tmp_path: Path) -> None:
    """The next item that is added indexes the rest."""
    filled(tmp_path).close()
    shutil.rmtree(tmp_path / "vectors")
    memory = Memory(tmp_path, Trigrams())

    def stop(what: str, *_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        memory.sync(stop)
    assert not memory.owes
    memory.add([Item("p", "one more")])
    assert memory.catalog.counts()[0].unindexed == 0
    memory.close()


@pytest.mark.slow
def test_a_search_does_not_wait_for_vectors_that_are_being_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words answer while the process of the vectors is busy with others."""
    monkeypatch.setattr(vectors, "Child", Child)
    memory = filled(tmp_path)
    pid = memory.state()["vectors"]["pid"]
    memory.owes = "its vectors are being added to the index"
    os.kill(pid, signal.SIGSTOP)
    found = memory.search("boiler pressure", "p")
    assert found.hits[0].item.text == LINES[0]
    assert "vectors" in found.degraded[0]
    os.kill(pid, signal.SIGCONT)
    memory.owes = ""
    assert memory.search("boiler pressure", "p").degraded == ()
    memory.close()


@pytest.mark.parametrize("mend", [Memory.reindex, Memory.sync], ids=["rebuild", "start"])
def test_a_damaged_folder_is_thrown_away(tmp_path: Path, mend: Callable[[Memory], object]) -> None:
    """By a rebuild, and at a start. Nothing in it is lost: all of it is in the record."""
    memory = filled(tmp_path)
    before = answers(memory)
    memory.close()
    (tmp_path / "vectors" / "chroma.sqlite3").write_bytes(b"damaged" * 1000)
    memory = Memory(tmp_path, Trigrams())
    assert memory.search("boiler pressure", "p").hits[0].item.text == LINES[0]
    mend(memory)
    assert answers(memory) == before
    memory.close()


def test_vectors_do_without_words(tmp_path: Path) -> None:
    """A word index that is broken: answers come by likeness, and say so; adding goes on; `sync` mends it."""
    memory = filled(tmp_path)
    before = answers(memory)
    broken_words(tmp_path)
    found = memory.search(LINES[0], "p")
    assert found.hits[0].item.text == LINES[0]
    assert "word index" in found.degraded[0]
    memory.add([Item("p", "a late addition", session="late")])
    memory.sync()
    found = memory.search("late addition", "p")
    assert (found.hits[0].item.text, found.degraded) == ("a late addition", ())
    assert answers(memory)[0][0][0] == before[0][0][0]
    memory.close()


def test_with_both_down_there_is_no_answer(tmp_path: Path) -> None:
    """Rather than an empty one, which would say that nothing is known."""
    memory = filled(tmp_path)
    memory.close()
    shutil.rmtree(tmp_path / "vectors")
    (tmp_path / "vectors").write_text("no folder")
    broken_words(tmp_path)
    memory = Memory(tmp_path, Trigrams())
    with pytest.raises(MemoryDown):
        memory.search("boiler", "p")
    memory.close()


def test_an_embedder_that_is_down_costs_only_vectors(tmp_path: Path) -> None:
    """Items are kept and found by their words; when it answers again they get what they lack."""
    memory = Memory(tmp_path, Down())
    memory.add([Item("p", text, session="s", seq=n) for n, text in enumerate(LINES)])
    found = memory.search("boiler pressure", "p")
    assert found.hits[0].item.text == LINES[0]
    assert "no answer" in found.degraded[0]
    memory.close()
    memory = Memory(tmp_path, Trigrams())
    assert memory.sync() == len(LINES)
    assert memory.search("boiler pressure", "p").degraded == ()
    memory.close()


def test_another_embedder_makes_all_vectors_anew(tmp_path: Path) -> None:
    """Vectors of two are never compared; the old collection goes."""
    filled(tmp_path).close()
    seen: list[tuple[str, int, int]] = []
    memory = Memory(tmp_path, Other())
    assert memory.search("boiler pressure", "p").hits[0].item.text == LINES[0]
    assert memory.sync(lambda *step: seen.append(step)) == len(LINES)
    assert ("embedding", 4, 4) in seen
    assert ("vectors", 4, 4) in seen
    assert memory.search("boiler pressure", "p").hits[0].parts["vector_question"] > 0
    memory.close()
    assert vectors_in(tmp_path) == 0


def test_a_rebuild_changes_no_answer(tmp_path: Path) -> None:
    """Words and vectors are made from the record alone, and it says how far it is."""
    memory = filled(tmp_path)
    before = answers(memory)
    seen: list[tuple[str, int, int]] = []
    memory.reindex(progress=lambda *step: seen.append(step))
    assert answers(memory) == before
    assert ("words", 4, 4) in seen
    assert ("vectors", 4, 4) in seen
    memory.close()


def older_terms(text: str) -> list[str]:
    """As version 1 had them: of two equal digits at the end it kept one."""
    return [re.sub(r"(\d)\1$", r"\1", term) for term in terms(text)]


@pytest.fixture
def older(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> Memory:
    """A memory whose words an older version has indexed."""
    with monkeypatch.context() as patched:
        for module in (word_index, postgres_words):
            patched.setattr(module, "terms", older_terms)
        memory.add([Item("p", f"the port is {port}") for port in (8800, 880, 4433)])
    set_words(memory, "1.3")
    return memory


def set_words(memory: Memory, version: str) -> None:
    with memory._database.writing() as db:
        db.execute(projects.update().values(words=version))


def words_of(memory: Memory) -> str:
    with memory._database.reading() as db:
        return str(db.scalar(sa.select(projects.c.words)))


def passages_with(memory: Memory, word: str) -> int:
    view = memory.view("p")
    assert view is not None
    with memory._database.reading() as db:
        return len(view.words.holding(db, [word], 10).get(word, ()))


def test_words_of_an_older_version_are_indexed_again_without_vectors(
    older: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [passages_with(older, word) for word in ("8800", "880", "4433", "443")] == [0, 2, 0, 1]
    with monkeypatch.context() as patched:
        patched.setattr(Trigrams, "embed", None)  # whoever calls it fails
        assert older.sync() == 0
    assert [passages_with(older, word) for word in ("8800", "880", "4433", "443")] == [1, 1, 1, 0]
    assert words_of(older) == writer.WORDS_VERSION


def test_what_is_deleted_leaves_no_words_of_an_older_version(older: Memory) -> None:
    """Before they were indexed again: the index of SQLite cannot be told to forget words that it does not have."""
    [item] = [item for item in older.newest("p") if "8800" in item.text]
    older.forget("p", [item.id])
    assert [passages_with(older, word) for word in ("8800", "880", "4433")] in ([0, 1, 1], [0, 1, 0])
    older.sync()
    assert [passages_with(older, word) for word in ("8800", "880", "4433", "443")] == [0, 1, 1, 0]


def test_a_small_project_of_an_older_version_gets_no_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is searched without them, at once, and stays so."""
    monkeypatch.setattr(writer, "FEW", 50)
    memory = filled(tmp_path)
    set_words(memory, "few 1.3")
    memory.add([Item("p", "the port is 8800")])
    assert memory.search("boiler pressure", "p").degraded == ()
    assert passages_with(memory, "8800") == 1
    memory.forget("p", [memory.newest("p", limit=1)[0].id])
    assert passages_with(memory, "8800") == 0
    memory.sync()
    assert words_of(memory) == writer.FEW_WORDS
    with memory._database.reading() as db:
        assert not [name for name in sa.inspect(db).get_table_names() if name.startswith("words_")]
    memory.close()


def test_a_small_project_of_an_older_version_may_grow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets tables of words; what else the older version made is still made again at the next start."""
    monkeypatch.setattr(writer, "FEW", 50)
    memory = filled(tmp_path)
    set_words(memory, "few 1.3")
    monkeypatch.setattr(writer, "FEW", 4)
    memory.add([Item("p", "the port is 8800")])
    assert passages_with(memory, "8800") == passages_with(memory, "boiler") == 1
    assert words_of(memory) == ""
    memory.sync()
    assert words_of(memory) == writer.WORDS_VERSION
    memory.close()
