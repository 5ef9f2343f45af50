"""P1: whatever raises, hangs or is down, the client's own bytes go out."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from penstock import Draft, EventKind, Stage, hookimpl
from penstock.base.errors import StoreError
from penstock.base.threads import Workers
from penstock.conversation.exchange import Request
from penstock.dialects.anthropic import Anthropic
from penstock.edits.edit import Landed
from penstock.engine.proxy_decision import ProxyDecision
from penstock.events.event import Event
from penstock.plugins.manager import Plugins
from penstock.store.in_memory import MemoryStore
from penstock.testing import ManualClock, Session, assistant, conversation, profile_of, user
from tests.engines import WAYS, Blocks, Does, request

BODY = conversation(user("hello"))
Ask = Callable[[Session, Request], ProxyDecision]


@pytest.fixture(params=WAYS)
def ask(request: pytest.FixtureRequest) -> Ask:
    """In the caller's thread, and from a loop."""
    return WAYS[request.param]


@pytest.fixture(autouse=True)
def _tracebacks_are_meant(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)


def raises(error: BaseException) -> Callable[[Any], None]:
    def do(_: object) -> None:
        raise error

    return do


def notes(text: str) -> Callable[[Draft], None]:
    return lambda draft: draft.note(text, reason="a test")


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
def test_a_stage_that_raises_costs_its_own_edits_alone(ask: Ask, error: BaseException) -> None:
    """The stages before it and behind it are heard; what it had proposed before it raised is not."""

    def half(draft: Draft) -> None:
        draft.note("half of it", reason="a test")
        raise error

    with Session(Does(notes("before"), "a"), Does(half, "b"), Does(notes("behind"), "c")) as session:
        outcome = ask(session, request(BODY))
        verdicts = {e.payload["stage"]: e.payload["outcome"] for e in session.events(EventKind.STAGE)}
    assert outcome.body is not None
    texts = [block["text"] for block in json.loads(outcome.body)["messages"][0]["content"]]
    assert texts == ["hello", "before", "behind"]
    assert verdicts == {"a": "edited", "b": "failed", "c": "edited"}


def test_an_error_without_a_text_is_an_error_like_any_other(ask: Ask) -> None:
    """The exception is a stranger's too: that it cannot be shown costs nothing."""

    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("and this one neither")

    with Session(Does(raises(Mute()))) as session:
        assert ask(session, request(BODY)).body is None
        assert session.events(EventKind.STAGE)[0].payload["remark"] == "Mute"


def test_three_failures_in_a_row_rest_a_stage(ask: Ask) -> None:
    """It is left out for a while, then tried again; a success makes it whole."""
    stage = Does(raises(ValueError("no")))
    said = [user("hello")]
    with Session(stage) as session:
        for n in range(5):
            ask(session, request(conversation(*said), ident=f"y{n}"))
            said += [assistant("yes"), user("more")]
        assert stage.calls == 3
        session.wait(session.profile.limits.rest_s + 1)
        stage.what = notes("well again")
        for n in range(5, 7):
            outcome = ask(session, request(conversation(*said), ident=f"y{n}"))
            said += [assistant("yes"), user("more")]
            assert outcome.body is not None
        assert stage.calls == 5
        resting = [e for e in session.events(EventKind.STAGE) if e.payload["outcome"] == "resting"]
        assert len(resting) == 2


def test_an_edit_no_provider_would_take_costs_its_own_stage_alone(ask: Ask) -> None:
    """The check leaves out what one stage did, and lands what the others did."""
    parts = conversation(user("one"), assistant("two"), user("three"))

    def breaks(draft: Draft) -> None:
        draft.drop(0, 0, reason="a test")

    with Session(Does(notes("good"), "good"), Does(breaks, "bad")) as session:
        ask(session, request(parts, ident="y1"))
        session.wait(4000)
        outcome = ask(
            session, request(conversation(user("one"), assistant("two"), user("three"), user("x")), ident="y2")
        )
    assert outcome.body is not None
    sent = json.loads(outcome.body)["messages"]
    assert sent[0]["content"] == "one"
    assert sent[3]["content"][1]["text"] == "good"


class Down(MemoryStore):
    """Raises where it is told to."""

    def __init__(self, error: Exception, *methods: str) -> None:
        super().__init__()
        self.error, self.methods = error, methods

    def _maybe(self, method: str) -> None:
        if method in self.methods:
            raise self.error

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        self._maybe("add_edits")
        super().add_edits(conversation, landed, at)

    def knows(self, conversation: str) -> bool:
        self._maybe("knows")
        return "edits_of" in self.methods or "tip_of" in self.methods or super().knows(conversation)

    def edits_of(self, conversation: str) -> list[Landed]:
        self._maybe("edits_of")
        return super().edits_of(conversation)

    def tip_of(self, conversation: str) -> Any:
        self._maybe("tip_of")
        return super().tip_of(conversation)

    def add_events(self, events: Sequence[Event]) -> None:
        self._maybe("add_events")
        super().add_events(events)


@pytest.mark.parametrize("error", [StoreError("the disk is full"), RuntimeError("a driver of a stranger")])
@pytest.mark.parametrize("method", ["add_edits", "knows", "edits_of", "tip_of"])
def test_a_store_that_is_down_costs_the_edits(ask: Ask, error: Exception, method: str) -> None:
    """What cannot be stored does not leave; the request does."""
    with Session(Does(notes("a note")), store=Down(error, method)) as session:
        outcome = ask(session, request(BODY))
        assert outcome.refusal is None
        assert outcome.body is None or method != "add_edits"


def test_edits_that_could_not_be_stored_are_not_half_there(ask: Ask) -> None:
    """When the store works again, the message that left without its note stays without it."""
    store = Down(StoreError("the disk is full"), "add_edits")
    with Session(Does(notes("a note")), store=store) as session:
        assert ask(session, request(BODY)).body is None
        store.methods = ()
        outcome = ask(session, request(conversation(user("hello"), assistant("yes"), user("more")), ident="y2"))
        assert outcome.body is not None
        sent = json.loads(outcome.body)["messages"]
        assert sent[0]["content"] == "hello"
        assert "a note" in str(sent[2])
        assert [e.payload["where"] for e in session.events(EventKind.FAULT)] == ["store"]


def test_a_log_that_cannot_write_holds_nobody_up(ask: Ask) -> None:
    """Events wait in memory; edits land all the same, they are stored apart."""
    with Session(Does(notes("a note")), store=Down(StoreError("locked"), "add_events")) as session:
        assert ask(session, request(BODY)).body is not None
        session.store.methods = ()  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [RuntimeError("a dialect of a stranger"), RecursionError(), MemoryError()])
@pytest.mark.parametrize("method", ["endpoint", "read", "splice", "violations"])
def test_a_dialect_that_raises_costs_the_edits(ask: Ask, error: Exception, method: str) -> None:
    """A wire format may be a plugin's: whichever of its methods fails, the bytes go out as they came."""
    broken = Anthropic()
    with Session(Does(notes("a note")), dialect=broken) as session:
        setattr(broken, method, lambda *_: raises(error)(None))
        outcome = ask(session, request(BODY))
        assert outcome.body is None
        assert outcome.refusal is None
        assert outcome.why
        assert [e.payload["why"] for e in session.events(EventKind.BYPASSED)] == [outcome.why]


def test_a_redactor_that_raises_costs_the_texts_in_the_log(ask: Ask) -> None:
    """Better nothing than a secret; the edits stand."""

    class Gives:
        @hookimpl
        def redactors(self) -> list[Callable[[str], str]]:
            return [raises(ValueError("no"))]  # type: ignore[list-item]

    plugins = Plugins()
    plugins.add(Gives(), "gives")
    with Session(Does(notes("a note")), plugins=plugins, profile=profile_of("stages = []")) as session:
        assert ask(session, request(BODY)).body is not None
        assert session.events(EventKind.CLASSIFIED)[0].payload["words"] == ""


def test_a_listener_that_raises_is_not_heard_by_anyone(ask: Ask) -> None:
    """Neither the request nor the log nor the other listeners notice."""
    seen: list[Event] = []
    with Session(Does(notes("a note")), listeners=(raises(ValueError("no")), seen.append)) as session:
        assert ask(session, request(BODY)).body is not None
        events = session.events()
        session.close()
    assert [e.kind for e in seen] == [e.kind for e in events]


def test_a_profile_that_is_not_there_costs_the_edits(ask: Ask) -> None:
    """A client asks for a profile that nobody has written."""

    def no_such_profile(name: str) -> Any:
        raise LookupError(name)

    with Session(Does(notes("a note"))) as session:
        session.engine.pipelines._make = no_such_profile
        asked = request(BODY)
        outcome = ask(session, Request(asked.id, "POST", "localhost", asked.path, asked.headers, BODY, profile="other"))
        assert outcome.body is None
        assert "other" in outcome.why


def test_with_no_worker_left_requests_go_as_they_came() -> None:
    """Threads that hang are bounded; past that nobody waits for one."""
    with Session(Does(notes("a note"))) as session:
        session.engine._workers = Workers(limit=1, lost_limit=0)
        outcome = asyncio.run(session.engine.process(request(BODY)))
        assert outcome.body is None
        assert "hang" in outcome.why


def test_with_no_thread_to_be_had_requests_go_as_they_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine starts none. When it does again, requests are edited again."""

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with Session(Does(notes("a note"))) as session:
        with monkeypatch.context() as machine:
            machine.setattr(threading.Thread, "start", start)
            for _ in range(20):
                outcome = asyncio.run(session.engine.process(request(BODY)))
                assert outcome.body is None
                assert "can't start new thread" in outcome.why
        assert asyncio.run(session.engine.process(request(BODY))).body is not None


async def test_a_stage_that_is_late_costs_its_own_edits_alone() -> None:
    """The stages before it and behind it are heard; what it proposes when it comes back is not."""
    slow = Blocks()
    clock = ManualClock()
    stages: list[Stage] = [Does(notes("before"), "a"), slow, Does(notes("behind"), "c")]
    with slow.until_the_end(), Session(*stages, clock=clock) as session:
        asked = asyncio.create_task(session.engine.process(request(BODY)))
        await asyncio.to_thread(slow.begun.wait)
        clock.advance(10)
        outcome = await asked
        verdicts = {e.payload["stage"]: e.payload["outcome"] for e in session.events(EventKind.STAGE)}
    assert outcome.body is not None
    texts = [block["text"] for block in json.loads(outcome.body)["messages"][0]["content"]]
    assert texts == ["hello", "before", "behind"]
    assert verdicts == {"a": "edited", "blocks": "late", "c": "edited"}


async def test_a_stage_that_is_late_three_times_rests() -> None:
    """No request waits for it any more."""
    slow = Blocks()
    clock = ManualClock()
    said = [user("hello")]
    with slow.until_the_end(), Session(slow, clock=clock, profile=profile_of("[limits]\nrest_s = 1000")) as session:
        for n in range(3):
            slow.begun.clear()
            asked = asyncio.create_task(session.engine.process(request(conversation(*said), ident=f"y{n}")))
            await asyncio.to_thread(slow.begun.wait)
            clock.advance(10)
            await asked
            said += [assistant("yes"), user("more")]
        await session.engine.process(request(conversation(*said), ident="y9"))
        assert slow.calls == 3


def deep(levels: int) -> bytes:
    return b'{"messages":' + b"[" * levels + b"]" * levels + b"}"


BAD = {
    "no JSON": b"{",
    "no object": b"[]",
    "nothing": b"",
    "not UTF-8": b'{"model":"m","messages":[{"role":"user","content":"\xff"}]}',
    "half a character": b'{"model":"m","messages":[{"role":"user","content":"\\ud800"}]}',
    "a key twice": b'{"model":"m","messages":[],"messages":[{"role":"user","content":"x"}]}',
    "no messages": b'{"model":"m"}',
    "messages of another kind": b'{"model":"m","messages":{"role":"user"}}',
    "a role nobody knows": b'{"messages":[{"role":"wizard","content":"x"}]}',
    "deep": deep(100_000),
}


@pytest.mark.parametrize("what", BAD)
def test_a_body_that_cannot_be_read_goes_as_it_came(ask: Ask, what: str) -> None:
    """One event says so, and no stage is troubled."""
    stage = Does(notes("a note"))
    with Session(stage) as session:
        outcome = ask(session, request(BAD[what]))
        assert outcome.body is None
        assert outcome.refusal is None
        bypassed = session.events(EventKind.BYPASSED)
        classified = session.events(EventKind.CLASSIFIED)
    assert len(bypassed) + len(classified) == 1
    assert stage.calls == 0 or not bypassed


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", b"no gzip"),
        ("snappy", BODY),
        ("gzip", gzip.compress(BODY, mtime=0)[:-9]),
        ("gzip", gzip.compress(b"0" * (1 << 24), mtime=0)),
    ],
)
def test_a_body_that_cannot_be_unpacked_goes_as_it_came(ask: Ask, encoding: str, body: bytes) -> None:
    """Damaged, of an unknown encoding, cut off, or a bomb."""
    stage = Does(notes("a note"))
    with Session(stage, profile=profile_of("[limits]\nbody_bytes = 1000000")) as session:
        assert ask(session, request(body, headers={"content-encoding": encoding})).body is None
        assert len(session.events(EventKind.BYPASSED)) == 1
    assert stage.calls == 0
