"""What one request cost, and what it would have cost otherwise."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.conversation.reply import Usage
from penstock.cost.account import RequestCost
from penstock.cost.baseline import BaselineCost
from penstock.cost.bill import bill
from penstock.cost.prices import Prices, Tier
from penstock.cost.prompt_cache import Cost
from penstock.events.payload import payload_of

PRICE = Prices().of("anthropic", "claude-sonnet-4-5")
tokens = st.integers(0, 300_000)
costs = st.builds(Cost, tokens, tokens, tokens, tokens)
others = st.lists(st.builds(Usage, input=tokens, output=tokens, cache_write=tokens), max_size=2).map(tuple)
usages = st.builds(
    Usage,
    input=tokens,
    output=tokens,
    cache_read=tokens,
    cache_write=tokens,
    cache_write_hour=st.none() | tokens,
    searches=st.integers(0, 5),
    cleared=st.sampled_from([0, 0, 1000]),
    is_fast=st.booleans(),
    is_us=st.booleans(),
    is_deferred=st.booleans(),
    dollars=st.none() | st.floats(0, 10),
    others=others,
)


@given(costs, usages)
def test_what_nobody_edited_costs_the_same_on_both_sides(cost: Cost, usage: Usage) -> None:
    """Whatever the mirror thought of it, and whatever the provider counted: nothing is saved, and nothing lost."""
    found = bill(RequestCost(cost, cost, PRICE), usage)
    if cost.total or not usage.prompt:
        assert found.baseline == pytest.approx(found.paid)
        assert found.self_compacting == pytest.approx(found.paid)
        assert found.original == found.forwarded


@given(costs, costs, usages)
def test_figures_stay_possible(came: Cost, sent: Cost, usage: Usage) -> None:
    """No sort of tokens falls below zero, and no dollars do."""
    found = bill(RequestCost(came, sent, PRICE), usage)
    for cost in (found.original, found.forwarded):
        assert min(cost.plain, cost.read, cost.write, cost.write_hour) >= 0
    assert min(found.baseline, found.paid, found.self_compacting) >= 0


def test_what_the_provider_counted_is_what_was_paid() -> None:
    """At the model's prices, output included."""
    booking = RequestCost(Cost(read=8000, write=2000), Cost(read=4000, write=1000), PRICE)
    found = bill(booking, Usage(input=10, output=100, cache_read=4200, cache_write=1090))
    assert found.paid == pytest.approx((10 + 4200 * 0.1 + 1090 * 1.25) * 3e-6 + 100 * 15e-6)
    assert found.counted
    assert found.original.total == round(10_000 * 5300 / 5000), "our estimate was so many times too small"


def test_what_was_not_counted_is_estimated_by_earlier_counts() -> None:
    """Tokens and dollars, of both sides; without earlier counts, as the cache model has them."""
    booking = RequestCost(Cost(plain=1000, read=8000), Cost(plain=1000, read=4000), PRICE)
    found, scaled = bill(booking, Usage(output=100)), bill(replace(booking, scale=1.4), Usage(output=100))
    assert (found.original, found.forwarded) == (booking.original, booking.forwarded)
    assert (scaled.original.total, scaled.forwarded.total) == (12_600, 7_000)
    assert scaled.paid == pytest.approx((1400 + 5600 * 0.1) * 3e-6 + 100 * 15e-6)
    assert not scaled.counted


def test_entries_of_an_hour_are_paid_as_such() -> None:
    """The provider names one sum; the breakpoints of the request tell which it is."""
    cost = Cost(write_hour=1000)
    found = bill(RequestCost(cost, cost, PRICE), Usage(input=0, output=0, cache_read=0, cache_write=1000))
    assert found.paid == pytest.approx(1000 * 2 * 3e-6)


def test_without_a_count_it_is_an_estimate() -> None:
    """And says so."""
    found = bill(RequestCost(Cost(plain=2000), Cost(plain=1000), PRICE), Usage())
    assert (found.original.plain, found.forwarded.plain, found.counted) == (2000, 1000, False)
    assert found.logged().how == "estimated"
    assert found.saved == pytest.approx(1000 * 3e-6)


def test_after_a_restart_nothing_seems_saved() -> None:
    """The mirror is empty then, and thinks that all is written; the provider says that it was read."""
    booking = RequestCost(Cost(write=50_000), Cost(write=49_000), PRICE)
    found = bill(booking, Usage(input=0, output=0, cache_read=48_900, cache_write=100))
    assert found.original.read > 49_000
    assert 0 <= found.saved < 0.001


def test_a_count_of_what_came() -> None:
    """In a recording it is what came that was paid for; what is sent instead is the estimate."""
    booking = RequestCost(Cost(read=8000, write=2000), Cost(read=4000, write=1000), PRICE)
    found = bill(booking, Usage(input=0, output=0, cache_read=16_000, cache_write=4000), counted="original")
    assert (found.original.read, found.original.write) == (16_000, 4000)
    assert (found.forwarded.read, found.forwarded.write) == (8000, 2000)


def test_a_loss_shows() -> None:
    """An edit that broke the cache is told in tokens and in dollars."""
    found = bill(RequestCost(Cost(read=10_000), Cost(write=9000), PRICE), Usage())
    said = found.logged()
    assert found.saved < 0
    assert (said.reads_saved, said.writes_caused) == (10_000, 9000)
    assert len(json.dumps(payload_of(said))) < 300, "it stands in every answer's event"


def test_calls_of_our_own_are_told_apart() -> None:
    """They lessen what was saved; where there were none, nothing is said of them."""
    cost = Cost(plain=1000)
    found = bill(RequestCost(cost, cost, PRICE, own=0.25), Usage())
    assert (found.logged().own, found.saved) == (0.25, -0.25)
    assert "own" not in payload_of(bill(RequestCost(cost, cost, PRICE), Usage()).logged())


def test_the_summary_of_a_client_that_compacts_is_paid_for() -> None:
    """Its call, its output, and the request after it."""
    summarised = BaselineCost(Cost(write=3000), Cost(read=60_000), 2000)
    found = bill(RequestCost(Cost(read=60_000), Cost(read=60_000), PRICE, self_compacting=summarised), Usage())
    assert found.self_compacting == pytest.approx((3000 * 1.25 + 60_000 * 0.1) * 3e-6 + 2000 * 15e-6)


def test_entries_of_an_hour_are_paid_as_the_provider_says() -> None:
    """60,000 tokens written for an hour cost double, though the mirror took them for plain (automatic caching)."""
    cost = Cost(plain=60_000)
    found = bill(RequestCost(cost, cost, PRICE), Usage(input=0, output=0, cache_write=60_000, cache_write_hour=60_000))
    assert found.paid == found.baseline == pytest.approx(60_000 * 2 * 3e-6)
    found = bill(RequestCost(cost, cost, PRICE), Usage(input=0, output=0, cache_write=60_000, cache_write_hour=0))
    assert found.paid == pytest.approx(60_000 * 1.25 * 3e-6)


def test_a_compaction_of_the_providers_is_paid_for() -> None:
    """It is in no top-level count, and no edit changes it: on both sides it costs the same."""
    usage = Usage(input=23_000, output=1000, passes=2, others=(Usage(input=180_000, output=3500),))
    found = bill(RequestCost(Cost(plain=180_000), Cost(plain=180_000), PRICE), usage)
    assert found.extra == pytest.approx(180_000 * 3e-6 + 3500 * 15e-6)
    assert found.paid == found.baseline == pytest.approx(23_000 * 3e-6 + 1000 * 15e-6 + found.extra)
    assert found.logged().extra == pytest.approx(found.extra)
    assert "extra" not in payload_of(bill(RequestCost(Cost(), Cost(), PRICE), Usage(input=1)).logged())


def test_another_model_is_paid_at_its_own_price() -> None:
    """Where the prices are at hand; else at that of the model that answered."""
    usage = Usage(input=0, others=(Usage(input=1_000_000, model="claude-opus-4-1"),))
    booking = RequestCost(Cost(), Cost(), PRICE)
    assert bill(booking, usage).extra == pytest.approx(PRICE.input)
    found = bill(booking, usage, price_of=lambda model: Prices().of("anthropic", model))
    assert found.extra == pytest.approx(15.0)


def test_searches_are_paid_for() -> None:
    """$10 for 1,000."""
    found = bill(RequestCost(Cost(), Cost(), PRICE), Usage(input=0, searches=7))
    assert (found.extra, found.paid) == pytest.approx((0.07, 0.07))


@pytest.mark.parametrize(
    ("terms", "rate"),
    [({"is_fast": True}, 2.0), ({"is_us": True}, 1.1), ({"is_deferred": True}, 0.5), ({}, 1.0)],
)
def test_the_terms_of_a_request_multiply_its_price(terms: dict[str, bool], rate: float) -> None:
    """Of input, cached or not, and of output; not of searches."""
    price = replace(PRICE, fast=2.0, geo_us=1.1, batch=0.5)
    usage = Usage(input=1000, output=100, cache_read=500, searches=1)
    plain = bill(RequestCost(Cost(), Cost(), price), usage).paid - 0.01
    assert bill(RequestCost(Cost(), Cost(), price), replace(usage, **terms)).paid - 0.01 == pytest.approx(plain * rate)


def test_a_long_prompt_is_paid_as_a_whole() -> None:
    """Its output, too, costs more then."""
    price = replace(PRICE, tiers=(Tier(above=100_000, input=2.0, output=1.5),))
    for tokens, paid in ((100_000, 0.3 + 0.015), (100_001, 0.600006 + 0.0225)):
        cost = Cost(plain=tokens)
        assert bill(RequestCost(cost, cost, price), Usage(input=tokens, output=1000)).paid == pytest.approx(paid)


def test_what_the_provider_says_it_cost_is_what_was_paid() -> None:
    """The other side is moved by as much as our price was wrong."""
    booking = RequestCost(Cost(plain=2000), Cost(plain=1000), PRICE)
    usage = Usage(input=1000, output=0, searches=1, dollars=0.5)
    found = bill(booking, usage)
    assert (found.paid, found.extra) == (pytest.approx(0.5), 0.0)
    assert found.baseline == pytest.approx(0.5 * (2000 * 3e-6 + 0.01) / (1000 * 3e-6 + 0.01))
    unknown = replace(PRICE, input=0.0, output=0.0)
    found = bill(replace(booking, price=unknown), replace(usage, searches=0))
    assert (found.paid, found.baseline, found.saved) == (0.5, 0.5, 0.0)


def test_what_the_provider_clears_by_itself_is_not_saved() -> None:
    """It left old results out of a request we had shortened: of the whole one it would have left out as much."""
    booking = RequestCost(Cost(plain=100_000), Cost(plain=60_000), PRICE)
    found = bill(booking, Usage(input=30_000, output=10, cleared=30_000))
    assert (found.saved, found.original, found.self_compacting) == (0.0, found.forwarded, found.paid)


def test_an_unknown_price_makes_no_dollars() -> None:
    """Tokens are split as ever; of dollars only what our own calls cost is there."""
    price = Prices().of("anthropic", "claude-opus-9")
    booking = RequestCost(Cost(read=8000, write=2000), Cost(read=4000, write=1000), price, own=0.002)
    found = payload_of(bill(booking, Usage(input=10, output=100, cache_read=4200, cache_write=1090)).logged())
    assert (found["how"], found["own"], found["reads_saved"] > 0) == ("unknown", 0.002, True)
    assert found["sent"] == {"plain": 10, "read": 4200, "write": 1090}
    assert not {"baseline", "paid", "naive"} & found.keys()
