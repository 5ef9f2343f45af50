"""Let requests in, and count what they did cost."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from penstock.base.clock import ManualClock
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import NotAllowed, QuotaFull
from penstock.gateway.holds import HOLD_S, book, hold, keep_holds, settle, sweep
from penstock.gateway.quotas import raise_limit, set_limits, show_limits
from penstock.gateway.records import BILLION, UNITS, Limit, Usage
from penstock.gateway.usage import usage_by, usage_page
from tests.core.gateway.tables import call, dump, rows, time_passes

WORKSPACE = "workspace:default"


def test_of_many_at_once_as_many_are_let_in_as_fit(
    path: Path, store: GatewayStore, clock: ManualClock, url: str
) -> None:
    """64 threads, in two processes as far as the store can tell: what is let in is exactly the limit."""
    set_limits(store, WORKSPACE, [Limit("day", "requests", 23)], "me")
    stores = (store, GatewayStore(path, clock, url))
    start, refused = threading.Barrier(64), []

    def ask(n: int) -> None:
        start.wait()
        try:
            hold(stores[n % 2], call(f"r{n}"))
        except QuotaFull as e:
            refused.append(e)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(64)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    stores[1].close()
    assert len(rows(store, "holds")) == 23
    assert len(refused) == 64 - 23
    assert [e.reached is not None for e in refused].count(True) == 1, "one of them announces it"


def test_a_refusal_names_the_limit_and_what_counts_against_it(store: GatewayStore) -> None:
    set_limits(store, WORKSPACE, [Limit("minute", "requests", 1), Limit("month", "dollars", 3 * BILLION)], "me")
    hold(store, call("one", dollars=2 * BILLION))
    settle(store, "one", Usage(input=5, dollars=2 * BILLION))
    with pytest.raises(QuotaFull) as refused:
        hold(store, call("two", dollars=2 * BILLION))
    assert str(refused.value) == ("this workspace may use $3.00 per month: $2.00 used, and this request may need $2.00")
    assert not refused.value.is_rate
    set_limits(store, WORKSPACE, [Limit("minute", "requests", 1)], "me")
    with pytest.raises(QuotaFull, match=r"may use 1 request per minute: 1 request used, and this would be one more$"):
        hold(store, call("three"))


def test_what_is_refused_first_is_announced_once(store: GatewayStore) -> None:
    set_limits(store, WORKSPACE, [Limit("day", "tokens", 100)], "me")
    hold(store, call("one", tokens=90))
    (reached,) = settle(store, "one", Usage(output=96))
    assert (reached.scope, reached.percent, reached.spent, reached.cap) == (WORKSPACE, 80, 96, 100)
    for announced in (100, None, None):
        with pytest.raises(QuotaFull) as refused:
            hold(store, call("two", tokens=50))
        assert (refused.value.reached and refused.value.reached.percent) == announced
    raise_limit(store, WORKSPACE, "day", "tokens", 100, "me")
    hold(store, call("three", tokens=50))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_refusal_that_cannot_be_announced_is_one_all_the_same(path: Path, store: GatewayStore) -> None:
    set_limits(store, WORKSPACE, [Limit("day", "requests", 1)], "me")
    hold(store, call("one"))
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TRIGGER full BEFORE UPDATE ON counters BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(QuotaFull) as refused:
        hold(store, call("two"))
    assert refused.value.reached is None


SPELLINGS = ("claude-opus-5-5", "claude-opus-5-5-20260101", "Claude-Opus-5-5", "claude-opus-5.5")


@pytest.mark.parametrize("limited", SPELLINGS)
def test_a_models_limit_counts_every_way_to_write_its_name(store: GatewayStore, limited: str) -> None:
    hold(store, call("before", model=SPELLINGS[1]))
    settle(store, "before", Usage(input=1))
    set_limits(store, f"model:default/p/{limited}", [Limit("day", "requests", 1 + len(SPELLINGS))], "me")
    for name in SPELLINGS:
        hold(store, call(f"r-{name}", model=name))
    for name in SPELLINGS:
        with pytest.raises(QuotaFull, match=f"the model {name} may use"):
            hold(store, call(f"full-{name}", model=name))
    (state,) = show_limits(store, [f"model:default/p/{SPELLINGS[2]}"])
    assert (state.scope, state.spent, state.held) == ("model:default/p/claude-opus-5-5", 1, len(SPELLINGS))
    assert [one.model for one in usage_page(store, "default")[0]] == [SPELLINGS[1]], "usage has it as it was asked"


def test_models_of_two_sizes_have_limits_of_their_own(store: GatewayStore) -> None:
    set_limits(store, "model:default/p/qwen3:8b", [Limit("day", "requests", 0)], "me")
    hold(store, call("other", model="qwen3:30b"))
    with pytest.raises(QuotaFull):
        hold(store, call("same", model="Qwen3:8b"))


def test_an_answer_that_costs_more_than_was_held_counts_in_full(store: GatewayStore) -> None:
    set_limits(store, WORKSPACE, [Limit("day", "tokens", 100)], "me")
    hold(store, call("one", tokens=60))
    settle(store, "one", Usage(output=500))
    (state,) = show_limits(store)
    assert (state.spent, state.held) == (500, 0)
    with pytest.raises(QuotaFull):
        hold(store, call("two", tokens=0))


def test_a_limit_that_is_set_later_counts_all_of_the_month(store: GatewayStore, clock: ManualClock) -> None:
    hold(store, call("one"))
    settle(store, "one", Usage(input=3, cache_read=4, output=5, dollars=70))
    clock.advance(3 * 86_400)
    hold(store, call("two", model="m2"))
    settle(store, "two", Usage(output=1, dollars=9))
    month = [Limit("month", "tokens", 1000)]
    for scope in (WORKSPACE, "model:default/p/m", "model:default/p/m2"):
        set_limits(store, scope, month, "me")
    assert {one.scope: one.spent for one in show_limits(store)} == {
        WORKSPACE: 13,
        "model:default/p/m": 12,
        "model:default/p/m2": 1,
    }


def test_looking_writes_nothing(store: GatewayStore) -> None:
    """Also where a period has no counter yet; and while somebody else writes."""
    set_limits(store, WORKSPACE, [Limit("day", "tokens", 100)], "me")
    before = dump(store)
    with store.writing():
        (state,) = show_limits(store)
    assert (state.spent, state.held, state.cap) == (0, 0, 100)
    assert dump(store) == before


def test_what_a_dead_proxy_held_counts_as_its_input(store: GatewayStore, clock: ManualClock) -> None:
    """Unless its proxy, which lives, said so in time."""
    set_limits(store, WORKSPACE, [Limit("month", "dollars", 1000)], "me")
    hold(store, call("dead", dollars=100))
    hold(store, call("alive", dollars=100))
    time_passes(store, clock, HOLD_S - 60)
    keep_holds(store, ["alive"])
    assert sweep(store) == 0
    time_passes(store, clock, 120)
    assert (sweep(store), sweep(store)) == (1, 0)
    (state,) = show_limits(store)
    assert (state.spent, state.held) == (50, 100)
    (line,) = usage_page(store, "default")[0]
    assert (line.id, line.how, line.status, line.dollars, line.input) == ("dead", "estimated", 0, 50, 5)


@pytest.mark.parametrize("usage", [Usage(input=7, output=3, dollars=400), None])
def test_a_proxy_that_was_taken_for_dead_says_what_its_request_did_cost(
    store: GatewayStore, clock: ManualClock, usage: Usage | None
) -> None:
    """It was asleep, or the database was away from it for minutes: the real cost takes the place of the estimate, and
    the request is counted once."""
    set_limits(store, WORKSPACE, [Limit("month", unit, 1000) for unit in UNITS], "me")
    hold(store, call("before"))
    settle(store, "before", Usage(input=1, dollars=1))
    counted = show_limits(store), rows(store, "usage_lines"), rows(store, "usage_days")
    hold(store, call("asleep", dollars=100))
    time_passes(store, clock, HOLD_S + 1)
    assert sweep(store) == 1
    for _ in range(2):
        settle(store, "asleep", usage, "exchange")
    if usage is None:
        assert (show_limits(store), rows(store, "usage_lines"), rows(store, "usage_days")) == counted
        return
    assert [(one.unit, one.spent) for one in show_limits(store)] == [("dollars", 401), ("requests", 2), ("tokens", 11)]
    line = next(one for one in usage_page(store, "default")[0] if one.id == "asleep")
    assert (line.input, line.output, line.dollars, line.how, line.exchange) == (7, 3, 400, "reported", "exchange")
    (day,) = usage_by(store, "default", "day", "2000-01-01", "2999-01-01")
    assert (day.requests, day.input, day.output, day.dollars) == (2, 8, 3, 401)


@pytest.mark.parametrize("is_swept", [False, True])
def test_a_hold_whose_commit_got_no_answer_counts_once(store: GatewayStore, clock: ManualClock, is_swept: bool) -> None:
    """Its proxy knows of no hold, lets the request in all the same, and books what it did cost."""
    set_limits(store, WORKSPACE, [Limit("month", "dollars", 1000)], "me")
    asked, at = call("unsure", dollars=100), clock.now()
    hold(store, asked)
    if is_swept:
        time_passes(store, clock, HOLD_S + 1)
        sweep(store)
    for _ in range(2):
        book(store, asked, Usage(dollars=30), at)
    (state,) = show_limits(store)
    assert (state.spent, state.held) == (30, 0)
    time_passes(store, clock, HOLD_S + 1)
    assert sweep(store) == 0
    assert [one.dollars for one in usage_page(store, "default")[0]] == [30]


@pytest.mark.slow
def test_the_clock_of_a_proxy_ends_no_hold_of_another(path: Path, clock: ManualClock, postgres_url: str) -> None:
    """Several machines share a database, and one of their clocks is an hour ahead: what is under way on the others is
    not taken for dead. One whose clock is behind keeps nothing for longer than the rest."""
    here, ahead = (GatewayStore(path, one, postgres_url) for one in (clock, ManualClock(clock.now() + 3600)))
    with closing(here), closing(ahead):
        set_limits(here, WORKSPACE, [Limit("month", "dollars", 1000)], "me")
        hold(here, call("one", dollars=100))
        keep_holds(here, ["one"])
        assert sweep(ahead) == 0
        hold(ahead, call("two", dollars=100))
        time_passes(ahead, clock, HOLD_S + 1)
        assert sweep(here) == 2


def test_a_request_that_cost_nothing_leaves_nothing(store: GatewayStore) -> None:
    set_limits(store, WORKSPACE, [Limit("month", "requests", 1)], "me")
    hold(store, call("zero"))
    settle(store, "zero", None)  # the month has its counter now
    before = dump(store)
    hold(store, call("one"))
    assert settle(store, "one", None) == []
    assert dump(store) == before


def test_usage_is_summed_by_what_one_asks_for(store: GatewayStore, clock: ManualClock) -> None:
    for n, (key, model) in enumerate([("a", "m"), ("b", "m"), ("b", "n")]):
        hold(store, call(f"r{n}", key, model=model))
        settle(store, f"r{n}", Usage(input=1, cache_read=10, cache_write=100, output=1000, dollars=n + 1))
        clock.advance(86_400)
    whole = ("2023-11-01", "2023-12-01")
    sums = usage_by(store, "default", "key", *whole)
    assert [(one.name, one.requests, one.dollars) for one in sums] == [("b", 2, 5), ("a", 1, 1)]
    assert [one.name for one in usage_by(store, None, "model", *whole)] == ["p/m", "p/n"]
    assert [one.name for one in usage_by(store, "default", "day", *whole)] == ["2023-11-14", "2023-11-15", "2023-11-16"]
    assert [one.requests for one in usage_by(store, "default", "day", "2023-11-15", "2023-11-15")] == [1]
    assert usage_by(store, "other", "key", *whole) == []
    assert [one.requests for one in usage_by(store, None, "day", *whole, model="n")] == [1]


def test_single_requests_come_in_pages_the_newest_first(store: GatewayStore, clock: ManualClock) -> None:
    """Also where several are of the same instant."""
    for n in range(5):
        hold(store, call(f"r{n}", "a" if n % 2 else "b"))
        settle(store, f"r{n}", Usage(input=n))
        clock.advance(n % 2)
    first, after = usage_page(store, "default", limit=3)
    second, end = usage_page(store, "default", limit=3, after=after)
    assert [one.id for one in (*first, *second)] == ["r4", "r2", "r3", "r0", "r1"]
    assert end is None
    assert [one.id for one in usage_page(store, "default", key="a")[0]] == ["r3", "r1"]
    assert usage_page(store, "other") == ([], None)


def test_one_request_that_is_too_large_announces_nothing(store: GatewayStore) -> None:
    """Who sent it could silence the real notice."""
    set_limits(store, WORKSPACE, [Limit("day", "tokens", 100)], "me")
    with pytest.raises(QuotaFull) as refused:
        hold(store, call("one", tokens=500))
    assert refused.value.reached is None


def test_a_limit_of_dollars_lets_no_model_in_that_has_no_price(store: GatewayStore) -> None:
    unpriced = replace(call("one", tokens=5), is_priced=False)
    hold(store, unpriced)
    set_limits(store, WORKSPACE, [Limit("day", "dollars", 100)], "me")
    with pytest.raises(NotAllowed, match=r"the price of .* is unknown"):
        hold(store, replace(unpriced, id="two"))
