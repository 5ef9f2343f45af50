"""What does not land, whatever a stage proposes; P12 shows the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from penstock import Draft
from penstock.cost.prices import Price
from penstock.edits.ledger import resolve
from penstock.engine.guard import COVERED, GROWTH, LONGER, UNCACHED, reject_unprofitable
from penstock.testing import assistant, conversation, dialect_of, draft_for, user

PRICE = Price(input=3.0, output=15.0, window=200_000, least=1000)
LONG = "word " * 1000


def left_out(what: Callable[[Draft], None], price: Price = PRICE, cache: str = "5m") -> list[tuple[str, str]]:
    """The texts that do not land, and why."""
    draft = draft_for(conversation(user(LONG), assistant("yes"), user("more"), cache=cache)).for_stage("a-stage")
    what(draft)
    replay = resolve(draft.conversation, draft.edits)
    dialect = dialect_of("anthropic")
    view = dialect.read(dialect.splice(draft.conversation, replay.changes), "/v1/messages")
    return [(edit.text, why) for edit, why in reject_unprofitable(draft.edits, replay, draft.conversation, view, price)]


def replaces(*texts: str) -> Callable[[Draft], None]:
    def do(draft: Draft) -> None:
        for spot, text in zip(draft.blocks(), texts, strict=False):
            draft.replace(spot, text, reason="r")

    return do


def test_what_shortens_lands() -> None:
    """And what leaves the length as it is."""
    assert left_out(replaces(LONG[:4500])) == []
    assert left_out(replaces(LONG, "YES", "MORE")) == []


def test_what_lengthens_does_not() -> None:
    """The request as a whole counts: where it shrinks, a part of it may grow."""
    grown = "yes" + "!" * (GROWTH + 1)
    assert left_out(replaces(LONG, grown, "m")) == []
    assert left_out(replaces(LONG, grown + "!!!", "m")) == [(grown + "!!!", LONGER)]
    assert left_out(replaces(LONG[:-100], grown)) == []


def test_what_a_record_stands_for_anyway_does_not() -> None:
    """An edit to a block inside messages that go: it would be stored and charged, and change nothing."""

    def both(draft: Draft) -> None:
        replaces("short", "y")(draft)
        draft.compact(0, 1, "a record", reason="r")

    assert left_out(both) == [("short", COVERED), ("y", COVERED)]


def test_a_record_inside_a_larger_one_does_not() -> None:
    """The larger one tells it all."""

    def both(draft: Draft) -> None:
        draft.compact(1, 1, "a part", reason="r")
        draft.compact(0, 1, "all of it", reason="r")

    assert left_out(both) == [("a part", COVERED)]


def test_a_record_longer_than_what_it_tells_does_not() -> None:
    """A record of nothing at all does."""
    assert left_out(lambda draft: draft.compact(0, 1, LONG * 2, reason="r")) == [(LONG * 2, LONGER)]
    assert left_out(lambda draft: draft.drop(1, 1, reason="r")) == []


def test_notes_are_no_edits_of_that_sort() -> None:
    """They add, and that is what they are for."""
    assert left_out(lambda draft: draft.note(LONG, reason="r")) == []


@pytest.mark.parametrize(
    ("left", "price", "cache", "why"),
    [
        (2500, PRICE, "5m", [UNCACHED]),
        (3200, PRICE, "5m", []),  # enough is left
        (300, PRICE, "5m", []),  # so little costs less in full than all of it from the cache
        (2500, PRICE, "", []),  # the client has nothing cached anyway
        (2500, replace(PRICE, caching="prefix"), "", [UNCACHED]),
        (2500, replace(PRICE, least=0), "5m", []),
        (2500, replace(PRICE, least=5000), "5m", []),
    ],
)
def test_what_is_left_must_be_worth_caching(left: int, price: Price, cache: str, why: list[str]) -> None:
    """Where what came is cached, and what would be sent is not, and costs more for it."""
    assert [reason for _, reason in left_out(replaces(LONG[:left]), price, cache)] == why
