"""Which requests are booked, and what their answers' events say of it."""

from __future__ import annotations

from typing import Any

from penstock import Draft, EventKind
from penstock.conversation.reply import Usage
from penstock.testing import Session, conversation, profile_of, user
from tests.engines import Does

COUNTED = Usage(input=10, output=20, cache_read=3000, cache_write=100)


def money(session: Session) -> list[dict[str, Any]]:
    return [event.payload["money"] for event in session.events(EventKind.ANSWERED) if "money" in event.payload]


def shortens(draft: Draft) -> None:
    draft.replace(draft.blocks()[0], "short", reason="r")


def test_every_answer_tells_its_money() -> None:
    """What it would have cost, what was paid, and in which sorts of tokens."""
    with Session(Does(shortens)) as session:
        session.send(conversation(user("word " * 4000), cache="5m", model="claude-sonnet-4-5"))
        session.reply("done", usage=Usage(input=50, output=20, cache_read=0, cache_write=0))
        [said] = money(session)
    assert set(said) == {"baseline", "paid", "naive", "came", "sent", "reads_saved", "writes_caused", "how"}
    assert said["baseline"] > said["paid"]
    assert said["how"] == "exact"
    assert sum(said["came"].values()) > sum(said["sent"].values()) == 50


def test_a_retry_is_paid_for_in_the_stead_of_the_attempt_that_failed() -> None:
    """The first was never answered; the second is, once."""
    body = conversation(user("word " * 4000), cache="5m")
    with Session(Does(shortens)) as session:
        session.send(body)
        session.send(body)
        session.reply("done", usage=COUNTED)
        [said] = money(session)
    assert said["baseline"] > said["paid"]


def test_the_clients_own_calls_are_paid_for_too() -> None:
    """A title costs money, the same on both sides."""
    with Session(profile=profile_of("[kinds]\nside = ['write a title']")) as session:
        session.send(conversation(user("Please write a title")))
        session.reply("A title", usage=COUNTED)
        [classified] = session.events(EventKind.CLASSIFIED)
        [said] = money(session)
    assert classified.payload["kind"] == "side"
    assert said["baseline"] == said["paid"] == said["naive"] > 0


def test_counting_tokens_costs_nothing() -> None:
    """No answer of a model."""
    with Session() as session:
        session.send(conversation(user("hi")), path="/v1/messages/count_tokens")
        session.reply("12")
        assert money(session) == []
