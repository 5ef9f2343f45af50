"""The memory_service: opens memory away from everybody, and never makes anybody wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from penstock.base.errors import MemoryDown, MemoryUnavailable
from penstock.base.pace import Pace
from penstock.memory import Item, Memory, service
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.indexer import Progress
from penstock.memory.service import TOGETHER, MemoryService, State

Keep = Callable[..., MemoryService]


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    """Memory services of one folder, closed after the test."""
    made: list[MemoryService] = []

    def make(open_memory: Callable[[], Memory] | None = None, **options: object) -> MemoryService:
        opens = open_memory or (lambda: Memory(tmp_path / "memory", Trigrams()))
        made.append(MemoryService(opens, **{"retry_s": 0.01, **options}))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for memory_service in made:
        memory_service.close()


def test_nothing_is_opened_before_it_is_wanted(keep: Keep, tmp_path: Path) -> None:
    """A proxy whose profile has no use for memory pays nothing for it."""
    memory_service = keep()
    assert memory_service.state is State.CLOSED
    assert memory_service.ready is None
    assert not (tmp_path / "memory").exists()


def test_a_thread_that_cannot_be_started_is_started_later(keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    """And keeps nothing from being closed."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", start)
        memory_service, other = keep(), keep()
        for one in (memory_service, other):
            with pytest.raises(RuntimeError):
                one.remember(list, "")
    other.close()
    assert memory_service.remember(list, "")
    assert memory_service.drain()


def test_work_is_done_in_order_once_it_is_open(keep: Keep) -> None:
    """What was submitted while it opens is not lost, and whoever submits does not wait."""
    may_open, done = threading.Event(), list[int]()
    real = keep().open()

    def opens() -> Memory:
        may_open.wait()
        return real

    memory_service = keep(opens)
    for n in range(5):
        assert memory_service.submit(lambda _, n=n: done.append(n))  # type: ignore[misc]
    assert memory_service.waiting == 5
    assert not done
    assert memory_service.ask(lambda memory: memory.projects(), 1.0) is None, "not open yet: go without"
    may_open.set()
    assert memory_service.drain()
    assert done == [0, 1, 2, 3, 4]
    assert memory_service.state is State.OPEN


def test_a_folder_of_another_process_is_named(keep: Keep) -> None:
    """Two processes with one folder would damage it: the second says so, goes on without, and gets it when it is
    free."""
    first, faults = keep(), list[str]()
    first.open()
    second = keep(on_fault=faults.append)
    with pytest.raises(MemoryUnavailable, match=r"memory\.db belongs to another"):
        second.open()
    assert second.submit(lambda memory: memory.add([Item("p", "remembered late")]))
    assert len(faults) == 1, "said once, however often it is tried"
    first.close()
    assert second.open().projects is not None
    assert second.drain(60)
    assert [item.text for item in second.open().newest("p")] == ["remembered late"]
    assert not second.fault


def test_a_try_from_before_is_no_answer(keep: Keep) -> None:
    """Who asks for the memory while one is about to fail waits for the next: what was in the way may be gone."""
    real = keep().open()
    begun, may_fail, tries, asked = threading.Event(), threading.Event(), list[int](), list[Future[Memory]]()

    def opens() -> Memory:
        tries.append(1)
        if len(tries) == 1:
            begun.set()
            assert may_fail.wait(60)
            raise MemoryDown("not yet")
        wait(asked, timeout=0.2)  # who takes the first for an answer is back by now
        return real

    memory_service = keep(opens)
    memory_service.begin()
    assert begun.wait(60)
    with ThreadPoolExecutor(1) as pool:
        asked.append(pool.submit(memory_service.open))
        while not memory_service._hurry:  # until it waits
            threading.Event().wait(0.001)
        may_fail.set()
        assert asked[0].result(60) is real


def test_a_damaged_record_is_named(keep: Keep, tmp_path: Path) -> None:
    """With its place, so that a person can look."""
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.db").write_bytes(b"not a database at all" * 200)
    with pytest.raises(MemoryUnavailable, match=r"memory\.db cannot be opened.*penstock doctor"):
        keep().open()


def test_what_could_not_be_written_is_written_later(keep: Keep, caplog: pytest.LogCaptureFixture) -> None:
    """A full disk, made free again: nothing that waited is lost, and nothing overtakes it. That it is over is said
    once."""
    memory_service, done, full = keep(), list[str](), [True]

    def first(_: Memory) -> None:
        if full[0]:
            raise MemoryDown("the disk is full")
        done.append("first")

    memory_service.submit(first)
    memory_service.submit(lambda _: done.append("second"))
    assert not memory_service.drain()
    assert "the disk is full" in memory_service.fault
    full[0] = False
    while not memory_service.drain():
        pass
    assert done == ["first", "second"]
    assert memory_service.state is State.OPEN
    memory_service.submit(lambda _: None)
    assert memory_service.drain()
    assert caplog.text.count("memory can be used again") == 1


def test_bad_work_costs_only_itself(keep: Keep, caplog: pytest.LogCaptureFixture) -> None:
    """An error nobody thought of does not end the thread."""
    memory_service, done = keep(), list[int]()
    memory_service.submit(lambda _: 1 // 0)
    memory_service.submit(lambda _: done.append(1))
    assert memory_service.drain()
    assert done == [1]
    assert "a piece of work on memory failed" in caplog.text


def test_the_queue_is_bounded(keep: Keep) -> None:
    """While memory is down, the newest work is kept and the rest is counted."""

    def never() -> Memory:
        raise MemoryDown("no")

    memory_service = keep(never, queued=3)
    for _ in range(10):
        memory_service.submit(lambda _: None)
    assert memory_service.waiting == 3
    assert memory_service.dropped == 7


def test_what_is_lost_at_the_end_is_counted_and_said_once(
    keep: Keep, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "CLOSE_S", 0.01)
    memory_service, has_begun, may_end = keep(), threading.Event(), threading.Event()
    memory_service.submit(lambda _: (has_begun.set(), may_end.wait()))
    assert has_begun.wait(10)
    for _ in range(3):
        memory_service.remember(list, "")
    for _ in range(2):
        memory_service.close()
    may_end.set()
    assert memory_service.dropped == 3
    assert [one.getMessage() for one in caplog.records if "they are lost" in one.getMessage()] == [
        "memory was closed before 3 pieces of work were done: they are lost"
    ]


def test_what_can_wait_and_is_lost_at_the_end_is_counted_and_not_begun(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what was taken together with a piece that is under way."""
    monkeypatch.setattr(service, "CLOSE_S", 0.01)
    memory_service, has_begun, may_end, done = keep(), threading.Event(), threading.Event(), list[int]()
    memory_service.submit(lambda _: (has_begun.set(), may_end.wait()), can_wait=True)
    for _ in range(TOGETHER):
        memory_service.submit(lambda _: done.append(1), can_wait=True)
    assert has_begun.wait(10)
    memory_service.close()
    may_end.set()
    assert memory_service._thread is not None
    memory_service._thread.join()
    assert (memory_service.dropped, done) == (TOGETHER, [])


class Full:
    """A memory on a full disk. Reading it works."""

    def __init__(self, memory: Memory) -> None:
        self._memory, self.tries = memory, threading.Semaphore(0)

    def __getattr__(self, name: str) -> object:
        return getattr(self._memory, name)

    def add(self, items: Sequence[Item], *, owner: str = "") -> None:
        self.tries.release()
        raise MemoryDown("the disk is full")


def test_all_pieces_that_failed_together_are_counted_where_they_are_lost(keep: Keep) -> None:
    full = Full(keep().open())
    memory_service = keep(lambda: full)  # type: ignore[arg-type,return-value]
    memory_service.open()
    for _ in range(TOGETHER):
        memory_service.remember(list, "me")
    memory_service.submit(lambda _: None, can_wait=True)
    for _ in range(2):
        assert full.tries.acquire(timeout=60)
    memory_service.close()
    assert (memory_service.dropped, memory_service.waiting, memory_service._urgent) == (TOGETHER + 1, 0, 0)


class Rests(Pace):
    """Rests for hours before all work but the first, and as long as it is asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = [threading.Event(), threading.Event()]

    def rest(self) -> float:
        first, second = self.asked
        is_first = not first.is_set()
        (first if is_first else second).set()
        return 0.0 if is_first else 10_000.0


@pytest.mark.parametrize("what", ["items", "work"])
@pytest.mark.parametrize("urgent", ["other work", "half of all that may wait", "the end"])
def test_in_a_busy_process_what_can_wait_does_until_something_is_urgent(keep: Keep, urgent: str, what: str) -> None:
    pace, is_read = Rests(), threading.Event()
    memory_service = keep(pace=pace, queued=4 * TOGETHER)
    memory_service.open()

    def remember(read: Callable[[], None] = lambda: None) -> None:
        if what == "items":
            memory_service.remember(lambda: read() or [], "")  # type: ignore[func-returns-value]
        else:
            memory_service.submit(lambda _: read(), can_wait=True)

    for _ in range(TOGETHER):
        remember()
    assert pace.asked[0].wait(10)
    for _ in range(TOGETHER):
        remember(is_read.set)
    assert pace.asked[1].wait(10)
    assert not is_read.is_set()
    if urgent == "other work":
        memory_service.submit(lambda _: None)
        remember()
    elif urgent == "the end":
        memory_service.close()
    else:
        for _ in range(TOGETHER):
            remember()
    assert is_read.wait(10)


class RestsAfterLongWork(Rests):
    """And what it wrote took ten seconds."""

    @property
    def took(self) -> float:
        return 10.0

    @took.setter
    def took(self, _: float) -> None: ...


def test_no_more_rests_than_can_be_written_at_the_end(keep: Keep) -> None:
    pace, is_read = RestsAfterLongWork(), threading.Event()
    memory_service = keep(pace=pace)
    memory_service.open()
    for _ in range(TOGETHER):
        memory_service.remember(list, "")
    assert pace.asked[0].wait(10)
    for _ in range(TOGETHER):
        memory_service.remember(lambda: is_read.set() or [], "")  # type: ignore[func-returns-value]
    assert is_read.wait(10)


def test_work_that_can_wait_is_done_once_after_the_items_before_it(
    keep: Keep, caplog: pytest.LogCaptureFixture
) -> None:
    """Also where memory fails in between; and work that is bad costs only itself."""
    memory_service, done, tries = keep(), list[str](), list[int]()
    memory = memory_service.open()
    count = len(memory.newest("p"))

    def fails_first(_: Memory) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise MemoryDown("the disk is full")
        done.append("second")

    memory_service.submit(lambda _: done.append(f"{len(memory.newest('p'))} items"), can_wait=True)
    memory_service.remember(lambda: [Item("p", "The kiln runs at 900 degrees.")], "")
    memory_service.submit(lambda _: 1 // 0, can_wait=True)
    memory_service.submit(fails_first, can_wait=True)
    while not memory_service.drain():
        pass
    assert done == [f"{count + 1} items", "second"]
    assert caplog.text.count("ZeroDivisionError") == 1
    assert memory_service._urgent == 0


def test_who_asks_does_not_wait_longer_than_they_said(keep: Keep) -> None:
    """An answer that comes too late is none, and the next one is answered all the same."""
    memory_service, may_go = keep(), threading.Event()
    memory_service.open()
    assert memory_service.ask(lambda _: may_go.wait(), 0.01) is None
    assert memory_service.ask(lambda _: "answer", 5.0) == "answer"
    may_go.set()


def test_other_work_is_done_while_the_vectors_are_caught_up(tmp_path: Path, keep: Keep) -> None:
    """A million take most of an hour: what is said meanwhile is stored, and nothing is dropped."""
    was_done = threading.Event()

    class Slow(Memory):
        def syncing(self, progress: Progress | None = None) -> Iterator[int]:
            for _ in range(10_000_000):
                if was_done.is_set():
                    break
                yield 1
            yield from super().syncing(progress)

    memory_service = keep(lambda: Slow(tmp_path / "memory", Trigrams()))
    for n in range(3):
        memory_service.submit(lambda memory, n=n: memory.add([Item("p", f"item {n}")]))  # type: ignore[misc]
    assert memory_service.drain(60)
    assert len(memory_service.open().newest("p")) == 3
    assert not was_done.is_set()
    was_done.set()


def test_vectors_that_cannot_be_caught_up_cost_no_other_work(
    tmp_path: Path, keep: Keep, caplog: pytest.LogCaptureFixture
) -> None:
    class Bad(Memory):
        def syncing(self, progress: Progress | None = None) -> Iterator[int]:
            yield 1
            raise ValueError("a vector of another size")

    memory_service, done = keep(lambda: Bad(tmp_path / "memory", Trigrams())), list[int]()
    for n in range(3):
        memory_service.submit(lambda _, n=n: done.append(n))  # type: ignore[misc]
        assert memory_service.drain(60)
    assert done == [0, 1, 2]
    assert caplog.text.count("vectors are not caught up") == 1
    assert not memory_service.fault


def test_after_closing_nothing_is_taken(keep: Keep) -> None:
    """And the folder is free for the next process."""
    memory_service = keep()
    memory_service.open()
    memory_service.close()
    assert not memory_service.submit(lambda _: None)
    assert keep().open().projects() == {}


def test_cleaned_texts_hold_no_secret_and_no_note(keep: Keep) -> None:
    """Redactors of plugins have their say; one that fails costs the text."""
    memory_service = keep(redactors=[lambda text: text.replace("Bluebird", "[name]")])
    assert memory_service.clean("Bluebird has ghp_" + "a" * 36) == "[name] has [redacted github token]"

    def fails(_: str) -> str:
        raise ValueError

    assert keep(redactors=[fails]).clean("anything") == ""
