"""Budgets as the road and people use them; `test_budgets_machine` has every order of things."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest

from penstock.base.increment import FactChange, Increment
from penstock.budget import Admission, Amount, BudgetOwner, Budgets, Level, Scope
from penstock.budget.budgets import COUNTERS, LIMITS
from penstock.budget.limit_evaluator import IDLE_S, Change
from penstock.budget.rate_limiter import RateDecision, RateLimiter
from penstock.budget.settings import Budget, Limit, Rate, Rates
from penstock.events.log import EventLog
from penstock.store.in_memory import MemoryStore
from penstock.testing import ManualClock

NOW = datetime(2026, 3, 4, 12, 0).timestamp()
MIDNIGHT = datetime(2026, 3, 5, 0, 0).timestamp()
ONE = Amount(requests=1)
MAIN = BudgetOwner("main", "s", "claude-code", "kiln")
SUB = BudgetOwner("sub", "s", "claude-code", "kiln", is_main=False)
OTHER = BudgetOwner("other", "t", "codex", "loom")
SHARED = Budget(session=Limit(requests=100), reserve=0.1)


class Stored(dict[str, dict[str, Any]]):
    """What was stored, by kind and name."""

    def __call__(self, kind: str, name: str, change: FactChange) -> None:
        self.setdefault(kind, {})[name] = change.value if isinstance(change, Increment) else change


def spend(budgets: Budgets, who: BudgetOwner, budget: Budget, requests: float, *, now: float = NOW) -> None:
    budgets.settle(uuid4().hex, who, budget, Amount(requests=requests), now)


def ask(budgets: Budgets, who: BudgetOwner, budget: Budget, exchange: str = "x", *, now: float = NOW) -> Admission:
    return budgets.admit(exchange, who, budget, ONE, now)


def pool_of(budgets: Budgets, budget: Budget) -> dict[str, float]:
    rows = budgets.show(budget, NOW)
    return {row["name"]: row["pool"].get("requests") for row in rows if row["scope"] == "conversation"}


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("measure", ["dollars", "tokens", "requests"])
def test_each_budget_stops_what_it_is_for(scope: Scope, measure: str) -> None:
    """A day, a project, a client, a session, a conversation; each by each measure. Nothing else is stopped."""
    budget = Budget.model_validate({str(scope): {measure: 5}})
    budgets = Budgets()
    budgets.settle("first", MAIN, budget, Amount(**{measure: 5.0}), NOW)
    refused = ask(budgets, MAIN, budget)
    assert (refused.is_allowed, refused.is_final, refused.retry_after) == (False, True, 600)
    assert "used up" in refused.message
    assert "penstock budget raise" in refused.message
    assert ask(budgets, OTHER, budget, "y").is_allowed is (scope is not Scope.DAY)


def test_what_is_held_stops_for_a_moment_only() -> None:
    """It may cost less than was thought: clients may try again soon."""
    budget = Budget.model_validate({"day": {"dollars": 5}})
    budgets = Budgets()
    assert budgets.admit("x", MAIN, budget, Amount(9.0), NOW).is_allowed
    refused = ask(budgets, OTHER, budget, "y")
    assert (refused.is_allowed, refused.is_final, refused.retry_after) == (False, False, 5)
    budgets.settle("x", MAIN, budget, Amount(1.0), NOW)
    assert ask(budgets, OTHER, budget, "y").is_allowed


@pytest.mark.parametrize("scope", Scope)
def test_exactly_as_many_pass_as_may_at_once(scope: Scope) -> None:
    """64 threads against 20 requests."""
    budget = Budget.model_validate({str(scope): {"requests": 20}})
    budgets, barrier = Budgets(), Barrier(64)

    def go(n: int) -> bool:
        barrier.wait()
        return ask(budgets, MAIN, budget, str(n)).is_allowed

    with ThreadPoolExecutor(64) as threads:
        assert sum(threads.map(go, range(64))) == 20


def test_what_was_given_back_may_be_used_by_others() -> None:
    """Those that failed do not count: as many more pass."""
    budget, budgets = Budget(day=Limit(requests=100)), Budgets()
    first = [str(n) for n in range(100) if ask(budgets, MAIN, budget, str(n)).is_allowed]
    for exchange in first[:3]:
        budgets.release(exchange)
    assert sum(ask(budgets, MAIN, budget, f"again {n}").is_allowed for n in range(10)) == 3


def test_a_bucket_is_asked_by_those_alone_that_may_leave() -> None:
    """64 threads, 30 requests of budget and 20 of speed: 20 pass, and who is refused by the budget takes no turn."""
    rates = Rates(credential=Rate(requests_per_minute=20))
    speed, budgets, barrier = RateLimiter(), Budgets(), Barrier(64)
    budget = Budget(day=Limit(requests=30))

    def go(n: int) -> Admission:
        barrier.wait()
        return budgets.admit(str(n), MAIN, budget, ONE, NOW, lambda: speed.turn(MAIN, rates, 1, NOW))

    with ThreadPoolExecutor(64) as threads:
        given = list(threads.map(go, range(64)))
    assert sum(one.is_allowed for one in given) == 20
    assert {one.is_final for one in given} == {False}
    blocked = Budget(day=Limit(requests=20))
    assert not budgets.admit("y", MAIN, blocked, ONE, NOW, lambda: pytest.fail("asked")).is_allowed


def test_no_answer_waits_for_a_turn_that_takes_long() -> None:
    """P11: turns may be decided by another machine, and the event loop counts each answer."""
    budget, budgets = Budget(day=Limit(requests=10)), Budgets()

    def slow() -> RateDecision:
        pool.submit(spend, budgets, MAIN, budget, 3).result(60)
        return RateDecision()

    with ThreadPoolExecutor() as pool:
        assert budgets.admit("x", MAIN, budget, ONE, NOW, slow).is_allowed
    assert budgets.held("x") == ONE


def test_a_turn_that_is_refused_or_fails_leaves_nothing_held() -> None:
    budget, budgets = Budget(day=Limit(requests=10)), Budgets()
    refused = budgets.admit("x", MAIN, budget, ONE, NOW, lambda: RateDecision(9.2, is_given=False, message="too fast"))
    assert (refused.is_allowed, refused.message, refused.retry_after) == (False, "too fast", 10)
    with pytest.raises(ZeroDivisionError):
        budgets.admit("y", MAIN, budget, ONE, NOW, lambda: RateDecision(1 / 0))
    assert (budgets.held("x"), budgets.held("y")) == (None, None)
    assert sum(ask(budgets, MAIN, budget, str(n)).is_allowed for n in range(12)) == 10


def test_a_late_thread_holds_nothing() -> None:
    """It asks when the answer has come already: what is paid is not held besides."""
    budget, budgets = Budget(day=Limit(requests=10)), Budgets()
    budgets.settle("x", MAIN, budget, ONE, NOW)
    assert ask(budgets, MAIN, budget, "x").is_allowed
    assert budgets.held("x") is None


# -------------------------------------------------------------------- periods


def test_an_answer_counts_for_the_day_of_its_request() -> None:
    """However late it comes; the new day begins with nothing."""
    budget, budgets = Budget(day=Limit(requests=1)), Budgets()
    assert ask(budgets, MAIN, budget, "late", now=MIDNIGHT - 1).is_allowed
    assert ask(budgets, MAIN, budget, "new", now=MIDNIGHT + 1).is_allowed
    budgets.settle("late", MAIN, budget, ONE, MIDNIGHT + 2)
    budgets.settle("new", MAIN, budget, ONE, MIDNIGHT + 3)
    for now, used in ((MIDNIGHT - 1, 1), (MIDNIGHT + 3, 1)):
        day = budgets.show(budget, now)[0]
        assert (day["used"]["requests"], day["held"]["requests"]) == (used, 0)


def test_a_clock_that_is_set_back_finds_what_was_counted() -> None:
    """No budget is had twice by that."""
    budget, budgets = Budget(day=Limit(requests=1)), Budgets()
    spend(budgets, MAIN, budget, 1, now=MIDNIGHT - 1)
    assert ask(budgets, MAIN, budget, "y", now=MIDNIGHT + 1).is_allowed
    assert not ask(budgets, MAIN, budget, "z", now=MIDNIGHT - 5).is_allowed


def test_a_sessions_budget_of_a_day_is_shared_by_the_day() -> None:
    """What an agent used yesterday is not taken from its share today, and its conversation is one agent, not two."""
    budget, budgets = Budget(session=Limit(requests=100, per="day")), Budgets()
    for who in (MAIN, SUB):
        spend(budgets, who, budget, 45, now=MIDNIGHT - 1)
    assert not ask(budgets, SUB, budget, now=MIDNIGHT - 1).is_allowed
    assert budgets.standing(SUB, budget, MIDNIGHT + 1).level is Level.NORMAL
    assert budgets.standing(MAIN, budget, MIDNIGHT + 1).level is Level.NORMAL
    alone = Budget(session=Limit(requests=100), conversation=Limit(requests=60, per="day"))
    for now in (MIDNIGHT - 1, MIDNIGHT + 1):
        spend(budgets, OTHER, alone, 45, now=now)
    assert ask(budgets, OTHER, alone, now=MIDNIGHT + 1).is_allowed


def test_profiles_with_other_periods_count_apart() -> None:
    """Each exchange counts once, in the periods of the profile it came with."""
    daily, monthly, budgets = Budget(), Budget(day=Limit(requests=5, per="month")), Budgets()
    spend(budgets, MAIN, daily, 3)
    spend(budgets, MAIN, monthly, 2)
    spend(budgets, MAIN, daily, 1)
    found = {row["period"]: row["used"]["requests"] for b in (daily, monthly) for row in budgets.show(b, NOW)[:1]}
    assert found == {"2026-03-04": 4, "2026-03": 2}
    session = next(row for row in budgets.show(daily, NOW) if row["scope"] == "session")
    assert session["used"]["requests"] == 6


# -------------------------------------------------------------------- sessions


def test_an_agent_alone_has_all_of_its_session() -> None:
    """Nobody has to share, until a subagent comes."""
    budgets = Budgets()
    spend(budgets, MAIN, SHARED, 99)
    assert ask(budgets, MAIN, SHARED).is_allowed
    assert not ask(budgets, MAIN, SHARED, "y").is_allowed


def test_a_subagent_has_its_share_and_no_more() -> None:
    """Two fifths of what the reserve leaves, beside the main agent. The refusal speaks of the share."""
    budgets = Budgets()
    spend(budgets, MAIN, SHARED, 1)
    passed = [ask(budgets, SUB, SHARED, str(n)).is_allowed for n in range(40)]
    assert passed == [True] * 36 + [False] * 4
    refused = ask(budgets, SUB, SHARED, "again")
    assert refused.message.startswith("Penstock: this subagent's share of the session's budget is used up")
    assert "raise" not in refused.message, "its agent reads that, and has a shell"
    assert not refused.is_final, "all of it is held, and may cost less"
    assert ask(budgets, MAIN, SHARED, "main").is_allowed
    spent = Budgets()
    spend(spent, MAIN, SHARED, 1)
    spend(spent, SUB, SHARED, 36)
    assert ask(spent, SUB, SHARED, "done").is_final


def test_a_cold_request_of_the_main_agent_stops_no_subagent_for_good() -> None:
    """All is held for it, and little of it is spent."""
    budget, budgets = Budget(session=Limit(dollars=1)), Budgets()
    assert budgets.admit("cold", MAIN, budget, Amount(0.95), NOW).is_allowed
    refused = budgets.admit("sub", SUB, budget, Amount(0.01), NOW)
    assert (refused.is_allowed, refused.is_final) == (False, False)
    budgets.settle("cold", MAIN, budget, Amount(0.05), NOW)
    assert budgets.admit("sub", SUB, budget, Amount(0.01), NOW).is_allowed


def test_profiles_with_other_limits_do_not_turn_a_level_over_and_over() -> None:
    """The first has it; the other is stopped by its own all the same."""
    told: list[Change] = []
    one, other = Budget(day=Limit(requests=10)), Budget(day=Limit(requests=9))
    budgets = Budgets(on_change=told.append)
    spend(budgets, MAIN, one, 9)
    for _ in range(5):
        assert budgets.standing(MAIN, one, NOW).level is Level.MINIMAL
        assert budgets.standing(OTHER, other, NOW).level is Level.BLOCKED
        assert budgets.standing(OTHER, Budget(), NOW).level is Level.NORMAL
    assert [change.level for change in told] == [Level.MINIMAL]


def test_what_is_used_up_is_named_before_what_is_held() -> None:
    """It says whether to wait or to ask a person."""
    budget, budgets = Budget(day=Limit(requests=1, tokens=100)), Budgets()
    budgets.settle("first", MAIN, budget, Amount(requests=1), NOW)
    budget = Budget(day=Limit(requests=1, tokens=100))
    refused = ask(budgets, MAIN, budget)
    assert (refused.is_final, "1 of 1 requests" in refused.message) == (True, True)


def test_parallel_subagents_do_not_take_more_than_there_is() -> None:
    """Five at once, 200 requests against 100: the reserve is left for the client's own calls."""
    budgets, barrier = Budgets(), Barrier(50)
    spend(budgets, MAIN, SHARED, 0)
    agents = [replace(SUB, conversation=f"sub{n}") for n in range(5)]
    for agent in agents:
        budgets.standing(agent, SHARED, NOW)

    def go(n: int) -> int:
        barrier.wait()
        return sum(ask(budgets, agents[n % 5], SHARED, f"{n} {m}").is_allowed for m in range(4))

    with ThreadPoolExecutor(50) as threads:
        passed = sum(threads.map(go, range(50)))
    # 90 by 1.5 and five times 1: each of the five passes until it has its 13.8.
    assert passed == 5 * 14
    own = replace(MAIN, is_own=True)
    assert sum(ask(budgets, own, SHARED, f"own {n}").is_allowed for n in range(40)) == 30


def test_what_a_subagent_did_not_use_comes_back_when_it_ends() -> None:
    """Or when it was not heard of for long."""
    budgets = Budgets()
    spend(budgets, MAIN, SHARED, 54)
    spend(budgets, SUB, SHARED, 6)
    assert budgets.standing(MAIN, SHARED, NOW).level is Level.MINIMAL, "not stopped: it waits for the subagent"
    assert budgets.standing(MAIN, SHARED, NOW + IDLE_S + 1).level is Level.NORMAL
    budgets.ended(SUB, SHARED, NOW)
    assert pool_of(budgets, SHARED) == {"main": 84, "sub": 6}
    assert ask(budgets, MAIN, SHARED).is_allowed


def test_a_subagent_that_ended_may_be_asked_again() -> None:
    """Its share is what it was: that it had given back the rest does not stop it."""
    budgets = Budgets()
    spend(budgets, MAIN, SHARED, 1)
    spend(budgets, SUB, SHARED, 6)
    budgets.ended(SUB, SHARED, NOW)
    assert budgets.standing(SUB, SHARED, NOW).level is Level.NORMAL
    assert ask(budgets, SUB, SHARED).is_allowed
    assert pool_of(budgets, SHARED) == {"main": 54, "sub": 36}


def test_the_main_agent_does_not_end() -> None:
    """Each of its turns ends with an answer."""
    budgets = Budgets()
    spend(budgets, MAIN, SHARED, 1)
    spend(budgets, SUB, SHARED, 1)
    budgets.ended(MAIN, SHARED, NOW)
    assert pool_of(budgets, SHARED) == {"main": 54, "sub": 36}


def test_the_clients_own_calls_are_nobodys_share() -> None:
    """Under way or answered; they draw on the reserve, and on the session when that is used."""
    budgets, own = Budgets(), replace(SUB, is_own=True)
    spend(budgets, MAIN, SHARED, 1)
    spend(budgets, SUB, SHARED, 35)
    assert all(ask(budgets, own, SHARED, f"own {n}").is_allowed for n in range(10))
    assert ask(budgets, SUB, SHARED).is_allowed
    spend(budgets, own, SHARED, 10)
    assert pool_of(budgets, SHARED) == pytest.approx({"main": 44, "sub": 36})


def test_one_session_takes_nothing_from_another() -> None:
    """Each has its own pool."""
    budgets = Budgets()
    spend(budgets, MAIN, SHARED, 100)
    assert ask(budgets, OTHER, SHARED).is_allowed


# -------------------------------------------------------------------- people


def test_a_raise_lifts_what_blocks() -> None:
    """However far it was overdrawn, half of the limit is free again; nobody else's budget is raised."""
    budget, budgets = Budget(conversation=Limit(requests=10)), Budgets()
    spend(budgets, MAIN, budget, 40)
    spend(budgets, OTHER, budget, 10)
    assert budgets.raise_(budget, NOW, who=MAIN) == ["conversation main"]
    assert [ask(budgets, MAIN, budget, str(n)).is_allowed for n in range(6)] == [True] * 5 + [False]
    assert not ask(budgets, OTHER, budget, "other").is_allowed


def test_a_raise_of_everything_that_blocks() -> None:
    """Without a name: all of them, and nothing that does not block."""
    budget, budgets = Budget(conversation=Limit(requests=10), project=Limit(requests=1000)), Budgets()
    for who in (MAIN, OTHER):
        spend(budgets, who, budget, 10)
    assert budgets.raise_(budget, NOW) == ["conversation main", "conversation other"]
    assert budgets.raise_(budget, NOW) == []


def test_a_raise_by_so_much() -> None:
    """Of the measures that are limited, and of the period alone."""
    budget, budgets = Budget(day=Limit(dollars=2)), Budgets()
    budgets.settle("x", MAIN, budget, Amount(2, 50, 1), NOW)
    assert budgets.raise_(budget, NOW, Scope.DAY, by=Amount(tokens=100)) == []
    assert budgets.raise_(budget, NOW, Scope.DAY, by=Amount(dollars=3, tokens=7)) == ["day"]
    assert budgets.show(budget, NOW)[0]["limits"] == {"dollars": 5}
    assert budgets.show(budget, MIDNIGHT)[0]["limits"] == {"dollars": 2}


def test_a_raised_session_gives_its_agents_more() -> None:
    """One whose share is used up blocks by it, though the session does not."""
    budgets = Budgets()
    spend(budgets, MAIN, SHARED, 1)
    spend(budgets, SUB, SHARED, 36)
    assert not ask(budgets, SUB, SHARED).is_allowed
    assert budgets.raise_(SHARED, NOW, who=MAIN) == []
    assert budgets.raise_(SHARED, NOW, who=SUB) == ["session s"]
    assert ask(budgets, SUB, SHARED).is_allowed


def test_a_reset_session_is_shared_anew() -> None:
    """What its agents took of it is forgotten with what it counted."""
    budgets = Budgets()
    spend(budgets, MAIN, SHARED, 50)
    spend(budgets, SUB, SHARED, 50)
    assert budgets.reset(SHARED, NOW, Scope.SESSION, "s") == ["session s"]
    assert ask(budgets, SUB, SHARED).is_allowed
    assert pool_of(budgets, SHARED) == {"main": 54, "sub": 36}


def test_a_reset_counts_what_is_under_way() -> None:
    """It is paid for after all."""
    budget, budgets = Budget(day=Limit(requests=2)), Budgets()
    ask(budgets, MAIN, budget)
    budgets.reset(budget, NOW)
    budgets.settle("x", MAIN, budget, ONE, NOW)
    assert budgets.show(budget, NOW)[0]["used"]["requests"] == 1


def test_a_limit_for_one_name_wins() -> None:
    """Over the one for its scope, and that over the profile's; without it the profile's counts again."""
    budget, budgets = Budget(project=Limit(requests=1)), Budgets()
    spend(budgets, MAIN, budget, 5)

    def may() -> bool:
        name = f"x{len(found)}"
        allowed = ask(budgets, MAIN, budget, name).is_allowed
        budgets.release(name)
        return allowed

    found: list[bool] = []
    found.append(may())
    for scope_name, limit in (("", Limit(requests=10)), ("kiln", Limit(requests=3)), ("kiln", None), ("", None)):
        budgets.set(Scope.PROJECT, scope_name, limit)
        found.append(may())
    assert found == [False, True, False, True, False]


def test_limits_set_by_hand_outlive_a_restart() -> None:
    """And what is taken back does not come back."""
    stored = Stored()
    budgets = Budgets(save=stored)
    budgets.set(Scope.DAY, "", Limit(dollars=3, per="month"))
    budgets.set(Scope.PROJECT, "a|b", Limit(tokens=5))
    budgets.set(Scope.PROJECT, "a|b", None)
    assert stored == {LIMITS: {"day": {"dollars": 3, "per": "month"}, "project|a|b": None}}
    again = Budgets({}, {"day": {"dollars": 3, "of another version": 1}})
    assert again.show(Budget(), NOW)[0]["limits"] == {"dollars": 3}


# -------------------------------------------------------------------- levels


def test_each_change_of_a_level_is_told() -> None:
    """With what it was, and why; a raise tells that it was lifted."""
    told: list[Change] = []
    budget, budgets = Budget(day=Limit(requests=100)), Budgets(on_change=told.append)
    for part in (60, 10, 20, 10):
        spend(budgets, MAIN, budget, part)
    budgets.raise_(budget, NOW, Scope.DAY)
    assert [(str(c.before), str(c.level), c.label, c.why) for c in told] == [
        ("NORMAL", "REDUCED", "day", "day: 70% used"),
        ("REDUCED", "MINIMAL", "day", "day: 90% used"),
        ("MINIMAL", "BLOCKED", "day", "day: 100% used"),
        ("BLOCKED", "NORMAL", "day", "day: 67% used"),
    ]


def test_a_request_meets_the_highest_level() -> None:
    """Of all its budgets, and its why."""
    budget, budgets = Budget(day=Limit(requests=100), project=Limit(requests=10)), Budgets()
    spend(budgets, MAIN, budget, 8)
    standing = budgets.standing(MAIN, budget, NOW)
    assert (standing.level, standing.why) == (Level.REDUCED, "project kiln: 80% used")
    assert budgets.standing(OTHER, budget, NOW).level is Level.NORMAL


def test_levels_outlive_a_restart() -> None:
    """One that the margin alone keeps up is kept up."""
    stored = Stored()
    budget, budgets = Budget(day=Limit(requests=100), margin=0.05), Budgets(save=stored)
    spend(budgets, MAIN, budget, 67)
    for n in range(5):
        ask(budgets, MAIN, budget, str(n))
    for n in range(5):
        budgets.release(str(n))
    assert budgets.standing(MAIN, budget, NOW).level is Level.REDUCED
    again = Budgets(stored[COUNTERS])
    assert LIMITS not in stored
    assert again.standing(MAIN, budget, NOW).level is Level.REDUCED


def test_the_level_of_a_share_is_stored_with_its_period() -> None:
    """Where a session is counted by the day, so is what a subagent took of it."""
    stored = Stored()
    budget, budgets = Budget(session=Limit(requests=100, per="day")), Budgets(save=stored)
    spend(budgets, MAIN, budget, 1)
    spend(budgets, SUB, budget, 27)
    levels = {name: values["share_level"] for name, values in stored[COUNTERS].items() if name.endswith("|sub")}
    assert levels == {"conversation||sub": Level.NORMAL, "conversation|2026-03-04|sub": Level.REDUCED}


def test_what_is_shown_is_plain_and_in_order() -> None:
    """The widest first; a day's row is there before anything was counted."""
    budgets = Budgets()
    assert [row["scope"] for row in budgets.show(SHARED, NOW)] == ["day"]
    spend(budgets, MAIN, SHARED, 1)
    spend(budgets, SUB, SHARED, 20)
    rows = budgets.show(SHARED, NOW)
    assert [row["scope"] for row in rows] == ["day", "project", "agent", "session", "conversation", "conversation"]
    sub = next(row for row in rows if row["name"] == "sub")
    assert (sub["session"], sub["main"], sub["over"], sub["pool"]) == ("s", False, False, {"requests": 36})


def test_a_session_that_was_deleted_counts_nothing() -> None:
    """Nor do its agents, and its own limit is gone. What it took of wider budgets stays taken."""
    stored = Stored()
    budgets = Budgets(save=stored)
    budgets.set(Scope.SESSION, "s", Limit(requests=9))
    budgets.set(Scope.SESSION, "t", Limit(requests=9))
    for who in (MAIN, SUB, OTHER):
        spend(budgets, who, SHARED, 2)
    stored.clear()
    budgets.forget("s", ["main", "sub"])
    assert stored[LIMITS] == {"session|s": None}
    assert set(stored[COUNTERS].values()) == {None}, "what is stored of it is deleted, nothing else is written"
    rows = {(row["scope"], row["name"]): row for row in budgets.show(SHARED, NOW)}
    assert {name for scope, name in rows if scope in ("session", "conversation")} == {"t", "other"}
    assert rows["day", ""]["used"]["requests"] == 6
    assert rows["session", "t"]["limits"] == {"requests": 9}
    assert ask(budgets, MAIN, SHARED).is_allowed


def test_a_session_that_is_deleted_while_its_counters_are_stored_stays_deleted() -> None:
    """Its deletion is stored after them."""
    deleting = Thread(target=lambda: budgets.forget("s", ["main"]))

    class Log(EventLog):
        def set_value(self, kind: str, name: str, value: FactChange) -> None:
            if deleting.ident is None:
                deleting.start()
                deleting.join(0.2)  # as far as it gets
            super().set_value(kind, name, value)

    store = MemoryStore()
    log = Log(store, clock=ManualClock())
    budgets = Budgets(save=log.set_value, save_later=log.between_writes)
    spend(budgets, MAIN, SHARED, 2)
    assert log.drain()
    deleting.join()
    assert log.close()
    assert {name.partition("|")[0] for name in store.values_of(COUNTERS)} == {"day", "project", "agent"}


def test_an_agent_that_was_deleted_shares_nothing() -> None:
    """Its session goes on without it: nothing is put by for one that nobody knows."""
    budgets = Budgets()
    for who in (MAIN, SUB):
        spend(budgets, who, SHARED, 2)
    assert pool_of(budgets, SHARED) == {"main": 54, "sub": 36}
    budgets.forget("s", ["main", "sub"])
    spend(budgets, MAIN, SHARED, 2)
    assert pool_of(budgets, SHARED) == {"main": None}, "it is alone, and all of it is its own"


def test_an_agent_that_asks_again_is_at_work_after_a_restart_too() -> None:
    """It had given its answer; what it asked for later came to nothing, and was not counted."""
    stored = Stored()
    budgets = Budgets(now=NOW, save=stored)
    budgets.ended(SUB, SHARED, NOW)
    assert [values["over"] for values in stored[COUNTERS].values()] == [True]
    assert budgets.admit("x1", SUB, SHARED, ONE, NOW).is_allowed
    budgets.release("x1")
    assert [values["over"] for values in stored[COUNTERS].values()] == [False]


def test_a_limit_that_was_set_at_another_proxy_is_taken_over() -> None:
    """And one that was removed there; what this one has set and not stored yet stays."""
    stored = Stored()
    one, other = Budgets(now=NOW, save=stored), Budgets(now=NOW)
    one.set(Scope.PROJECT, "", Limit(requests=1))

    def adopt() -> None:
        found = {name: limit for name, limit in stored.get(LIMITS, {}).items() if limit is not None}
        other.adopt({}, found)

    adopt()
    assert ask(other, MAIN, Budget(), "a").is_allowed
    assert not ask(other, MAIN, Budget(), "b").is_allowed
    other.set(Scope.PROJECT, "", Limit(requests=9))
    adopt()
    assert ask(other, MAIN, Budget(), "c").is_allowed
    one.set(Scope.PROJECT, "", None)
    adopt()
    assert not other.is_limited(Budget())


def test_a_limit_that_was_set_elsewhere_ends_what_was_raised() -> None:
    """As it does where it is set."""
    stored = Stored()
    one, other = Budgets(now=NOW, save=stored), Budgets(now=NOW)
    budget = Budget(project=Limit(requests=1))
    spend(other, MAIN, budget, 1)
    other.raise_(budget, NOW, Scope.PROJECT, "kiln", by=Amount(requests=5))
    assert ask(other, MAIN, budget, "a").is_allowed
    one.set(Scope.PROJECT, "kiln", Limit(requests=2))
    other.adopt({}, stored[LIMITS])
    assert not ask(other, MAIN, budget, "b").is_allowed
