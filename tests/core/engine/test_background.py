"""After the answer: stages look at it, and cost nobody anything."""

from __future__ import annotations

import asyncio
import logging
import threading
from typing import ClassVar

import pytest

from penstock import EventKind, Exchange, Kind, Reply, Stage, ToolCall
from penstock.base.threads import Workers
from penstock.conversation.exchange import State
from penstock.engine.background import Background
from penstock.engine.pipeline import Pipeline
from penstock.events.log import EventLog
from penstock.events.payload import EventData
from penstock.events.proxy_events import StoppedEvent
from penstock.store.in_memory import MemoryStore
from penstock.testing import ManualClock, conversation, draft_for, profile_of, user
from tests.engines import until_shown


class Looks(Stage):
    """Keeps what it is shown, and may do harm to it."""

    def __init__(self, name: str, error: BaseException | None = None) -> None:
        self.name, self.error = name, error
        self.seen: list[tuple[str, str]] = []

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        self.seen.append((exchange.model, reply.text))
        exchange.model, reply.text = "scribbled", "scribbled"
        reply.tools.clear()
        if self.error is not None:
            raise self.error


def exchange(kind: Kind = Kind.MAIN) -> Exchange:
    found = draft_for(conversation(user("hello"))).exchange
    found.kind, found.state = kind, State.ANSWERED
    return found


@pytest.fixture(params=["now", "loop"])
async def look(request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture) -> object:
    """Both ways, and what the log holds afterwards."""
    caplog.set_level(logging.CRITICAL)
    store, clock = MemoryStore(), ManualClock()

    async def run(stages: list[Stage], shown: Exchange, reply: Reply, **more: bool) -> list[tuple[EventKind, object]]:
        log = EventLog(store, clock=clock)
        background = Background(log, clock)
        pipeline = Pipeline(profile_of(), stages, clock)
        if request.param == "now":
            background.look_now(pipeline, shown, reply, **more)
        else:
            background.look(pipeline, shown, reply, **more)
            await until_shown(background)
        background.close()
        log.close()
        return [(e.kind, e.payload.get("error")) for e in store.events_after()]

    return run


async def test_every_stage_is_shown_the_answer(look: object) -> None:
    """Each a copy of its own; then the exchange is remembered."""
    stages = [Looks("a"), Looks("b")]
    shown, reply = exchange(), Reply("words", [ToolCall("1", "Read")])
    events = await look(stages, shown, reply)  # type: ignore[operator]
    assert [stage.seen for stage in stages] == [[("claude-sonnet-4-5", "words")]] * 2
    assert (shown.model, reply.text, len(reply.tools)) == ("claude-sonnet-4-5", "words", 1)
    assert shown.state is State.PROCESSED
    assert events == [(EventKind.PROCESSED, None)]


async def test_one_that_fails_costs_the_others_nothing(look: object) -> None:
    """It is told, and the rest look."""
    stages = [Looks("a", ValueError("no")), Looks("b", SystemExit(1)), Looks("c")]
    events = await look(stages, exchange(), Reply("words"))  # type: ignore[operator]
    assert [len(stage.seen) for stage in stages] == [1, 1, 1]
    assert [kind for kind, _ in events] == [EventKind.FAULT, EventKind.FAULT, EventKind.PROCESSED]
    assert "'a' failed at an answer: ValueError: no" in str(events[0][1])


@pytest.mark.parametrize("kind", [kind for kind in Kind if not kind.is_real])
async def test_what_is_no_real_turn_is_shown_to_nobody(look: object, kind: Kind) -> None:
    """It is remembered all the same: its life has come to its end."""
    stage = Looks("a")
    assert await look([stage], exchange(kind), Reply("words")) == [(EventKind.PROCESSED, None)]  # type: ignore[operator]
    assert stage.seen == []


async def test_an_answer_to_the_same_bytes_is_shown_once(look: object) -> None:
    """A turn teaches once, be it at its third attempt."""
    stage = Looks("a")
    await look([stage], exchange(), Reply("words"), is_known=True)  # type: ignore[operator]
    assert stage.seen == []


class Hangs(Looks):
    """Looks until it is told to stop, and fails then."""

    def __init__(self, name: str) -> None:
        super().__init__(name, ValueError("no"))
        self.may_end, self.ended = threading.Event(), threading.Event()

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        self.may_end.wait()
        try:
            super().on_reply(exchange, reply)
        finally:
            self.ended.set()


async def test_those_after_one_that_hangs_look_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    """In another thread. What the late one does then is not told again."""
    caplog.set_level(logging.CRITICAL)
    hangs = Hangs("b")
    stages = [Looks("a"), hangs, Looks("c")]
    store, shown = MemoryStore(), exchange()
    log = EventLog(store, clock=ManualClock())
    background = Background(log, ManualClock())
    pipeline = Pipeline(profile_of("[limits]\nbackground_s = 0.01"), stages, ManualClock())
    background.look(pipeline, shown, Reply("words"))
    assert background.under_way == 1
    await until_shown(background)
    assert [len(stage.seen) for stage in stages] == [1, 0, 1]
    assert shown.state is State.PROCESSED
    hangs.may_end.set()
    assert hangs.ended.wait(10)
    background.close()
    log.close()
    assert [e.payload.get("error") for e in store.events_after()] == [
        "stage 'b' had not done with an answer after 0.01 s",
        None,
    ]
    assert [len(stage.seen) for stage in stages] == [1, 1, 1]


async def test_answers_that_no_thread_is_free_for_are_let_go(caplog: pytest.LogCaptureFixture) -> None:
    """Else they would gather without end where they come faster than stages look at them."""
    caplog.set_level(logging.CRITICAL)
    store, stage, may_end = MemoryStore(), Looks("a"), threading.Event()
    log = EventLog(store, clock=ManualClock())
    background = Background(log, ManualClock())

    def wait_for_it() -> None:
        may_end.wait()

    for _ in range(4):
        background.do(wait_for_it)
    pipeline = Pipeline(profile_of("[limits]\nbackground_s = 0.01"), [stage], ManualClock())
    shown = exchange()
    background.look(pipeline, shown, Reply("words"))
    assert background.under_way == 1
    await until_shown(background)
    assert (stage.seen, shown.state) == ([], State.PROCESSED)
    may_end.set()
    background.close()
    log.close()
    (fault, _) = store.events_after()
    assert fault.payload["error"] == "no thread was free for 0.01 s to show an answer to the stages"
    assert stage.seen == []


async def test_what_ends_after_the_proxys_last_word_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    hangs, store, shown = Hangs("a"), MemoryStore(), exchange()
    log = EventLog(store, clock=ManualClock())
    background = Background(log, ManualClock())
    background.look(Pipeline(profile_of(), [hangs], ManualClock()), shown, Reply("words"))
    log.append(StoppedEvent(1))
    hangs.may_end.set()
    await until_shown(background)
    assert shown.state is State.PROCESSED
    background.close()
    log.close()
    assert [e.kind for e in store.events_after()] == [EventKind.STOPPED]


async def test_each_answer_is_given_up_at_its_own_time(caplog: pytest.LogCaptureFixture) -> None:
    """Also one whose profile gives stages less time than that of an answer before."""
    caplog.set_level(logging.CRITICAL)
    patient, hasty = Hangs("patient"), Hangs("hasty")
    store, first, second = MemoryStore(), exchange(), exchange()
    log = EventLog(store, clock=ManualClock())
    background = Background(log, ManualClock())
    background.look(
        Pipeline(profile_of("[limits]\nbackground_s = 600"), [patient], ManualClock()), first, Reply("words")
    )
    background.look(
        Pipeline(profile_of("[limits]\nbackground_s = 0.01"), [hasty], ManualClock()), second, Reply("words")
    )
    async with asyncio.timeout(60):
        while second.state is not State.PROCESSED:  # noqa: ASYNC110 - no notice is sent
            await asyncio.sleep(0.001)
    assert (first.state, background.under_way) == (State.ANSWERED, 1)
    patient.may_end.set()
    await until_shown(background)
    assert first.state is State.PROCESSED
    hasty.may_end.set()
    assert hasty.ended.wait(10)
    background.close()
    log.close()


def test_a_loop_that_ended_does_not_keep_the_next_one_from_looking(caplog: pytest.LogCaptureFixture) -> None:
    """Its timer never comes."""
    caplog.set_level(logging.CRITICAL)
    before, hangs = Hangs("before"), Hangs("hangs")
    log = EventLog(MemoryStore(), clock=ManualClock())
    background = Background(log, ManualClock())
    pipelines = [Pipeline(profile_of("[limits]\nbackground_s = 0.01"), [one], ManualClock()) for one in (before, hangs)]

    async def look(pipeline: Pipeline) -> None:
        background.look(pipeline, exchange(), Reply("words"))

    async def look_until_shown(pipeline: Pipeline) -> None:
        await look(pipeline)
        await until_shown(background)

    asyncio.run(look(pipelines[0]))
    try:
        asyncio.run(look_until_shown(pipelines[1]))
    finally:
        before.may_end.set()
        hangs.may_end.set()
        background.close()
        log.close()


async def test_an_answer_is_under_way_until_its_end_is_in_the_log() -> None:
    """A proxy that ends waits for nothing else."""

    class Noting(EventLog):
        under_way: ClassVar[list[int]] = []

        def append(self, data: EventData, exchange: str = "") -> None:
            self.under_way.append(background.under_way)
            super().append(data, exchange)

    log = Noting(MemoryStore(), clock=ManualClock())
    background = Background(log, ManualClock())
    background.look(Pipeline(profile_of(), [Looks("a")], ManualClock()), exchange(), Reply("words"))
    await until_shown(background)
    background.close()
    log.close()
    assert Noting.under_way == [1]


async def test_an_answer_that_no_thread_is_left_for_is_over(caplog: pytest.LogCaptureFixture) -> None:
    """The stages do without it, and the log says so."""
    caplog.set_level(logging.CRITICAL)
    store, stage, shown = MemoryStore(), Looks("a"), exchange()
    log = EventLog(store, clock=ManualClock())
    background = Background(log, ManualClock())
    background._workers = Workers(lost_limit=0)
    background.look(Pipeline(profile_of(), [stage], ManualClock()), shown, Reply("words"))
    assert (stage.seen, shown.state, background.under_way) == ([], State.PROCESSED, 0)
    background.close()
    log.close()
    assert [e.kind for e in store.events_after()] == [EventKind.FAULT, EventKind.PROCESSED]


def test_a_job_is_done_by_a_thread() -> None:
    """Nobody waits for it."""
    done = threading.Event()
    log = EventLog(MemoryStore(), clock=ManualClock())
    background = Background(log, ManualClock())
    background.do(done.set)
    assert done.wait(5)
    background.close()
    log.close()
