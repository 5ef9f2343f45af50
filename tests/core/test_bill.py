"""What one request cost, and what it would have cost otherwise."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.bill import bill
from penstock.mirror import Cost
from penstock.money import Booking
from penstock.naive import NaiveCost
from penstock.prices import Prices
from penstock.reply import Usage

PRICE = Prices().of("anthropic", "claude-sonnet-4-5")
tokens = st.integers(0, 300_000)
costs = st.builds(Cost, tokens, tokens, tokens, tokens)
usages = st.builds(Usage, input=tokens, output=tokens, cache_read=tokens, cache_write=tokens)


@given(costs, usages)
def test_what_nobody_edited_costs_the_same_on_both_sides(cost: Cost, usage: Usage) -> None:
    """Whatever the mirror thought of it, and whatever the provider counted: nothing is saved, and nothing lost."""
    found = bill(Booking(cost, cost, PRICE), usage)
    if cost.total or not usage.prompt:
        assert found.baseline == found.paid == found.naive
        assert found.came == found.sent


@given(costs, costs, usages)
def test_figures_stay_possible(came: Cost, sent: Cost, usage: Usage) -> None:
    """No sort of tokens falls below zero, and no dollars do."""
    found = bill(Booking(came, sent, PRICE), usage)
    for cost in (found.came, found.sent):
        assert min(cost.plain, cost.read, cost.write, cost.write_hour) >= 0
    assert min(found.baseline, found.paid, found.naive) >= 0


def test_what_the_provider_counted_is_what_was_paid() -> None:
    """At the model's prices, output included."""
    booking = Booking(Cost(read=8000, write=2000), Cost(read=4000, write=1000), PRICE)
    found = bill(booking, Usage(input=10, output=100, cache_read=4200, cache_write=1090))
    assert found.paid == pytest.approx((10 + 4200 * 0.1 + 1090 * 1.25) * 3e-6 + 100 * 15e-6)
    assert found.counted
    assert found.came.total == round(10_000 * 5300 / 5000), "our estimate was so many times too small"


def test_entries_of_an_hour_are_paid_as_such() -> None:
    """The provider names one sum; the breakpoints of the request tell which it is."""
    cost = Cost(write_hour=1000)
    found = bill(Booking(cost, cost, PRICE), Usage(input=0, output=0, cache_read=0, cache_write=1000))
    assert found.paid == pytest.approx(1000 * 2 * 3e-6)


def test_without_a_count_it_is_an_estimate() -> None:
    """And says so."""
    found = bill(Booking(Cost(plain=2000), Cost(plain=1000), PRICE), Usage())
    assert (found.came.plain, found.sent.plain, found.counted) == (2000, 1000, False)
    assert found.payload()["how"] == "estimated"
    assert found.saved == pytest.approx(1000 * 3e-6)


def test_after_a_restart_nothing_seems_saved() -> None:
    """The mirror is empty then, and thinks that all is written; the provider says that it was read."""
    booking = Booking(Cost(write=50_000), Cost(write=49_000), PRICE)
    found = bill(booking, Usage(input=0, output=0, cache_read=48_900, cache_write=100))
    assert found.came.read > 49_000
    assert 0 <= found.saved < 0.001


def test_a_count_of_what_came() -> None:
    """In a recording it is what came that was paid for; what is sent instead is the estimate."""
    booking = Booking(Cost(read=8000, write=2000), Cost(read=4000, write=1000), PRICE)
    found = bill(booking, Usage(input=0, output=0, cache_read=16_000, cache_write=4000), counted="came")
    assert (found.came.read, found.came.write) == (16_000, 4000)
    assert (found.sent.read, found.sent.write) == (8000, 2000)


def test_a_loss_shows() -> None:
    """An edit that broke the cache is told in tokens and in dollars."""
    found = bill(Booking(Cost(read=10_000), Cost(write=9000), PRICE), Usage())
    said = found.payload()
    assert found.saved < 0
    assert (said["reads_saved"], said["writes_caused"]) == (10_000, 9000)
    assert len(json.dumps(said)) < 300, "it stands in every answer's event"


def test_calls_of_our_own_are_told_apart() -> None:
    """They lessen what was saved; where there were none, nothing is said of them."""
    cost = Cost(plain=1000)
    found = bill(Booking(cost, cost, PRICE, own=0.25), Usage())
    assert (found.payload()["own"], found.saved) == (0.25, -0.25)
    assert "own" not in bill(Booking(cost, cost, PRICE), Usage()).payload()


def test_the_summary_of_a_client_that_compacts_is_paid_for() -> None:
    """Its call, its output, and the request after it."""
    naive = NaiveCost(Cost(write=3000), Cost(read=60_000), 2000)
    found = bill(Booking(Cost(read=60_000), Cost(read=60_000), PRICE, naive=naive), Usage())
    assert found.naive == pytest.approx((3000 * 1.25 + 60_000 * 0.1) * 3e-6 + 2000 * 15e-6)
