"""The vector index in its own process: whatever happens there, words answer and the vectors come back."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from penstock.base.child_process import Child
from penstock.base.errors import MemoryDown, VectorsLater
from penstock.memory import Item, Memory, database_opening
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.service import MemoryService
from penstock.memory.vectors import chroma
from penstock.memory.vectors import index as vectors
from penstock.memory.vectors.index import VectorIndex
from penstock.memory.vectors.messages import CALL_S, OPEN_S
from tests.hangingindex import install

pytestmark = pytest.mark.slow

MODEL = "three-3"
ROWS = np.eye(3, dtype=np.float32)


@pytest.fixture(autouse=True)
def _own_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "Child", Child)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[VectorIndex]:
    index = VectorIndex(tmp_path / "vectors", pause_s=0.0)
    yield index
    index.close()


def wait_until(is_so: Callable[[], bool]) -> None:
    pause = threading.Event()
    while not is_so():
        pause.wait(0.01)


def killed(index: VectorIndex) -> None:
    pid = index.health().pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: index.health().pid is None)


def test_it_keeps_and_finds(index: VectorIndex) -> None:
    """By inner product, each project and embedder for itself; more than one message holds goes in several."""
    many = np.tile(ROWS, (500, 1))
    index.add(1, MODEL, range(10, 1510), many)
    index.add(2, MODEL, [7], ROWS[:1])
    assert index.count(1, MODEL, 3) == 1500
    assert index.nearest(2, MODEL, np.array([0.5, 0, 0], np.float32), 5) == [(7, 0.5)]
    index.remove(1, MODEL, range(10, 1500), 3)
    assert sorted(n for n, _ in index.nearest(1, MODEL, ROWS[0], 50)) == list(range(1500, 1510))
    index.drop(1)
    assert index.count(1, MODEL, 3) == 0
    index.reset()
    assert not index.folder.exists()
    assert index.count(2, MODEL, 3) == 0


def test_its_memory_is_counted(index: VectorIndex) -> None:
    """And nothing runs before somebody asks for vectors, nor after closing."""
    assert index.health() == vectors.Health(None, 0, 0, "")
    index.add(1, MODEL, [1], ROWS[:1])
    health = index.health()
    assert health.pid is not None
    assert health.memory > 10 << 20
    assert (health.starts, health.fault) == (1, "")
    index.close()
    assert (index.health().pid, index.health().memory) == (None, 0)


def test_a_process_that_was_killed_is_replaced(index: VectorIndex) -> None:
    """By a person, or by the system for its memory: what was stored before is there."""
    index.add(1, MODEL, [1, 2], ROWS[:2])
    killed(index)
    assert index.count(1, MODEL, 3) == 2
    assert index.health().starts == 2


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_what_ends_the_proxy_and_all_that_it_started_ends_no_write_of_vectors(index: VectorIndex, name: str) -> None:
    """Ctrl-C, a closed terminal, systemd: it ends when the proxy has ended. In the middle of a write, Chroma would
    leave files that it cannot read."""
    index.add(1, MODEL, [1, 2], ROWS[:2])
    pid = index.health().pid
    assert pid is not None
    os.kill(pid, getattr(signal, name))
    assert index.count(1, MODEL, 3) == 2
    assert index.health().starts == 1


def test_a_process_that_is_killed_at_work_is_no_damage(index: VectorIndex) -> None:
    """The same call can succeed later."""
    index.add(1, MODEL, [1, 2], ROWS[:2])
    pid = index.health().pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    killer = threading.Timer(0.1, os.kill, (pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(VectorsLater, match="ended with status -9"):
        index.probe(1, MODEL, 3)
    killer.join()
    wait_until(lambda: index.health().pid is None)
    assert index.probe(1, MODEL, 3) == 2


def test_a_process_that_is_busy_is_not_waited_for(index: VectorIndex) -> None:
    """A search says how long it waits."""
    index.add(1, MODEL, [1], ROWS[:1])
    pid = index.health().pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(VectorsLater):
        index.nearest(1, MODEL, ROWS[0], 1, patience_s=0.0)
    os.kill(pid, signal.SIGCONT)
    assert index.nearest(1, MODEL, ROWS[0], 1) == [(1, 1.0)]


def test_opening_many_vectors_may_take_long(index: VectorIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call of each process for a project reads all of its vectors; a process that is killed for that would
    never open them."""
    given = list[float]()
    call = Child.call

    def recorded(self: Child, message: bytes, *, within_s: float, patience_s: float | None = None) -> bytes:
        given.append(within_s)
        return call(self, message, within_s=within_s, patience_s=patience_s)

    monkeypatch.setattr(Child, "call", recorded)
    index.count(1, MODEL, 3)
    index.add(1, MODEL, [1], ROWS[:1])
    index.nearest(1, MODEL, ROWS[0], 1)
    index.add(2, MODEL, [2], ROWS[1:2])
    killed(index)
    index.probe(1, MODEL, 3)
    assert given == [CALL_S, OPEN_S, CALL_S, OPEN_S, OPEN_S]


def test_many_vectors_in_a_row_are_saved_rarely(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To save them takes the longer the more there are. What was not saved is there again after a crash."""
    monkeypatch.setattr(chroma, "MANY_BETWEEN", 3000)
    saved = "*/index_metadata.pickle"
    index = chroma.ChromaIndex(tmp_path / "vectors")
    index.add(1, MODEL, range(1500), np.tile(ROWS, (500, 1)))
    assert len(list(index.folder.glob(saved))) == 1
    index.add(2, MODEL, range(1500), np.tile(ROWS, (500, 1)), chroma.MANY)
    assert len(list(index.folder.glob(saved))) == 1
    hnsw = index._collections[f"p2-{MODEL}"].configuration_json["hnsw"]
    assert (hnsw["space"], hnsw["ef_search"], hnsw["sync_threshold"]) == ("ip", 300, 3000)
    copied = tmp_path / "copied"  # as a crash leaves it
    shutil.copytree(index.folder, copied)
    again = chroma.ChromaIndex(copied)
    assert again.probe(2, MODEL, 3) == 1500
    assert {number % 3 for number, _ in again.nearest(2, MODEL, ROWS[1], 20)} == {
        1
    }  # of the 500: the index is no exact one
    again.add(2, MODEL, range(1500, 3000), np.tile(ROWS, (500, 1)))
    assert len(list(copied.glob(saved))) == 2
    again.close()
    index.close()


def test_a_full_disk_is_not_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would hang is not begun, by any call that writes; the text says how much space is missing, and where."""
    free = [1 << 40]
    usage = lambda _: SimpleNamespace(free=free[0])  # noqa: E731
    monkeypatch.setattr(chroma.shutil, "disk_usage", usage)
    index = chroma.ChromaIndex(tmp_path / "vectors")
    index.add(1, MODEL, [1, 2], ROWS[:2])
    free[0] = 3 << 20
    for call in (
        partial(index.add, 1, MODEL, [3], ROWS[2:]),
        partial(index.remove, 1, MODEL, [1], 3),
        partial(index.drop, 1),
        partial(index.probe, 1, MODEL, 3),
    ):
        with pytest.raises(chroma.NoSpace, match=rf"{tmp_path / 'vectors'} wait for space: 3 MB are free"):
            call()
    assert index.nearest(1, MODEL, ROWS[0], 1) == [(1, 1.0)]
    free[0] = 1 << 40
    assert index.probe(1, MODEL, 3) == 2
    index.close()


@pytest.mark.parametrize(
    ("words", "passes"),
    [
        ("error returned from database: (code: 13) database or disk is full", True),
        ("error returned from database: (code: 5) database is locked", True),
        ("Error in compaction: No space left on device (os error 28)", True),
        ("error returned from database: (code: 11) database disk image is malformed", False),
    ],
)
def test_a_disk_that_fills_up_during_a_write_is_no_damage(
    words: str, passes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vectors that wait for space are kept; damaged ones are made anew."""

    def upsert(*_: object, **__: object) -> None:
        raise RuntimeError(words)

    index = chroma.ChromaIndex(tmp_path / "vectors")
    index.add(1, MODEL, [1], ROWS[:1])
    monkeypatch.setattr("chromadb.api.models.Collection.Collection.upsert", upsert)
    with pytest.raises(MemoryDown, match="cannot be written") as raised:
        index.add(1, MODEL, [2], ROWS[1:2])
    assert isinstance(raised.value, chroma.NoSpace) is passes
    index.close()


def test_damage_that_ends_the_process_is_no_reason_to_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some damage crashes Chroma, or keeps it busy for ever: such vectors are rebuilt from the record."""
    install(tmp_path, monkeypatch)
    (tmp_path / "crashing.py").write_text(
        "import os\nfrom penstock.memory.vectors import chroma, process\n"
        "real = chroma.ChromaIndex.probe\n"
        "def probe(self, *a):\n"
        "    if (self.folder / 'damage').exists(): os.abort()\n"
        "    return real(self, *a)\n"
        "chroma.ChromaIndex.probe = probe\nprocess.main()\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(database_opening, "VectorIndex", partial(VectorIndex, process="crashing", pause_s=0.0))
    kept = Memory(tmp_path / "memory", Trigrams())
    kept.add([Item("p", "the boiler pressure is two bar"), Item("p", "we sail at dawn")])
    (tmp_path / "memory" / "vectors" / "damage").touch()
    assert kept.sync() == 2
    assert kept.sync() == 0
    assert kept.search("boiler", "p").degraded == ()
    kept.close()


def test_a_probe_that_is_late_twice_means_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once may be the machine: nothing is thrown away for that."""
    install(tmp_path, monkeypatch)
    (tmp_path / "stuck.py").write_text(
        "import threading\nfrom penstock.memory.vectors import chroma, process\n"
        "chroma.ChromaIndex.probe = lambda *_: threading.Event().wait()\nprocess.main()\n",
        encoding="utf-8",
    )
    index = VectorIndex(tmp_path / "vectors", process="stuck", open_s=0.2, pause_s=0.0)
    faults: list[MemoryDown] = []
    while not faults or isinstance(faults[-1], VectorsLater):  # until the first process has ended, nothing is started
        with pytest.raises(MemoryDown) as e:
            index.probe(1, MODEL, 3)
        faults.append(e.value)
    assert len(faults) >= 2
    assert index.health().starts == 2
    index.close()


def test_a_write_that_hangs_costs_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chroma on a full disk: while it hangs, words find everything, what is said after it included; its process is
    killed, and once there is space, the vectors are caught up by themselves."""
    name = install(tmp_path, monkeypatch)
    monkeypatch.setattr(database_opening, "VectorIndex", partial(VectorIndex, process=name, within_s=5.0, pause_s=0.0))
    folder = tmp_path / "memory"
    memory_service = MemoryService(lambda: Memory(folder, Trigrams()), retry_s=0.05)
    kept = memory_service.open()
    memory_service.submit(lambda m: m.add([Item("p", "the boiler pressure is two bar")]))
    assert memory_service.drain(600)
    (folder / "full").touch()
    memory_service.submit(lambda m: m.add([Item("p", "we sail at dawn")]))
    wait_until((folder / "hanging").exists)

    found = memory_service.ask(lambda m: m.search("when do we sail?", "p", patience_s=0.0), 600)
    assert found is not None
    assert found.hits[0].item.text == "we sail at dawn"
    assert "vectors" in found.degraded[0]

    wait_until(lambda: kept.owes != "")
    memory_service.submit(lambda m: m.add([Item("p", "the cat is called Ink")]))
    wait_until(lambda: bool(kept.search("what is the cat called?", "p", patience_s=0.0).hits))
    (folder / "full").unlink()
    wait_until(lambda: kept.owes == "")
    assert kept.search("what is the cat called?", "p").degraded == ()
    wait_until(lambda: sum(one.unindexed for one in kept.catalog.counts()) == 0)
    memory_service.close()
