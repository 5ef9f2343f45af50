"""A faulty compressor of another plugin costs nothing but itself."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from penstock import Compressed, Compressor, ToolOutput, hookimpl
from penstock.base.clock import ManualClock
from penstock.base.errors import InvalidEdit
from penstock.events.event import EventKind
from penstock.plugins.compressor_pool import CompressorPool, CompressorRun
from penstock.plugins.manager import Plugins
from penstock.testing import Call, Session, assistant, conversation, profile_of, results, user
from penstock_plugins.trim import stage as trim

OUTPUT = ToolOutput("\n".join(f"the tank of row {n} is full" for n in range(90)), "Bash")
PATIENT = 30.0


def raises(output: ToolOutput) -> Compressed | None:
    raise SystemExit("out of fruit")


def gives_text(output: ToolOutput) -> Any:
    return "[short]"


def gives_bytes(output: ToolOutput) -> Any:
    return Compressed(b"[short]", False, "mine", 0, 90)  # type: ignore[arg-type]


def gives_more(output: ToolOutput) -> Compressed | None:
    return Compressed(output.text * 2, True, "mine", 90, 90)


def gives_nothing(output: ToolOutput) -> Compressed | None:
    return Compressed("", False, "mine", 0, 90)


def shortens(output: ToolOutput) -> Compressed | None:
    return Compressed("[rows]", False, "rows", 0, 90)


class Hanging:
    """A compressor that waits until the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.calls = 0

    def __call__(self, output: ToolOutput) -> Compressed | None:
        self.calls += 1
        self.over.wait(PATIENT)
        return None


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    one = Hanging()
    yield one
    one.over.set()


def take(found: Compressed) -> None:
    """Anything goes."""


@pytest.mark.parametrize("bad", [raises, gives_text, gives_bytes, gives_more, gives_nothing])
def test_the_next_one_is_asked_and_the_faulty_one_named(bad: Compressor) -> None:
    """Whatever it did."""
    run = CompressorRun(CompressorPool(), [bad, shortens], PATIENT)
    assert run.first(OUTPUT, take) == shortens(OUTPUT)
    (problem,) = run.problems
    assert bad.__name__ in problem


def test_a_trusted_one_is_called_directly() -> None:
    """On the caller's own thread, in its place among the others; nothing of a stranger's is asked whether it is one."""

    class Odd:
        def __call__(self, output: ToolOutput) -> Compressed | None:
            return None

        def __eq__(self, other: object) -> bool:
            raise RuntimeError("no")

        __hash__ = object.__hash__

    called: list[int] = []

    def ours(output: ToolOutput) -> Compressed | None:
        called.append(threading.get_ident())
        return shortens(output)

    run = CompressorRun(CompressorPool(trusted=[ours]), [Odd(), ours], PATIENT)
    assert run.first(OUTPUT, take) == shortens(OUTPUT)
    assert called == [threading.get_ident()]
    assert not run.problems


def test_an_answer_that_can_not_be_sent_is_a_fault_too() -> None:
    """The draft says so, and the next one is asked."""
    taken: list[str] = []

    def choosy(found: Compressed) -> None:
        if found.kind != "rows":
            raise InvalidEdit("half a character")
        taken.append(found.kind)

    run = CompressorRun(
        CompressorPool(), [lambda output: Compressed("\ud800", False, "mine", 0, 90), shortens], PATIENT
    )
    assert run.first(OUTPUT, choosy) == shortens(OUTPUT)
    assert taken == ["rows"]
    assert "InvalidEdit" in run.problems[0]


def test_several_faults_in_a_row_and_it_rests() -> None:
    """As a stage does; after the rest it is asked again."""
    calls: list[str] = []

    def bad(output: ToolOutput) -> Compressed | None:
        calls.append(output.tool)
        raise ValueError("no")

    clock = ManualClock()
    pool = CompressorPool(failures=2, rest=60, clock=clock)
    for _ in range(4):
        assert CompressorRun(pool, [bad, shortens], PATIENT).first(OUTPUT, take) is not None
    assert len(calls) == 2
    clock.advance(61)
    CompressorRun(pool, [bad], PATIENT).first(OUTPUT, take)
    assert len(calls) == 3


def test_one_that_hangs_is_asked_once(hanging: Hanging) -> None:
    """Its first delay is its last for a while, and the others of later requests have their time."""
    clock = ManualClock()
    pool = CompressorPool(rest=60, clock=clock)
    late = CompressorRun(pool, [hanging, shortens], 0.01)
    late.first(OUTPUT, take)
    assert late.problems == [
        "compressor tests.core.plugins.test_compressor_pool.Hanging: it was not done in time, and rests"
    ]
    for _ in range(3):
        assert CompressorRun(pool, [hanging, shortens], PATIENT).first(OUTPUT, take) == shortens(OUTPUT)
    assert hanging.calls == 1


def test_one_that_waits_for_a_thread_is_not_late(hanging: Hanging) -> None:
    """It is passed over while others' work has all threads, and asked again as soon as one is free."""
    pool = CompressorPool()
    try:
        tasks = [pool.workers.submit(lambda: hanging(OUTPUT)) for _ in range(4)]
        run = CompressorRun(pool, [shortens], PATIENT, queue=0.01)
        assert run.first(OUTPUT, take) is None
        assert run.problems == [
            "compressor tests.core.plugins.test_compressor_pool.shortens: passed over, since no thread had time for it"
        ]
        assert run.first(OUTPUT, take) is None  # a request waits once
        assert pool.workers.lost == 0
    finally:
        hanging.over.set()
    for task in tasks:
        task.future.result(PATIENT)
    assert CompressorRun(pool, [shortens], PATIENT, queue=PATIENT).first(OUTPUT, take) == shortens(OUTPUT)


def test_the_time_of_others_is_not_its_own(hanging: Hanging, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressor has its time from when a thread begins with it, however long it waited for one."""
    clock = ManualClock()
    pool = CompressorPool(clock=clock)
    submit = pool.workers.submit
    for _ in range(4):
        submit(lambda: hanging(OUTPUT))

    def late(work: Callable[[], Any]) -> Any:
        task = submit(work)
        clock.advance(2 * PATIENT)
        hanging.over.set()
        return task

    run = CompressorRun(pool, [shortens], PATIENT, queue=3 * PATIENT)
    monkeypatch.setattr(pool.workers, "submit", late)
    assert run.first(OUTPUT, take) == shortens(OUTPUT)
    monkeypatch.undo()
    assert run.first(OUTPUT, take) == shortens(OUTPUT)
    assert not run.problems


def test_the_bundled_ones_go_on_and_the_event_names_the_faulty_one(hanging: Hanging) -> None:
    """In the very request in which another raised and a third hung; no edit of the stage is lost."""

    class Others:
        @hookimpl
        def compressors(self) -> list[object]:
            return [raises, hanging]

    plugins = Plugins()
    plugins.add(trim, "trim", "penstock_plugins.trim.stage")
    plugins.add(Others(), "others")
    hits = "\n".join(f"/srv/shop/cart.py:{n}:    price = lookup_{n}(basket)" for n in range(120))
    said = (user("find the lookups"), assistant("I search.", Call("Grep", {"pattern": "lookup"})), results(hits))
    with Session(profile=profile_of('stages = ["trim"]\n[limits]\nstage_ms = 9000\n'), plugins=plugins) as on:
        assert len(on.send(conversation(*said))) < len(conversation(*said))
        (event,) = on.events(EventKind.STAGE)
        assert event.payload["outcome"] == "edited"
        assert "search results: " in event.payload["remark"]
        assert "raises: SystemExit: out of fruit" in event.payload["remark"]
        assert "Hanging: it was not done in time, and rests" in event.payload["remark"]
