"""Threads for work that may never end: bounded, and none is waited for in vain."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from penstock.base.threads import GivenUp, NoWorker, Workers

SOON = 30.0
"""Far more than anything here takes; a test that waits so long has failed."""


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What blocked work waits for; opened when the test is over."""
    gate = threading.Event()
    yield gate
    gate.set()


def blocked(gate: threading.Event, begun: threading.Semaphore) -> Callable[[], str]:
    def work() -> str:
        begun.release()
        gate.wait()
        return "done"

    return work


def until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    turn = threading.Event()
    for _ in range(int(SOON * 1000)):
        if condition():
            return
        turn.wait(0.001)
    raise AssertionError("it never came true")


def test_work_is_done_and_its_result_given() -> None:
    """Or the error it raised, whatever that is."""
    workers = Workers()
    assert workers.submit(lambda: 6 * 7).future.result(SOON) == 42
    for error in (ValueError("no"), SystemExit(1), KeyboardInterrupt()):

        def fails(error: BaseException = error) -> None:
            raise error

        with pytest.raises(type(error)):
            workers.submit(fails).future.result(SOON)
    assert workers.submit(lambda: "still here").future.result(SOON) == "still here"
    workers.close()


def test_an_idle_thread_holds_nothing_of_what_it_did() -> None:
    """Else what owns the threads would live, and its threads with it, for as long as it has nothing to do."""

    class Owner:
        """What the work's error has in its traceback."""

    def fails(owner: Owner) -> None:
        raise ValueError("no")

    def ask(workers: Workers, owner: Owner) -> None:
        with suppress(ValueError):
            workers.submit(lambda: fails(owner)).future.result(SOON)

    workers, owner = Workers(), Owner()
    held = weakref.ref(owner)
    ask(workers, owner)
    until(lambda: workers._idle == 1)
    del owner
    gc.collect()
    assert held() is None
    workers.close()


def test_an_idle_thread_is_used_again() -> None:
    """One piece of work after the other needs one thread."""
    workers = Workers()
    idents = set()
    for _ in range(20):
        idents.add(workers.submit(threading.get_ident).future.result(SOON))
        until(lambda: workers._idle == 1)
    assert len(idents) == 1
    workers.close()


def test_no_more_threads_than_the_limit(gate: threading.Event) -> None:
    """What is more waits for its turn, and gets it."""
    workers = Workers(limit=3)
    begun = threading.Semaphore(0)
    tasks = [workers.submit(blocked(gate, begun)) for _ in range(10)]
    for _ in range(3):
        assert begun.acquire(timeout=SOON)
    assert not begun.acquire(blocking=False)
    gate.set()
    assert [task.future.result(SOON) for task in tasks] == ["done"] * 10
    workers.close()


def test_work_that_blocks_leaves_the_rest_its_threads(gate: threading.Event) -> None:
    """A second piece is begun while the first sits there."""
    workers = Workers(limit=2)
    begun = threading.Semaphore(0)
    workers.submit(blocked(gate, begun))
    assert begun.acquire(timeout=SOON)
    assert workers.submit(lambda: "quick").future.result(SOON) == "quick"
    workers.close()


def test_a_loop_in_python_is_ended() -> None:
    """The exception comes at its next bytecode, and no handler for ordinary errors keeps it."""
    workers = Workers(limit=1)
    begun, ended = threading.Event(), threading.Event()

    def loops() -> None:
        try:
            begun.set()
            while True:
                try:
                    "x".upper()
                except Exception:  # what plugins write
                    continue
        finally:
            ended.set()

    task = workers.submit(loops)
    assert begun.wait(SOON)
    workers.give_up(task, stray=__file__)
    assert ended.wait(SOON)
    until(lambda: workers.lost == 0)
    assert workers.submit(lambda: "next").future.result(SOON) == "next"
    workers.close()


def test_a_thread_in_foreign_code_is_let_alone() -> None:
    """It may hold a lock the rest needs: it goes on, and is lost until it ends by itself."""
    workers = Workers(limit=1)
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def waits() -> None:
        begun.set()
        go_on.wait(SOON)  # the frame on top is the library's
        ended.set()

    task = workers.submit(waits)
    assert begun.wait(SOON)
    workers.give_up(task, stray="some/other/file.py")
    assert workers.lost == 1
    go_on.set()
    assert ended.wait(SOON)
    until(lambda: workers.lost == 0)
    workers.close()


def test_a_cancelled_task_leaves_its_thread_at_work() -> None:
    """Whoever waited is gone; the next task is done all the same."""
    workers = Workers(limit=1)
    for _ in range(3):
        begun, go_on = threading.Event(), threading.Event()
        task = workers.submit(lambda b=begun, g=go_on: (b.set(), g.wait(SOON)))  # type: ignore[misc]
        assert begun.wait(SOON)
        task.future.cancel()
        go_on.set()
    assert workers.submit(lambda: "next").future.result(SOON) == "next"
    workers.close()


def test_a_thread_that_cannot_be_ended_is_replaced(gate: threading.Event) -> None:
    """It counts as lost until it comes back, and another does the work meanwhile."""
    workers = Workers(limit=1)
    begun = threading.Semaphore(0)
    task = workers.submit(blocked(gate, begun))
    assert begun.acquire(timeout=SOON)
    workers.give_up(task)
    assert workers.lost == 1
    assert workers.submit(lambda: "next").future.result(SOON) == "next"
    gate.set()
    until(lambda: workers.lost == 0)
    assert not task.future.done()
    workers.close()


def test_so_many_lost_threads_and_no_more_work(gate: threading.Event) -> None:
    """The bound: past it, work is refused at once, until one comes back."""
    workers = Workers(limit=4, lost_limit=2)
    begun = threading.Semaphore(0)
    for _ in range(2):
        task = workers.submit(blocked(gate, begun))
        assert begun.acquire(timeout=SOON)
        workers.give_up(task)
    with pytest.raises(NoWorker, match="2 threads hang"):
        workers.submit(lambda: "refused")
    gate.set()
    until(lambda: workers.lost == 0)
    assert workers.submit(lambda: "again").future.result(SOON) == "again"
    workers.close()


def test_work_given_up_before_it_began_is_never_done(gate: threading.Event) -> None:
    """Its thread goes on with the next."""
    workers = Workers(limit=1)
    begun = threading.Semaphore(0)
    workers.submit(blocked(gate, begun))
    assert begun.acquire(timeout=SOON)
    done: list[str] = []
    waiting = workers.submit(lambda: done.append("given up"))
    workers.give_up(waiting)
    gate.set()
    assert workers.submit(lambda: "next").future.result(SOON) == "next"
    assert done == []
    assert workers.lost == 0
    workers.close()


def test_giving_up_twice_or_too_late_does_nothing() -> None:
    """A result that is there stays there."""
    workers = Workers()
    task = workers.submit(lambda: "done")
    assert task.future.result(SOON) == "done"
    workers.give_up(task)
    workers.give_up(task)
    assert task.future.result(SOON) == "done"
    assert workers.lost == 0
    workers.close()


def test_given_up_is_no_ordinary_error() -> None:
    """Plugins that catch every `Exception` do not catch this."""
    assert issubclass(GivenUp, BaseException)
    assert not issubclass(GivenUp, Exception)


def test_many_given_up_at_once_leave_nothing_behind() -> None:
    """Work that ends just when it is given up is one or the other, never lost twice."""
    workers = Workers(limit=8, lost_limit=1000)
    for _ in range(200):
        task = workers.submit(lambda: sum(range(50)))
        workers.give_up(task)
    until(lambda: workers.lost == 0)
    assert workers.submit(lambda: "fine").future.result(SOON) == "fine"
    workers.close()


def test_closing_ends_the_idle_threads() -> None:
    """None stays behind."""
    before = threading.active_count()
    workers = Workers(limit=4)
    for task in [workers.submit(lambda: None) for _ in range(10)]:
        task.future.result(SOON)
    workers.close()
    until(lambda: threading.active_count() <= before)


def test_a_machine_without_another_thread_refuses_work_until_it_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is asked meanwhile. With threads that are there already, work waits for those."""
    workers, at_hand = Workers(limit=2), Workers(limit=2)
    assert at_hand.submit(lambda: 1).future.result(SOON) == 1

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", start)
        for _ in range(5):
            with pytest.raises(NoWorker, match="can't start new thread"):
                workers.submit(lambda: "refused")
        assert [task.future.result(SOON) for task in [at_hand.submit(lambda: 2), at_hand.submit(lambda: 3)]] == [2, 3]
    for pool in (workers, at_hand):
        assert pool.submit(lambda: "again").future.result(SOON) == "again"
        pool.close()
