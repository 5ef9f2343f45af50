"""Files of vectors that are damaged: they are found out, and rebuilt from the record."""

from __future__ import annotations

import gc
import logging
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.base.child_process import Child
from penstock.base.errors import MemoryDown, VectorsLater
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.vectors import index as vectors
from penstock.memory.vectors.index import VectorIndex
from penstock.memory.vectors.messages import Answer, Question

LINES = ["the boiler pressure is two bar", "we sail at dawn"]


def cut_names(names: Path) -> None:
    names.write_bytes(names.read_bytes()[:-1000])


def cut_vectors(names: Path) -> None:
    """Chroma says nothing of it, and searches what is left."""
    os.truncate(names.with_name("data_level0.bin"), 100_000)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [cut_names, cut_vectors])
def test_files_of_vectors_that_lack_their_end_are_thrown_away(
    tmp_path: Path,
    damage: Callable[[Path], None],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By a process that was killed while it saved them, or a power cut. Those of other projects come back, too."""
    memory = Memory(tmp_path, Trigrams())
    memory.add([Item("p", "the first project")])
    memory.add([Item("q", f"the boiler pressure is {n} bar") for n in range(1100)])
    memory.close()
    monkeypatch.setattr(vectors, "Child", Child)  # one that has nothing of them in its memory
    damage(next((tmp_path / "vectors").glob("*/index_metadata.pickle")))
    caplog.set_level(logging.WARNING)
    memory = Memory(tmp_path, Trigrams())
    memory.sync()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert [one.unindexed for one in memory.catalog.counts()] == [0, 0]
    for n in range(0, 1100, 100):
        assert not memory.search(f"the boiler pressure is {n} bar", "q").degraded
    memory.close()


def test_a_search_that_fails_is_tried_again_before_all_is_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once may be the machine. What is damaged for good is not used for long."""
    memory = Memory(tmp_path, Trigrams())
    memory.add([Item("p", text) for text in LINES])
    ask, fails, kinds = VectorIndex._ask, list[str](), list[str]()

    def failing(self: VectorIndex, asked: Question, *patience: float | None) -> Answer:
        kinds.append(asked.do)
        if asked.do in fails:
            raise MemoryDown("no id")
        if asked.do == "probe":
            assert asked.vectors
        return ask(self, asked, *patience)

    monkeypatch.setattr(VectorIndex, "_ask", failing)
    for probe in ("works", "fails"):
        fails = ["nearest"]
        assert "no id" in memory.search(LINES[0], "p").degraded
        assert memory.owes
        fails = [] if probe == "works" else ["probe"]
        assert memory.sync() == (0 if probe == "works" else len(LINES))
        assert not memory.owes
        assert kinds.count("probe") == (1 if probe == "works" else 2)
        fails = []
        assert not memory.search(LINES[0], "p").degraded
    memory.close()


@pytest.mark.parametrize("lacks", ["processes", "threads"])
def test_a_machine_that_starts_no_process_throws_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacks: str
) -> None:
    memory = Memory(tmp_path, Trigrams())
    memory.add([Item("p", text) for text in LINES])
    memory.close()
    monkeypatch.setattr(vectors, "Child", Child)

    def none(*_: object, **__: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable") if lacks == "processes" else RuntimeError("no thread")

    with monkeypatch.context() as machine:
        what, name = (subprocess, "Popen") if lacks == "processes" else (threading.Thread, "start")
        machine.setattr(what, name, none)
        memory = Memory(tmp_path, Trigrams())
        with pytest.raises(VectorsLater):
            memory.sync()
        memory.close()
    gc.collect()  # a process or a stream that nobody ended would be found now
    memory = Memory(tmp_path, Trigrams())
    assert memory.sync() == 0
    memory.close()
