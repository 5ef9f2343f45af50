"""Pauses between requests, and whether the provider's cache lived through them."""

from __future__ import annotations

from typing import Any

import pytest

from penstock.conversation.exchange import State
from penstock.cost.prices import Prices
from penstock.events.payload import read
from penstock.events.request_events import ClassifiedEvent, TokenShares
from penstock.events.response_events import LoggedUsage
from penstock.stats.exchange import ExchangeRecord
from penstock.stats.pauses import Pause, find_pauses, span

MODEL = "claude-sonnet-4-5"
WHOLE = LoggedUsage(input=0, cache_read=9_000, cache_write=1_000)
AGAIN = LoggedUsage(input=0, cache_read=0, cache_write=12_000)


def one(at: float, usage: LoggedUsage = WHOLE, **more: Any) -> ExchangeRecord:
    about = {"kind": "main", "conversation": "c", "provider": "anthropic", "model": MODEL, "state": State.ANSWERED}
    return ExchangeRecord("x", at=at, usage=usage, **{**about, **more})


def pauses(*requests: ExchangeRecord) -> list[Pause]:
    return find_pauses(requests, (), (), Prices().of)


def test_there_is_one_before_each_request_but_a_conversation_s_first() -> None:
    """What only counts tokens, or never left, uses no cache; a call of the client's own does."""
    others = [one(5, kind="count"), one(6, state=State.REFUSED), one(7, conversation="d")]
    assert [pause.seconds for pause in pauses(one(1), *others, one(11), one(20, kind="side"), one(22))] == [10, 2]


def test_it_is_cold_past_the_lifetime_and_the_margin() -> None:
    """As the engine has it."""
    cold = [pause.is_cold for pause in pauses(one(0), one(310, AGAIN), one(621, AGAIN))]
    assert cold == [False, True]


def test_an_entry_that_was_found_lived() -> None:
    """Unless it may be that of tools and system, which other conversations use too."""
    [pause] = pauses(one(0), one(900))
    assert (pause.is_cold, pause.lifetime_s) == (False, 900)
    [pause] = pauses(one(0), one(900, shares=TokenShares(system=2_000, tools=5_000)))
    assert (pause.is_cold, pause.lifetime_s) == (True, 300)


@pytest.mark.parametrize(
    ("blocks", "is_sealed"),
    [
        ((("user", "tool_result"), ("assistant", "thinking"), ("user", "text")), False),
        ((("assistant", "thinking"), ("user", "tool_result"), ("user", "text")), True),
        ((("assistant", "text"), ("user", "tool_result")), False),
    ],
)
def test_a_round_is_what_answers_a_tool(blocks: tuple[tuple[str, str], ...], is_sealed: bool) -> None:
    """After the model's last message, and where there is thinking to be bound."""
    logged = [{"role": role, "kind": kind} for role, kind in blocks]
    last = one(11, model="claude-opus-5-5", said=[read(ClassifiedEvent, {"blocks": logged})])
    assert [pause.is_sealed for pause in pauses(one(1), last)] == [is_sealed]


def test_what_was_written_again_is_what_was_cached_before() -> None:
    """Not what is new in the request; it costs 1.25 times the price of input, instead of a tenth."""
    [pause] = pauses(one(0), one(900, AGAIN))
    assert pause.written_again == 10_000
    assert pause.dollars == pytest.approx(10_000 * 3e-6 * 1.15)


def test_a_history_that_was_summarised_is_not_written_again() -> None:
    """It is new to the provider, with or without a pause."""
    [pause] = pauses(one(0), one(900, AGAIN, epoch=1))
    assert (pause.written_again, pause.dollars) == (0, 0)


def test_where_writing_is_free_nothing_is_lost() -> None:
    """And where the price is not known, nobody can say."""
    for provider, model in (("openai", "gpt-5.5"), ("anthropic", "nobody-knows-1")):
        about: dict[str, Any] = {"provider": provider, "model": model}
        assert [pause.dollars for pause in pauses(one(0, **about), one(9_000, AGAIN, **about))] == [0]


def test_a_span_of_time_in_words() -> None:
    """Seconds only below an hour."""
    assert [span(n) for n in (0, 44.6, 130, 300, 3600, 3905)] == [
        "0 s",
        "45 s",
        "2 min 10 s",
        "5 min",
        "1 h",
        "1 h 5 min",
    ]
