"""Main agents and subagents at once, in any order of asking, answers, retries, disconnects and restarts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from penstock.base.increment import FactChange, Increment
from penstock.budget import Amount, BudgetOwner, Budgets, Level, Scope
from penstock.budget.amount import MEASURES
from penstock.budget.budgets import COUNTERS, LIMITS
from penstock.budget.counters import HOLD_S
from penstock.budget.scopes import keys_of
from penstock.budget.settings import Budget, Limit

BUDGET = Budget(
    day=Limit(requests=40),
    project=Limit(requests=15, tokens=9000),
    session=Limit(requests=12, dollars=4),
    conversation=Limit(requests=6),
)
EVENING = datetime(2026, 3, 4, 23, 0).timestamp()
NAMES = [f"c{n}" for n in range(6)]
WHOS = st.builds(
    lambda at, is_own: BudgetOwner(
        NAMES[at], f"s{at // 3}", "claude-code", f"p{at // 3 % 2}", is_main=at % 3 == 0, is_own=is_own
    ),
    st.integers(0, 5),
    st.sampled_from([False, False, False, True]),
)
AMOUNTS = st.builds(Amount, st.integers(0, 40).map(lambda n: n / 40), st.integers(0, 800).map(float), st.just(1.0))
_Place = tuple[Scope, str, str]


@dataclass
class _Asked:
    """A request, as whoever pays would note it."""

    name: str
    who: BudgetOwner
    estimate: Amount
    places: tuple[_Place, ...]
    at: float
    is_held: bool
    is_settled: bool = False
    is_gone: bool = False
    """Its connection is."""


class Spending(RuleBasedStateMachine):
    """Beside the budgets, a plain list of what was asked and answered."""

    asked = Bundle("asked")

    def __init__(self) -> None:
        super().__init__()
        self.now = EVENING
        self.stored: dict[str, dict[str, Any]] = {COUNTERS: {}, LIMITS: {}}
        self.budgets = Budgets(now=self.now, save=self.save)
        self.requests: list[_Asked] = []
        self.spent: dict[_Place, list[Amount]] = {}

    # ------------------------------------------------------------ the road

    @rule(target=asked, who=WHOS, estimate=AMOUNTS)
    def ask(self, who: BudgetOwner, estimate: Amount) -> Any:
        """Refused where used and held reach a limit, and only there."""
        self.expire()
        places = self.places(who)
        full = [place for place in places if self.is_full(place)]
        request = _Asked(f"x{len(self.requests)}", who, estimate, places, self.now, is_held=False)
        given = self.budgets.admit(request.name, who, BUDGET, estimate, self.now)
        if full:
            assert not given.is_allowed
        elif not given.is_allowed:
            assert "share" in given.message
            assert not who.is_own
            assert len({one.who.conversation for one in self.requests if one.who.session == who.session}) > 1
        assert not (given.is_final and given.is_allowed)
        self.requests.append(request)
        request.is_held = given.is_allowed
        return request if given.is_allowed else multiple()

    @rule(request=asked)
    def ask_again(self, request: _Asked) -> None:
        """The same exchange, by a thread that was given up: nothing is held twice, nor held when all is paid."""
        if (request.is_held or request.is_settled) and not request.is_gone:
            assert self.budgets.admit(request.name, request.who, BUDGET, request.estimate, self.now).is_allowed

    @rule(request=asked, cost=AMOUNTS)
    def settle(self, request: _Asked, cost: Amount) -> None:
        """Late, twice, after it was given up: each exchange counts once."""
        if request.is_gone:
            return
        self.budgets.settle(request.name, request.who, BUDGET, cost, self.now)
        if not request.is_settled:
            for place in request.places if request.is_held else self.places(request.who):
                self.spent.setdefault(place, []).append(cost)
        request.is_held, request.is_settled = False, True

    @rule(request=asked)
    def release(self, request: _Asked) -> None:
        """The client left, or the provider refused it."""
        self.budgets.release(request.name)
        request.is_held = False

    @rule(target=asked, who=WHOS, cost=AMOUNTS)
    def settle_what_was_not_asked(self, who: BudgetOwner, cost: Amount) -> _Asked:
        """It went as it came, and counts all the same."""
        request = _Asked(f"x{len(self.requests)}", who, Amount(), self.places(who), self.now, is_held=False)
        self.requests.append(request)
        self.settle(request, cost)
        return request

    @rule(who=WHOS)
    def end(self, who: BudgetOwner) -> None:
        """A subagent has given its answer."""
        self.budgets.ended(who, BUDGET, self.now)

    @rule(who=WHOS)
    def look(self, who: BudgetOwner) -> None:
        """The level that a draft is given counts nothing."""
        self.budgets.standing(who, BUDGET, self.now)

    # ------------------------------------------------------------ time and the machine

    @rule(seconds=st.sampled_from([1.0, 60.0, 700.0, HOLD_S, 86400.0]))
    def wait(self, seconds: float) -> None:
        """Into the next day, with requests under way."""
        self.now += seconds

    @rule()
    def restart(self) -> None:
        """What was under way is gone with its connections; what was counted, raised and reached stays."""
        before = self.rows()
        self.budgets = Budgets(*self.stored.values(), now=self.now, save=self.save)
        was_held = any(request.is_held for request in self.requests)
        for request in self.requests:
            request.is_held, request.is_gone = False, True
        kept = {self.place(row): row for row in self.rows()}
        for row in before:
            after = kept.get(self.place(row))
            if after is not None:
                assert (after["used"], after["raised"]) == (row["used"], row["raised"])
                # An agent that was only heard of is forgotten, and leaves its share to the others.
                is_shared_anew = after.get("pool") != row.get("pool")
                assert was_held or is_shared_anew or after["level"] == row["level"]
            else:
                assert not any(row["used"].values())
                assert not any(row["raised"].values())

    # ------------------------------------------------------------ a person

    @rule(who=WHOS)
    def raise_(self, who: BudgetOwner) -> None:
        """Lifts what blocks at once, and nothing that does not."""
        full = {place for place in self.places(who) if self.is_full(place)}
        others = {row["name"]: row["raised"] for row in self.rows() if self.place(row) not in self.places(who)}
        self.budgets.raise_(BUDGET, self.now, who=who)
        assert not any(self.is_full(place) for place in full)
        left = {row["name"]: row["raised"] for row in self.rows() if self.place(row) not in self.places(who)}
        assert others == left
        if full:
            standing = self.budgets.standing(BudgetOwner(**{**_fields(who), "is_own": True}), BUDGET, self.now)
            assert standing.level < Level.BLOCKED

    @rule(scope=st.sampled_from(Scope))
    def reset(self, scope: Scope) -> None:
        """Counts from nothing, of what is now."""
        shown = {self.place(row) for row in self.rows() if row["scope"] == scope}
        self.budgets.reset(BUDGET, self.now, scope)
        for place in shown:
            self.spent.pop(place, None)
            if scope is Scope.SESSION:
                for name in NAMES:
                    if f"s{NAMES.index(name) // 3}" == place[1]:
                        self.spent.pop((Scope.CONVERSATION, name, ""), None)

    # ------------------------------------------------------------ what holds

    @invariant()
    def all_that_was_settled_is_counted_once(self) -> None:
        """In each place, to the last digit but a hair."""
        for row in self.rows():
            spent = sum(self.spent.get(self.place(row), []), Amount())
            assert row["used"] == pytest.approx(spent.payload())

    @invariant()
    def what_is_under_way_is_held(self) -> None:
        """And nothing else, nor less than nothing."""
        for row in self.rows():
            held = [one.estimate for one in self.requests if one.is_held and self.place(row) in one.places]
            assert row["held"] == pytest.approx(sum(held, Amount()).payload())
            assert min(row["held"].values()) >= 0

    # ------------------------------------------------------------ within

    def save(self, kind: str, name: str, change: FactChange) -> None:
        """As a store does, through JSON."""
        self.stored[kind].pop(name, None)
        value = change.value if isinstance(change, Increment) else change
        if value is not None:
            self.stored[kind][name] = json.loads(json.dumps(value))

    def rows(self) -> list[dict[str, Any]]:
        return self.budgets.show(BUDGET, self.now)

    def place(self, row: dict[str, Any]) -> _Place:
        return Scope(row["scope"]), row["name"], row["period"]

    def places(self, who: BudgetOwner) -> tuple[_Place, ...]:
        return tuple((key.scope, key.name, key.period) for key in keys_of(who, BUDGET, self.now))

    def is_full(self, place: _Place) -> bool:
        limits: dict[str, float] = next((row["limits"] for row in self.rows() if self.place(row) == place), {})
        held = [one.estimate for one in self.requests if one.is_held and place in one.places]
        taken = sum(self.spent.get(place, []) + held, Amount())
        return any(taken.of(m) / limits[m] >= 1 - 1e-12 for m in MEASURES if m in limits)

    def expire(self) -> None:
        for request in self.requests:
            request.is_held = request.is_held and request.at > self.now - HOLD_S


def _fields(who: BudgetOwner) -> dict[str, Any]:
    return {name: getattr(who, name) for name in BudgetOwner.__slots__}


TestSpending = Spending.TestCase
TestSpending.settings = settings(settings.get_profile("penstock"), stateful_step_count=60)
