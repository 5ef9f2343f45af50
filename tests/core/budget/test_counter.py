"""Counters."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from penstock.budget.amount import Amount
from penstock.budget.counter import Counter
from penstock.budget.level import Level

AMOUNTS = st.builds(Amount, *(st.integers(0, 1000).map(float) for _ in range(3)))
COUNTERS = st.builds(
    Counter,
    used=AMOUNTS,
    raised=AMOUNTS,
    level=st.sampled_from(Level),
    share_level=st.sampled_from(Level),
    at=st.floats(0, 4e9),
    session=st.text(),
    is_main=st.booleans(),
    is_over=st.booleans(),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(COUNTERS)
def test_a_counter_outlives_a_restart(counter: Counter) -> None:
    """Through JSON, all but what is held."""
    assert Counter.read(json.loads(json.dumps(counter.payload()))) == counter
    held = Counter.read(counter.payload())
    held.hold(Amount(requests=1), is_own=False)
    assert Counter.read(held.payload()) == counter


@given(st.dictionaries(st.sampled_from(list(Counter().payload())), JSON))
def test_what_another_version_wrote_stops_nothing(stored: dict[str, object]) -> None:
    """What can be read of it is."""
    counter = Counter.read(stored)
    assert Counter.read(json.loads(json.dumps(counter.payload()))) == counter


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, st.booleans())))
def test_the_clients_own_calls_are_not_the_agents(calls: list[tuple[Amount, Amount, bool]]) -> None:
    """Neither while they are under way nor after."""
    counter, agents = Counter(), Amount()
    for estimate, cost, is_own in calls:
        counter.hold(estimate, is_own=is_own)
        assert counter.shared == (agents if is_own else agents + estimate)
        counter.let_go(estimate, is_own=is_own)
        counter.spend(cost, is_own=is_own)
        agents = agents if is_own else agents + cost
        assert counter.shared == agents
        assert counter.held == counter.own_held == Amount()
