"""Sums of money."""

from __future__ import annotations

from penstock.events.payload import read
from penstock.events.response_events import AnsweredEvent, LoggedCost
from penstock.stats.cost_totals import CostTotals

MONEY = {
    "baseline": 0.03,
    "paid": 0.01,
    "naive": 0.02,
    "came": {"plain": 10, "read": 900, "write": 90},
    "sent": {"plain": 10, "read": 300, "write": 90},
    "reads_saved": 600,
    "writes_caused": 0,
    "how": "exact",
}


def cost(money: object) -> LoggedCost | None:
    """As an `answered` event gives it."""
    return read(AnsweredEvent, {"money": money}).money


def test_everything_is_summed() -> None:
    """Dollars and tokens; our own calls are part of what was paid."""
    tally = CostTotals()
    tally.add(cost(MONEY))
    tally.add(cost(MONEY | {"own": 0.005, "how": "estimated"}))
    assert (tally.requests, tally.estimated, tally.came, tally.sent) == (2, 1, 2000, 800)
    assert (tally.saved, tally.reads_saved, tally.own) == (0.035, 1200, 0.005)
    assert tally.share == tally.saved / 0.06


def test_a_loss_is_negative() -> None:
    """And a hair of a float is none."""
    tally = CostTotals()
    tally.add(cost({"baseline": 0.1, "paid": 0.3}))
    assert tally.saved == -0.2
    even = CostTotals()
    for paid in (0.1, 0.2):
        even.add(cost({"baseline": paid, "paid": 0.15}))
    assert even.saved == 0


def test_what_another_version_wrote_breaks_nothing() -> None:
    """Missing fields count as nothing, and what is no money is passed over."""
    tally = CostTotals()
    beyond = {"baseline": 10**400, "paid": float("nan"), "came": {"plain": float("inf")}, "reads_saved": 1e308}
    for money in (None, "a lot", [1], {"baseline": "much", "came": 5, "paid": True}, {}, beyond):
        tally.add(cost(money))
    assert (tally.requests, tally.baseline, tally.paid, tally.share) == (3, 0, 0, None)


def test_an_unknown_price_adds_no_dollars() -> None:
    """Such requests are counted by themselves; tokens, and what calls of our own cost, are known all the same."""
    tally = CostTotals()
    tally.add(cost({**MONEY, "how": "unknown", "own": 0.002}))
    assert (tally.requests, tally.unpriced, tally.baseline, tally.naive, tally.paid) == (0, 1, 0, 0, 0.002)
    assert (tally.came, tally.sent, tally.reads_saved) == (1000, 400, 600)
    tally.add(cost(MONEY))
    assert (tally.requests, tally.unpriced, round(tally.paid, 6)) == (1, 1, 0.012)


def test_what_was_counted_in_is_counted_out_again() -> None:
    """A screen takes a request out of its sums while the request changes."""
    tally = CostTotals()
    for money in (MONEY, {**MONEY, "how": "unknown", "own": 0.002}):
        tally.add(cost(money))
        tally.add(cost(money), -1)
    assert tally == CostTotals()


def test_what_kept_the_cache_alive_is_paid_for_and_told_apart() -> None:
    """Its savings are in what was paid later; without its price nobody could say that it was worth it."""
    tally = CostTotals()
    tally.add(cost(MONEY))
    tally.add_reads(2, 0.004)
    assert (tally.reads, tally.reads_cost, round(tally.paid, 6), tally.saved) == (2, 0.004, 0.014, 0.016)
    tally.add_reads(2, 0.004, -1)
    tally.add(cost(MONEY), -1)
    assert tally == CostTotals()
