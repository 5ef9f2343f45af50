"""The engine: what it makes of a request, and what it tells about it. The promises show the rest."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from penstock import BlockKind, Draft, EventKind, Exchange, Kind, Reply, Stage
from penstock.base.errors import ProfileError
from penstock.conversation.exchange import Request, State
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.base import Endpoint
from penstock.dialects.bundled import bundled_dialects
from penstock.engine.engine import Engine
from penstock.engine.pipeline import Pipeline
from penstock.engine.proxy_decision import ProxyDecision
from penstock.events.log import EventLog
from penstock.profiles.profile import load
from penstock.store.in_memory import MemoryStore
from penstock.testing import ManualClock, Session, assistant, call, conversation, profile_of, results, user
from tests.engines import WAYS, Does, request
from tests.shapes import SHAPES


def engine_with(*stages: Stage) -> tuple[Engine, EventLog]:
    clock = ManualClock()
    store = MemoryStore()
    log = EventLog(store, clock=clock)
    engine = Engine(
        dialects=bundled_dialects(),
        pipelines=lambda name: Pipeline(load(name), stages, clock),
        profile="default",
        store=store,
        log=log,
        key=b"k" * 32,
        clock=clock,
    )
    return engine, log


@pytest.mark.parametrize("client", SHAPES)
@pytest.mark.parametrize("way", WAYS)
def test_every_client_is_read(client: str, way: str) -> None:
    """By its path, among all dialects; the exchange says who, what and how far."""
    sent = SHAPES[client]([user("one"), assistant("two", call("Read", path="a")), results("three")])
    with Session(dialect=sent.dialect, headers=sent.headers) as session:
        asked = Request("x", "POST", "localhost", sent.path, sent.headers, sent.body)
        outcome = WAYS[way](session, asked)
    assert outcome.exchange is not None
    exchange = outcome.exchange
    assert (exchange.dialect, exchange.path, exchange.state) == (sent.dialect, sent.path, State.REWRITTEN)
    assert exchange.kind is (Kind.MAIN if client == "ollama-prompt" else Kind.TOOL_LOOP)
    assert exchange.model
    assert exchange.turn == 1
    assert exchange.prompt == ("one" if client == "ollama-prompt" else "")


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("POST", "/v1/messages", "anthropic"),
        ("POST", "/v1/chat/completions", "openai-chat"),
        ("POST", "/backend-api/codex/responses", "openai-responses"),
        ("POST", "/api/chat", "ollama-chat"),
        ("POST", "/api/generate", "ollama-generate"),
        ("POST", "/v1beta/models/gemini-2.5-pro:generateContent", "gemini"),
        ("GET", "/v1/messages", None),
        ("POST", "/v1/embeddings", None),
        ("GET", "/", None),
    ],
)
def test_requests_find_their_dialect(method: str, path: str, name: str | None) -> None:
    """By method and path; what is no model request has none."""
    engine, log = engine_with()
    found = engine.route(method, path)
    assert (found[0].name if found else None) == name
    engine.close()
    log.close()


def test_a_profile_that_cannot_be_used_stops_the_start() -> None:
    """Not the first request."""

    def broken(name: str) -> Pipeline:
        raise ProfileError(f"{name}: no")

    log = EventLog(MemoryStore())
    with pytest.raises(ProfileError, match="default: no"):
        Engine(
            dialects=[],
            pipelines=broken,
            profile="default",
            store=MemoryStore(),
            log=log,
            key=b"k" * 32,
        )
    log.close()


@pytest.mark.parametrize("way", WAYS)
def test_a_refusal_comes_in_the_providers_own_form(way: str) -> None:
    """429 with the time to wait and the sentence; nothing is forwarded, nothing counts as sent."""
    stage = Does(lambda draft: draft.refuse("over budget", retry_after=30))
    with Session(stage) as session:
        outcome = WAYS[way](session, request(conversation(user("one")), ident="y1"))
        assert outcome.refusal is not None
        assert (outcome.refusal.status, outcome.refusal.headers["retry-after"]) == (429, "30")
        assert json.loads(outcome.refusal.body)["error"] == {"type": "rate_limit_error", "message": "over budget"}
        assert outcome.exchange is not None
        assert outcome.exchange.state is State.REFUSED
        stage.what = lambda draft: draft.note("a note", reason="r")
        again = WAYS[way](session, request(conversation(user("one")), ident="y2"))
        assert again.body is not None
        (event,) = session.events(EventKind.REFUSED)
        assert (event.payload["stage"], event.payload["retry_after"]) == ("does", 30)


def test_words_are_those_a_stage_left() -> None:
    """Cleaned words go to the events and to the stages that look at the answer."""
    seen: list[str] = []

    class Cleans(Stage):
        name = "cleans"

        def on_request(self, draft: Draft) -> None:
            draft.prompt = draft.prompt.removeprefix("[noise] ")

        def on_reply(self, exchange: Exchange, reply: Reply) -> None:
            seen.append(exchange.prompt)

    with Session(Cleans()) as session:
        session.send(conversation(user("[noise] hello")))
        session.reply("yes")
        assert session.events(EventKind.CLASSIFIED)[0].payload["words"] == "hello"
    assert seen == ["hello"]


def test_the_life_of_an_exchange_is_in_the_events() -> None:
    """Each step once, in order."""
    with Session(Does(lambda draft: draft.note("a note", reason="r"))) as session:
        session.send(conversation(user("one")))
        session.reply("yes")
        assert [e.kind.value for e in session.events()] == [
            "received",
            "classified",
            "stage",
            "edit",
            "rewritten",
            "forwarded",
            "answered",
            "processed",
        ]
        assert {e.exchange for e in session.events()} == {"x0001"}


def test_what_was_saved_is_counted() -> None:
    """In bytes exactly, in tokens by estimate."""
    with Session(Does(lambda draft: draft.replace(draft.blocks()[0], "short", reason="r"))) as session:
        body = conversation(user("long " * 2000))
        left = session.send(body)
        payload = session.events(EventKind.REWRITTEN)[0].payload
    assert (payload["bytes_in"], payload["bytes_out"]) == (len(body), len(left))
    assert payload["tokens_in"] > 2000 > 100 > payload["tokens_out"]
    assert (payload["edits"], payload["replayed"], payload["pending"]) == (1, 0, 0)


def test_a_shrunken_history_begins_an_epoch() -> None:
    """The client compacted, went back or branched; a restart does not forget how often."""
    said = [user("one"), assistant("two"), user("three"), assistant("four"), user("five")]
    with Session() as session:
        session.send(conversation(*said))
        session.send(conversation(user("a summary")))
        assert session.outcome.exchange is not None
        assert session.outcome.exchange.epoch == 1
        session.restart()
        session.send(conversation(user("a summary"), assistant("yes"), user("more")))
        assert session.outcome.exchange.epoch == 1


async def test_an_answer_that_did_not_come_is_shown_to_nobody() -> None:
    """A refused request, one that was not read, one without a reply."""
    with Session() as session:
        session.engine.responses.answered(ProxyDecision())
        outcome = await session.engine.process(request(conversation(user("one"))))
        session.engine.responses.answered(outcome)
        assert outcome.exchange is not None
        assert outcome.exchange.state is State.REWRITTEN


async def test_requests_of_one_conversation_may_come_at_once() -> None:
    """Each is answered; what the stages propose lands once."""
    with Session(Does(lambda draft: draft.note("a note", reason="r"))) as session:
        asked = [request(conversation(user("one")), ident=f"y{n}") for n in range(12)]
        outcomes = await asyncio.gather(*(session.engine.process(one) for one in asked))
        assert len({outcome.body for outcome in outcomes}) == 1
        assert outcomes[0].body is not None
        assert outcomes[0].body.count(b"a note") == 1
        assert outcomes[0].exchange is not None
        assert len(session.store.edits_of(outcomes[0].exchange.identity.conversation)) == 1


async def test_a_request_that_could_not_wait_used_the_cache() -> None:
    """Its conversation was busy for too long, so it left as it came, unread: what the provider has cached is not cold
    for the next one all the same (P4). A count writes no cache, and makes nothing old."""
    said = [user("one " * 99), assistant("two"), user("three")]
    stage = Does(lambda draft: None)
    with Session(stage, profile=profile_of("[limits]\nread_ms = 100\n")) as session:
        session.send(conversation(*said))
        assert session.outcome.exchange is not None
        state = session.engine._states.get(session.outcome.exchange.identity.conversation)
        stage.what = lambda draft: draft.replace(draft.blocks()[0], "short", reason="r")
        for path, untouched in (("/v1/messages/count_tokens", 0), ("/v1/messages", 1)):
            session.wait(4000)
            with held(state.lock):
                body = conversation(*said, assistant("four"), user("five"))
                asked = request(body, headers=session.headers, path=path)
                waiting = asyncio.create_task(session.engine.process(asked))
                while not waiting.done():
                    session.wait(0.05)
                    await asyncio.sleep(0)
                assert waiting.result().body is None
                assert len(state.untouched) == untouched
        session.send(conversation(*said, assistant("four"), user("five"), assistant("six"), user("seven")))
        assert not session.events(EventKind.FLUSH)


@contextmanager
def held(lock: threading.RLock) -> Iterator[None]:
    """Another thread has `lock`."""
    taken, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            taken.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    taken.wait(30)
    try:
        yield
    finally:
        done.set()
        holder.join()


def test_a_dialect_that_fails_is_passed_over() -> None:
    """The others may know the request."""

    class Broken(Anthropic):
        name = "broken"

        def endpoint(self, method: str, path: str) -> Endpoint | None:
            raise RuntimeError("no such path")

    with Session(dialect=Broken()) as session:
        assert session.engine.route("POST", "/v1/messages") is None
        (fault,) = session.events(EventKind.FAULT)
    assert "'broken' fails at POST /v1/messages" in str(fault.payload["error"])


def test_closing_ends_every_thread() -> None:
    """None is left behind by the engine and its log."""
    before = set(threading.enumerate())
    with Session() as session:
        asyncio.run(session.engine.process(request(conversation(user("one")))))
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=30)
        assert not thread.is_alive()


def lands_late(draft: Draft) -> None:
    """Propose an edit on the first result once it was sent."""
    for spot in draft.blocks(BlockKind.TOOL_RESULT, new=False)[:1]:
        draft.replace(spot, "[short]", reason="r")


def talk(length: int) -> bytes:
    turns = [user("look"), assistant(call("Read", path="a")), results("x" * 999), assistant("it is x")]
    return conversation(*turns, *(t for n in range(length) for t in (user(f"more {n}"), assistant("yes"))), user("on"))


@pytest.mark.parametrize("name", ["", "the id", "the session"])
def test_a_flush_can_be_asked_for(name: str) -> None:
    """Of all conversations, or of one by its id or its session's: what waits lands at its next request though the
    cache is warm, and says why. Once: what comes after waits again."""
    with Session(Does(lands_late)) as session:
        session.send(talk(0))
        assert b"[short]" not in session.send(talk(1))
        assert session.outcome.exchange is not None
        identity = session.outcome.exchange.identity
        wanted = {"the id": identity.conversation, "the session": identity.session}.get(name, "")
        assert session.engine.compact_now(wanted) == 1
        assert b"[short]" in session.send(talk(2))
        (flush,) = session.events(EventKind.FLUSH)
        session.send(talk(3))
        assert session.events(EventKind.FLUSH) == [flush]
    assert flush.payload["why"] == "a person asked"


def test_a_flush_of_nobody() -> None:
    """A name that no conversation in memory has, and a proxy that has seen none: nobody is asked."""
    with Session(Does(lands_late)) as session:
        assert session.engine.compact_now() == 0
        session.send(talk(0))
        assert session.engine.compact_now("another") == 0
        assert b"[short]" not in session.send(talk(1))


def test_a_retry_does_not_use_up_what_was_asked() -> None:
    """The same bytes get the same rewrite (P10); the next real request is the one."""
    with Session(Does(lands_late)) as session:
        session.send(talk(0))
        session.send(talk(1))
        session.engine.compact_now()
        assert b"[short]" not in session.send(talk(1))
        assert b"[short]" in session.send(talk(2))


def test_a_request_whose_session_is_deleted_meanwhile_goes_as_it_came() -> None:
    """No edit lands by a ledger that is gone: the next request would not find it."""
    deleting: list[bool] = []

    def note(draft: Draft) -> None:
        draft.note(f"note {len(deleting)}", reason="a test")
        if deleting.pop() if deleting else False:
            with session.engine.forgotten([draft.exchange.identity.conversation]):
                pass

    with Session(Does(note)) as session:
        first = conversation(user("one"))
        assert session.send(first) != first
        deleting.append(True)
        said = conversation(user("one"), assistant("two"), user("three"))
        assert session.engine.process_now(request(said)).body is None
        assert session.events(EventKind.BYPASSED)[-1].payload["why"] == "its session was deleted meanwhile"
        assert session.events(EventKind.EDIT)[-1].exchange != session.events(EventKind.BYPASSED)[-1].exchange
