"""P10: the same body gets the same rewrite, and is no second turn."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import EventKind
from penstock.testing import Session, Turn, assistant, call, conversation, results, user
from tests.engines import WAYS, Does, request
from tests.strategies import Op, Scripted, edits, steps, turns

HISTORY = [user("hello"), assistant("yes", call("Read", path="a")), results("text of a")]


@given(turns(), st.lists(st.tuples(steps(), edits, st.sampled_from([0.0, 4000.0])), min_size=1, max_size=10))
def test_every_request_can_be_sent_again(said: list[Turn], plan: list[tuple[list[Turn], list[Op], float]]) -> None:
    """At any later time, whatever has landed since: the bytes are those of the first time."""
    stage = Scripted()
    said = list(said)
    sent: list[tuple[bytes, bytes]] = []
    with Session(stage) as session:
        for more, ops, gap in plan:
            session.wait(gap)
            stage.ops = ops
            body = conversation(*said)
            sent.append((body, session.send(body)))
            said += more
            for before, left in sent:
                assert session.send(before) == left
        assert stage.calls == len(plan)


def test_a_retry_after_a_flush_gets_what_its_first_attempt_got() -> None:
    """The ledger has moved on; the retry of an older body has not."""
    stage = Scripted()
    with Session(stage) as session:
        first = session.send(conversation(*HISTORY))
        session.wait(4000)
        stage.ops = [Op("replace", 0, 0, "shorter")]
        longer = conversation(*HISTORY, assistant("done"), user("more"))
        second = session.send(longer)
        assert b"shorter" in second
        assert session.send(conversation(*HISTORY)) == first
        assert session.send(longer) == second


def test_a_retry_is_told_apart_in_the_events() -> None:
    """`retry`, and the same turn number."""
    with Session(Does(lambda draft: draft.note("a note", reason="a test"))) as session:
        for _ in range(3):
            session.send(conversation(*HISTORY))
        said = [
            (e.payload["retry"], e.payload["turn"], e.payload["epoch"]) for e in session.events(EventKind.CLASSIFIED)
        ]
    assert said == [(False, 1, 0), (True, 1, 0), (True, 1, 0)]


def test_a_retry_after_a_restart_gets_the_same_bytes() -> None:
    """The new process knows from the store what the last one sent."""
    with Session(Does(lambda draft: draft.note("a note", reason="a test"))) as session:
        left = session.send(conversation(*HISTORY))
        assert b"a note" in left
        session.restart()
        assert session.send(conversation(*HISTORY)) == left


@pytest.mark.parametrize("way", WAYS)
def test_a_retry_of_what_left_untouched_leaves_untouched(way: str) -> None:
    """No edit made it in time for the first attempt: the second does not bring one either."""
    stage = Does(lambda draft: draft.note("a note", reason="a test"))
    with Session(stage) as session:
        splice = session.dialect.splice
        session.dialect.splice = lambda *_: 1 // 0  # type: ignore[assignment, return-value]
        assert WAYS[way](session, request(conversation(*HISTORY), ident="y1")).body is None
        session.dialect.splice = splice  # type: ignore[method-assign]
        again = WAYS[way](session, request(conversation(*HISTORY), ident="y2"))
        assert again.body is None
        assert again.exchange is not None
        assert again.exchange.is_retry


def test_the_same_words_packed_in_another_way_are_a_retry() -> None:
    """A client may pack its second attempt otherwise; the rewrite comes packed as the request is."""
    body = conversation(*HISTORY)
    with Session(Does(lambda draft: draft.note("a note", reason="a test"))) as session:
        left = session.send(body)
        packed = session.send(gzip.compress(body), {"content-encoding": "gzip"})
        assert gzip.decompress(packed) == left
        packed = session.send(zlib.compress(body), {"content-encoding": "deflate"})
        assert zlib.decompress(packed) == left


def test_another_conversation_with_the_same_body_is_no_retry() -> None:
    """Two sessions may begin with the same words."""
    stage = Does(lambda draft: draft.note("a note", reason="a test"))
    with Session(stage) as session:
        session.send(conversation(user("hello")))
        session.send(conversation(user("hello")), {"x-session-id": "another"})
    assert stage.calls == 2


def test_a_body_that_differs_in_a_byte_is_no_retry() -> None:
    """A blank between two messages, say: only the same bytes are the same request."""
    body = conversation(*HISTORY)
    with Session() as session:
        for sent in (body, body.replace(b"},{", b"}, {", 1), body):
            session.send(sent)
        assert [e.payload["retry"] for e in session.events(EventKind.CLASSIFIED)] == [False, False, True]
