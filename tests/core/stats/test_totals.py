"""Sums of turns and sessions."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.conversation.exchange import State
from penstock.events.payload import read
from penstock.events.request_events import EditEvent
from penstock.events.response_events import LoggedCost, LoggedUsage
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.tags import Tagged
from penstock.stats.totals import TAGS, SessionTotals, Totals

MONEY = read(LoggedCost, {"baseline": 0.04, "paid": 0.01})


def one(kind: str = "main", turn: int = 1, tags: tuple[str, ...] = (), **more: Any) -> ExchangeRecord:
    told = {"tokens_in": 1000, "tokens_out": 600, "state": State.ANSWERED, "money": MONEY, "inbound": Tagged(tags)}
    usage = LoggedUsage(input=20, cache_read=80, output=5)
    about = {"session": "s", "conversation": "t", "agent": "main", "usage": usage, "suite_ms": 4.0, "ms": 100.0}
    return ExchangeRecord("x", kind=kind, turn=turn, **{**told, **about, **more})


def change(op: str, before: int, after: int, state: str = "landed") -> EditEvent:
    return EditEvent("stage", op, state, "why", 0, 0, before, after, "", "", "")


def test_a_turn_is_a_message_and_what_it_led_to() -> None:
    """Its loops count with it; a client's own calls are of no turn, but of the session."""
    books = Totals()
    for found in (one(tags=("a",)), one("tool-loop", tags=("b", "a")), one("side"), one(turn=2), one(turn=1, epoch=1)):
        books.add(found)
    assert [(t.epoch, t.turn, t.sums.requests, list(t.tags)) for t in books.turns.values()] == [
        (0, 1, 2, ["a", "b"]),
        (0, 2, 1, []),
        (1, 1, 1, []),
    ]
    assert books.totals.requests == books.sessions["s"].sums.requests == 5


def test_money_tokens_and_time_are_added() -> None:
    """And what share of the input came from a cache."""
    sums = SessionTotals()
    changes = [change("note", 0, 50), change("replace", 300, 100), change("replace", 9, 1, "pending")]
    sums.add(one(changes=changes, injected_now=50, freed_now=200))
    sums.add(one(state=State.FAILED, money=None))
    assert (sums.came, sums.sent, sums.injected, sums.freed, sums.edits) == (2000, 1200, 50, 200, 2)
    assert (sums.money.saved, sums.money.requests, sums.money.estimated, sums.failed) == (pytest.approx(0.03), 1, 0, 1)
    assert (sums.cache_share, sums.suite_ms, sums.ms) == (0.8, 8.0, 200.0)


def test_keep_alive_requests_are_paid_for_and_nothing_else() -> None:
    """No request, no turn, no tokens of the provider's."""
    books, plain = Totals(), Totals()
    books.add(one(reads=3, reads_cost=0.002))
    plain.add(one())
    found, without = books.totals.payload(), plain.totals.payload()
    assert found["money"].pop("keep_alive") == {"reads": 3, "usd": 0.002}
    assert without["money"].pop("keep_alive") == {"reads": 0, "usd": 0.0}
    assert found["money"].pop("paid") == pytest.approx(without["money"].pop("paid") + 0.002)
    assert found["money"].pop("saved") == pytest.approx(without["money"].pop("saved") - 0.002)
    assert found == without
    assert len(books.turns) == len(plain.turns) == 1
    assert one(reads=3, reads_cost=0.002).payload()["keep_alive"] == {"reads": 3, "usd": 0.002}


def test_counting_tokens_is_no_traffic() -> None:
    """The call is counted, its tokens are not: they were sent nowhere."""
    sums = SessionTotals()
    sums.add(one("count"))
    assert (sums.requests, sums.came, sums.money.requests) == (1, 0, 0)


def test_what_was_refused_was_sent_nowhere() -> None:
    """It is a request, and its tokens are neither traffic nor a saving."""
    sums = SessionTotals()
    sums.add(one(state=State.REFUSED, money=None, tokens_out=None))
    assert (sums.requests, sums.turns, sums.refused, sums.came, sums.sent) == (1, 1, 1, 0, 0)


def test_a_turn_is_begun_by_a_person() -> None:
    """What a subagent is told begins none, nor does a retry, nor what a client asks for itself."""
    sums = SessionTotals()
    for found in (one(), one(retry=True), one("tool-loop"), one("subagent"), one("side")):
        sums.add(found)
    assert sums.turns == 1


def test_a_request_that_passed_unread_was_sent_as_it_came() -> None:
    """It is no saving."""
    sums = SessionTotals()
    sums.add(one(tokens_out=None))
    assert sums.came == sums.sent == 1000


def test_compactions_stand_by_themselves() -> None:
    """With why then, where they landed."""
    books = Totals()
    books.add(one(flush="the cache is cold", changes=[change("compact", 900, 90), change("compact", 5, 1, "pending")]))
    assert [(c.state, c.before, c.after, c.why_now) for c in books.compactions] == [
        ("landed", 900, 90, "the cache is cold"),
        ("pending", 5, 1, ""),
    ]
    [turn] = books.turns.values()
    assert (turn.compactions, turn.flushes) == (1, 1)


def test_tags_of_a_turn_are_bounded() -> None:
    """P14."""
    books = Totals()
    for n in range(3):
        books.add(one(tags=tuple(f"tag-{n}-{i}" for i in range(TAGS))))
    [turn] = books.turns.values()
    assert len(turn.tags) == TAGS
