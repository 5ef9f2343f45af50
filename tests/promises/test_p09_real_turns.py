"""P9: only real turns teach. What is none gets the same replay, and nothing new."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from penstock import Draft, Exchange, Kind, Reply, Stage
from penstock.testing import Session, assistant, call, conversation, results, user
from tests.shapes import claude_code, claude_code_headers

COUNT = "/v1/messages/count_tokens"
HISTORY = [user("hello"), assistant("yes", call("Read", path="a")), results("text of a")]


class Watches(Stage):
    """Notes everything it is called with, and edits whatever it sees."""

    name = "watches"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_request(self, draft: Draft) -> None:
        self.seen.append(f"request {draft.exchange.kind}")
        for spot in draft.blocks(new=True):
            if spot.block.slot is not None:
                draft.replace(spot, f"[{spot.text}]", reason="a test")

    def on_reply(self, exchange: Exchange, reply: Reply) -> None:
        self.seen.append(f"reply {exchange.kind}")

    def on_turn_complete(self, exchange: Exchange, reply: Reply) -> None:
        self.seen.append(f"turn {exchange.kind}")


def body(*more: Any, **fields: Any) -> bytes:
    return conversation(*HISTORY, *more, **fields)


NOT_REAL: dict[str, tuple[Callable[[], bytes], dict[str, str], str, Kind]] = {
    "a count": (lambda: body(assistant("done"), user("x")), {}, COUNT, Kind.COUNT),
    "a title": (lambda: body(system="You are a title generator."), {}, "", Kind.SIDE),
    "a quota check": (lambda: conversation(user("quota"), max_tokens=1), {}, "", Kind.SIDE),
    "a warm-up": (lambda: conversation(user("Warmup")), {}, "", Kind.SIDE),
    "an auxiliary call": (lambda: body(user("x")), claude_code_headers("auxiliary"), "", Kind.SIDE),
    "a compaction by header": (
        lambda: body(user("x")),
        claude_code_headers("compaction"),
        "",
        Kind.CLIENT_COMPACTION,
    ),
    "a compaction by its words": (
        lambda: body(user("Your task is to create a detailed summary of the conversation so far.")),
        {},
        "",
        Kind.CLIENT_COMPACTION,
    ),
}


@pytest.mark.parametrize("what", NOT_REAL)
def test_what_is_no_real_turn_calls_no_stage(what: str) -> None:
    """Not on the request, not on the answer; and what had landed is replayed in it."""
    make, headers, path, kind = NOT_REAL[what]
    stage = Watches()
    with Session(stage, headers=claude_code_headers()) as session:
        session.send(conversation(*HISTORY))
        session.reply("fine")
        stage.seen.clear()
        left = session.send(make(), headers, path=path)
        session.reply("an answer")
        assert session.outcome.exchange is not None
        assert session.outcome.exchange.kind is kind
        assert stage.seen == []
    assert (b"[text of a]" in left) == (b"text of a" in make())


def test_counting_gets_what_the_real_request_gets() -> None:
    """The number the client plans with is that of what is really sent."""
    stage = Watches()
    with Session(stage, headers=claude_code_headers()) as session:
        left = session.send(claude_code(HISTORY))
        counted = session.send(claude_code(HISTORY), path=COUNT)
        assert json.loads(counted)["messages"] == json.loads(left)["messages"]
        assert counted != claude_code(HISTORY)


def test_counting_first_leaves_the_real_request_all_its_edits() -> None:
    """A count of what was never sent sends nothing: the messages are as new as before."""
    stage = Watches()
    with Session(stage, headers=claude_code_headers()) as session:
        counted = session.send(claude_code(HISTORY), path=COUNT)
        assert counted == claude_code(HISTORY)
        assert b"[text of a]" in session.send(claude_code(HISTORY))


def test_a_side_call_leaves_the_conversation_where_it_was() -> None:
    """A title made of the first words is no new history: no epoch begins, and nothing counts as sent by it."""
    stage = Watches()
    with Session(stage, headers=claude_code_headers()) as session:
        session.send(claude_code(HISTORY))
        session.send(conversation(user("Generate a title for: hello")), claude_code_headers("auxiliary"))
        left = session.send(claude_code([*HISTORY, assistant("done"), user("more")]))
        assert b'"[more]"' in left
        assert session.outcome.exchange is not None
        assert session.outcome.exchange.epoch == 0


def test_a_retry_teaches_nothing() -> None:
    """The same body again is no second turn, and its answer no second answer."""
    stage = Watches()
    with Session(stage) as session:
        session.send(conversation(*HISTORY))
        session.reply("done")
        assert stage.seen == ["request tool-loop", "reply tool-loop", "turn tool-loop"]
        session.send(conversation(*HISTORY))
        session.reply("done")
    assert stage.seen == ["request tool-loop", "reply tool-loop", "turn tool-loop"]


def test_real_turns_teach() -> None:
    """A person's words, the results of tools, and the requests of a subagent."""
    stage = Watches()
    with Session(stage, headers=claude_code_headers()) as session:
        session.send(claude_code(HISTORY[:1]))
        session.reply("yes", call("Read", path="a"))
        session.send(claude_code(HISTORY))
        session.reply("done")
        session.send(claude_code([user("a task")]), claude_code_headers("subagent", agent="a1"))
        session.reply("did it")
    assert stage.seen == [
        "request main",
        "reply main",
        "request tool-loop",
        "reply tool-loop",
        "turn tool-loop",
        "request subagent",
        "reply subagent",
        "turn subagent",
    ]
