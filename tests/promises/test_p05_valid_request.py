"""P5: what leaves is a request the provider takes, if what came was one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import BlockKind, Draft, EventKind, Stage
from penstock.testing import Session, Turn, assistant, call, conversation, results, user
from tests import strict
from tests.shapes import SHAPES, claude_code, claude_code_headers
from tests.strategies import Op, Scripted, edits, steps, turns

COLD = 4000.0


@pytest.mark.parametrize("client", SHAPES)
@given(said=turns(), plan=st.lists(st.tuples(steps(), edits, st.sampled_from([0.0, COLD])), min_size=1, max_size=8))
def test_no_edit_makes_an_invalid_request(client: str, said: list[Turn], plan: list[Any]) -> None:
    """Whatever a stage replaces, notes, compacts and drops, landing at once or at a flush: the provider's own rules,
    written down apart from the product, hold for everything that leaves."""
    stage = Scripted()
    first = SHAPES[client](said)
    with Session(stage, dialect=first.dialect) as session:
        for more, ops, gap in plan:
            session.wait(gap)
            stage.ops = ops
            sent = SHAPES[client](said)
            assert strict.faults(sent.dialect, sent.body) == []
            left = session.send(sent.body, sent.headers, path=sent.path)
            assert strict.faults(sent.dialect, left) == []
            check_rest(sent.body, left)
            if sent.dialect != "ollama-generate":
                said = said + more


@given(turns(4), st.lists(st.tuples(steps(), edits, st.sampled_from([0.0, COLD])), min_size=1, max_size=6))
def test_thinking_and_breakpoints_stay_as_the_client_set_them(said: list[Turn], plan: list[Any]) -> None:
    """No thinking changes or moves; the client's breakpoints are all there, with their lifetimes, in their order."""
    stage = Scripted()
    for shape in (lambda turns: claude_code(turns, bare=True), lambda turns: SHAPES["opencode"](turns).body):
        with Session(stage, headers=claude_code_headers()) as session:
            history = list(said)
            for more, ops, gap in plan:
                session.wait(gap)
                stage.ops = ops
                came = shape(history)
                left = session.send(came)
                check_marks(came, left)
                history += more


def check_marks(came: bytes, left: bytes) -> None:
    assert strict.marks(left) == strict.marks(came)
    thoughts = iter(strict.thinking(came))
    assert all(any(thought == one for one in thoughts) for thought in strict.thinking(left))


def check_rest(came: bytes, left: bytes) -> None:
    """Every field but the history is the client's own."""
    before, after = json.loads(came), json.loads(left)
    for name in ("messages", "input", "contents", "prompt"):
        before.pop(name, None)
        after.pop(name, None)
    assert after == before


class Does(Stage):
    """Does one thing to a draft."""

    name = "does"

    def __init__(self, what: Callable[[Draft], None]) -> None:
        self.what = what

    def on_request(self, draft: Draft) -> None:
        self.what(draft)


CALLED = [user("look"), assistant("yes", call("Read", path="a")), results("text of a"), assistant("done"), user("go")]


@pytest.mark.parametrize(("first", "last"), [(0, 1), (2, 2), (2, 3), (1, 1)])
def test_a_compaction_that_parts_a_call_from_its_result_stays_out(first: int, last: int) -> None:
    """The request goes as it came, the verdict stands in the events, and what else was proposed may come later."""
    with Session(Does(lambda draft: draft.compact(first, last, "a summary", reason="a test"))) as session:
        session.send(conversation(*CALLED))
        session.wait(COLD)
        body = conversation(*CALLED, assistant("went"), user("on"))
        assert session.send(body) == body
        said = [e.payload for e in session.events(EventKind.EDIT) if e.payload["state"] == "left out"]
        assert said
        assert [e for e in session.events(EventKind.FAULT) if e.payload["where"] == "check"]


def test_a_compaction_of_whole_turns_lands() -> None:
    """The rules do not keep out what is allowed: a call goes with its result."""
    with Session(Does(lambda draft: draft.compact(0, 3, "a summary", reason="a test"))) as session:
        session.send(conversation(*CALLED))
        session.wait(COLD)
        left = json.loads(session.send(conversation(*CALLED, assistant("went"), user("on"))))
    assert left["messages"][0] == {"role": "user", "content": [{"type": "text", "text": "a summary"}]}
    assert len(left["messages"]) == 4


def test_a_compaction_waits_while_a_breakpoint_stands_in_it() -> None:
    """The client's breakpoints are never removed: the edit lands when the client has moved them on."""
    said = [user("one"), assistant("two"), user("three"), assistant("four"), user("five")]
    with Session(Does(lambda draft: draft.compact(0, 1, "a summary", reason="a test"))) as session:
        marked = json.loads(conversation(*said))
        marked["messages"][1]["content"][0]["cache_control"] = {"type": "ephemeral"}
        session.send(json.dumps(marked).encode())
        session.wait(COLD)
        marked["messages"] += [{"role": "assistant", "content": "six"}, {"role": "user", "content": "seven"}]
        body = json.dumps(marked).encode()
        assert session.send(body) == body
        session.wait(COLD)
        del marked["messages"][1]["content"][0]["cache_control"]
        marked["messages"] += [{"role": "assistant", "content": "eight"}, {"role": "user", "content": "nine"}]
        left = session.send(json.dumps(marked).encode())
        assert b"a summary" in left


def test_a_breakpoint_inside_a_tool_result_keeps_the_result_whole() -> None:
    """Parts of a result can carry a breakpoint of their own; a new text would take it away."""
    body = json.loads(conversation(user("look"), assistant(call("Read", path="a")), results("x")))
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two", "cache_control": {"type": "ephemeral"}}]
    body["messages"][2]["content"][0]["content"] = parts
    raw = json.dumps(body).encode()

    def shorten(draft: Draft) -> None:
        for spot in draft.blocks(BlockKind.TOOL_RESULT):
            draft.replace(spot, "short", reason="a test")

    with Session(Does(shorten)) as session:
        assert session.send(raw) == raw


def test_a_fault_of_the_clients_own_is_left_to_the_provider() -> None:
    """A request that came invalid is not ours to mend, nor a reason to leave its edits out."""
    body = conversation(user("look"), assistant(call("Read", path="a")), user("never mind"))
    with Session(Does(lambda draft: draft.note("a note", reason="a test"))) as session:
        left = json.loads(session.send(body))
    assert left["messages"][2]["content"][1]["text"] == "a note"


def test_a_compaction_never_covers_the_newest_words() -> None:
    """A person who goes back to a message that was compacted away gets an answer to it, not to a summary."""
    said = [user("one"), assistant("two"), user("three"), assistant("four"), user("five")]
    stage = Scripted()
    with Session(stage) as session:
        session.send(conversation(*said))
        session.wait(COLD)
        stage.ops = [Op("compact", 0, 2, "a summary")]
        assert b"a summary" in session.send(conversation(*said, assistant("six"), user("seven")))
        back = conversation(*said[:3])
        assert session.send(back) == back
