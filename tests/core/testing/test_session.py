"""An engine without a wire, that holds everything that leaves against the promises."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock import Draft, Event, EventKind, Exchange, Reply, Stage, Usage
from penstock.base import paths
from penstock.conversation.exchange import State
from penstock.dialects.anthropic import Anthropic
from penstock.plugins.manager import BLOCK_VARIABLE
from penstock.store.sql import SqlStore
from penstock.testing import ManualClock, PromiseBroken, Session, assistant, call, conversation, results, user
from tests.engines import Does


def nothing(_: Draft) -> None:
    """Proposes nothing."""


def test_what_is_not_edited_leaves_as_it_came() -> None:
    """`send` gives the bytes that leave; the outcome says more."""
    with Session() as session:
        body = conversation(user("hello"))
        assert session.send(body) == body
        assert session.outcome.exchange is not None
        assert session.outcome.exchange.state is State.FORWARDED


def test_a_refused_request_leaves_no_bytes() -> None:
    """The answer in its stead is in the outcome."""
    with Session(Does(lambda draft: draft.refuse("over budget"))) as session:
        assert session.send(conversation(user("hello"))) == b""
        assert session.outcome.refusal is not None


def test_what_cannot_be_read_leaves_as_it_came() -> None:
    """There is nothing to hold it against."""
    with Session() as session:
        assert session.send(b"no JSON") == b"no JSON"
        assert session.outcome.exchange is None
        with pytest.raises(ValueError, match="no request to answer"):
            session.reply("yes")


@pytest.mark.parametrize("dialect", ["anthropic", "openai-chat", "openai-responses", "ollama-chat", "gemini"])
def test_a_conversation_is_played_request_by_request(dialect: str) -> None:
    """Stages see requests and answers as they would on the wire."""
    seen: list[str] = []

    class Sees(Stage):
        name = "sees"

        def on_request(self, draft: Draft) -> None:
            seen.append(f"asked {draft.exchange.kind}")

        def on_reply(self, exchange: Exchange, reply: Reply) -> None:
            seen.append(f"answered {reply.text} {[t.name for t in reply.tools]} {reply.usage.output}")

    said = [user("look"), assistant("yes", call("Read", path="a")), results("text")]
    with Session(Sees(), dialect=dialect) as session:
        session.send(conversation(said[0], dialect=dialect))
        session.reply("yes", call("Read", path="a"), usage=Usage(output=3))
        session.send(conversation(*said, dialect=dialect))
        session.reply("done")
    assert seen == ["asked main", "answered yes ['Read'] 3", "asked tool-loop", "answered done [] None"]


def test_the_log_tells_what_the_wire_would() -> None:
    """With the times of the session's clock."""
    clock = ManualClock(at=50.0)
    heard: list[Event] = []
    with Session(clock=clock, listeners=[heard.append]) as session:
        session.send(conversation(user("hello")))
        session.wait(3)
        session.reply("yes", usage=Usage(input=5))
        assert [(e.kind.value, e.at) for e in session.events()] == [
            ("received", 50.0),
            ("classified", 50.0),
            ("rewritten", 50.0),
            ("forwarded", 50.0),
            ("answered", 53.0),
            ("processed", 53.0),
        ]
        (answered,) = session.events(EventKind.ANSWERED)
        assert (answered.payload["model"], answered.payload["usage"]) == ("claude-sonnet-4-5", {"input": 5})
    assert len(heard) == 6


def test_a_packed_request_leaves_packed() -> None:
    """And is held against the promises unpacked."""
    with Session(Does(lambda draft: draft.note("a note", reason="r"))) as session:
        left = session.send(gzip.compress(conversation(user("hello"))), {"content-encoding": "gzip"})
    assert gzip.decompress(left) == conversation(user("hello", "a note"))


def test_a_restart_keeps_the_store_and_nothing_else(tmp_path: Path) -> None:
    """Whichever store it is."""
    stage = Does(lambda draft: draft.note("a note", reason="r"))
    with Session(stage, store=SqlStore(tmp_path / "penstock.db")) as session:
        session.send(conversation(user("hello")))
        before = session.engine
        session.restart()
        assert session.engine is not before
        stage.what = nothing
        assert b"a note" in session.send(conversation(user("hello"), assistant("yes"), user("more")))
        session.store.close()


class Forgets(Anthropic):
    """Writes something else the second time."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def splice(self, conversation: object, changes: object) -> bytes:
        return super().splice(conversation, changes).replace(b"a note", self.text.encode())  # type: ignore[arg-type]


def test_a_history_that_does_not_go_on_fails_the_test() -> None:
    """P3, from one request to the next, without a word in the test."""
    dialect = Forgets("a note")
    stage = Does(lambda draft: draft.note("a note", reason="r"))
    with Session(stage, dialect=dialect) as session:
        session.send(conversation(user("hello")))
        dialect.text = "another note"
        with pytest.raises(PromiseBroken, match="P3: message 0"):
            session.send(conversation(user("hello"), assistant("yes"), user("more")))


def test_a_request_the_provider_refuses_fails_the_test() -> None:
    """P5: also when the engine's own check were to let it pass."""
    dialect = Anthropic()
    faults: list[str] = []
    dialect.violations = lambda conversation: faults if len(conversation.messages[0].blocks) > 1 else []  # type: ignore[method-assign]
    with Session(Does(lambda draft: draft.note("a note", reason="r")), dialect=dialect) as session:
        session.send(conversation(user("hello")))
        send = session.engine.process_now

        def later(asked: object) -> object:
            outcome = send(asked)  # type: ignore[arg-type]
            faults.append("a rule of tomorrow")
            return outcome

        session.engine.process_now = later  # type: ignore[method-assign, assignment]
        with pytest.raises(PromiseBroken, match="P5: a rule of tomorrow"):
            session.send(conversation(user("hello"), assistant("yes"), user("more")))


def test_a_flush_may_change_the_history() -> None:
    """That is what it is for."""
    stage = Does(nothing)
    with Session(stage) as session:
        session.send(conversation(user("hello")))
        stage.what = lambda draft: draft.replace(draft.blocks()[0], "short", reason="r")
        session.wait(400)
        assert b"short" in session.send(conversation(user("hello"), assistant("yes"), user("more")))


def test_fixtures_play_and_tidy_up(play: Callable[..., Session], penstock_home: Path) -> None:
    """`play` makes sessions, in a Penstock of its own."""
    session = play(Does(lambda draft: draft.note("a note", reason="r")), dialect="gemini")
    assert b"a note" in session.send(conversation(user("hello"), dialect="gemini"))
    assert paths.store_path().is_relative_to(penstock_home)
    assert not penstock_home.exists()


def test_fixtures_unblock_plugins() -> None:
    """What the machine's owner has blocked is not blocked in a test."""

    assert BLOCK_VARIABLE not in os.environ
