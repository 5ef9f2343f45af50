"""P11: the loop never waits. A stage that blocks holds up its own request, and that for its deadline alone."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence

import pytest

from penstock import Draft, EventKind, Exchange, Reply, Stage
from penstock.conversation.exchange import State
from penstock.engine import fallback
from penstock.events.event import Event
from penstock.store.in_memory import MemoryStore
from penstock.testing import ManualClock, Session, conversation, profile_of, user
from tests.engines import Blocks, Does, request, until_shown


async def test_a_stage_that_blocks_leaves_the_loop_to_others() -> None:
    """While it sits there, requests of other conversations come and go; it is late, and its request leaves without."""
    slow = Blocks()

    def only_first(draft: Draft) -> None:
        if draft.exchange.identity.session == "slow":
            slow.on_request(draft)
        else:
            draft.note("quick", reason="a test")

    clock = ManualClock()
    body = conversation(user("hello"))
    with slow.until_the_end(), Session(Does(only_first), clock=clock) as session:
        asked = asyncio.create_task(
            session.engine.process(request(body, ident="slow", headers={"x-session-id": "slow"}))
        )
        await asyncio.to_thread(slow.begun.wait)
        for n in range(20):
            quick = request(body, ident=f"q{n}", headers={"x-session-id": f"quick {n}"})
            outcome = await session.engine.process(quick)
            assert outcome.body is not None
            assert b"quick" in outcome.body
        assert not asked.done()
        clock.advance(60)
        assert (await asked).body is None


async def test_a_slow_reader_leaves_the_loop_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading and writing bodies is work for a thread as well."""
    monkeypatch.setattr(fallback, "DEADLINE_S", 0.1)  # it reads the body, too
    may_go, begun = threading.Event(), threading.Event()
    clock = ManualClock()
    with Session(clock=clock) as session:
        read = session.dialect.read

        def slowly(body: bytes, path: str) -> object:
            if b"slow" in body:
                begun.set()
                may_go.wait()
            return read(body, path)

        session.dialect.read = slowly  # type: ignore[method-assign, assignment]
        asked = asyncio.create_task(session.engine.process(request(conversation(user("slow")), ident="slow")))
        await asyncio.to_thread(begun.wait)
        outcome = await session.engine.process(request(conversation(user("quick")), ident="quick"))
        assert outcome.exchange is not None
        clock.advance(60)
        outcome = await asked
        may_go.set()
        assert outcome.exchange is None
        assert "too long" in outcome.why


async def test_each_stage_has_its_own_deadline() -> None:
    """One that says how long it needs is given so long, and no other."""
    slow = Blocks()
    slow.deadline = 100.0
    clock = ManualClock()
    with slow.until_the_end(), Session(slow, clock=clock) as session:
        asked = asyncio.create_task(session.engine.process(request(conversation(user("hello")))))
        await asyncio.to_thread(slow.begun.wait)
        clock.advance(99)
        slow.may_go.set()
        outcome = await asked
    assert outcome.body is not None
    assert b"too late" in outcome.body


class LooksForEver(Stage):
    """Never comes back from an answer."""

    name = "looks"

    def __init__(self) -> None:
        self.begun, self.may_go = threading.Event(), threading.Event()

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        self.begun.set()
        self.may_go.wait()


async def test_a_look_at_an_answer_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """It is background work: the next requests go on, and after its time it is given up."""
    caplog.set_level(logging.CRITICAL)
    stage = LooksForEver()
    with Session(stage, profile=profile_of("[limits]\nbackground_s = 0.01")) as session:
        outcome = await session.engine.process(request(conversation(user("hello"))))
        assert outcome.exchange is not None
        outcome.exchange.advance(State.FORWARDED)
        outcome.exchange.advance(State.ANSWERED)
        outcome.reply = Reply(text="yes", complete=True)
        session.engine.responses.answered(outcome)
        await asyncio.to_thread(stage.begun.wait)
        for n in range(5):
            await session.engine.process(request(conversation(user(f"more {n}")), ident=f"y{n}"))
        await until_shown(session.engine.responses)
        stage.may_go.set()
        assert outcome.exchange.state is State.PROCESSED
        assert "looks" in session.events(EventKind.FAULT)[0].payload["error"]


async def test_a_store_that_is_slow_to_write_events_holds_up_nobody() -> None:
    """The log has a thread of its own: requests come and go while it waits for the disk."""
    begun, may_go = threading.Event(), threading.Event()

    class Slow(MemoryStore):
        def add_events(self, events: Sequence[Event]) -> None:
            begun.set()
            may_go.wait()
            super().add_events(events)

    with Session(Does(lambda draft: draft.note("a note", reason="a test")), store=Slow()) as session:
        for n in range(20):
            outcome = await session.engine.process(request(conversation(user(f"hello {n}")), ident=f"y{n}"))
            assert outcome.body is not None
        await asyncio.to_thread(begun.wait)
        assert session.store.end().seq == 0
        may_go.set()
        assert len(session.events(EventKind.REWRITTEN)) == 20
