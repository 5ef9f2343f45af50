"""Counters, and the table of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.increment import FactChange, Increment
from penstock.budget import counters
from penstock.budget.amount import Amount
from penstock.budget.counters import HOLD_S, KEEP_S, Counter, CounterTable
from penstock.budget.scopes import BudgetOwner, Key, Scope
from penstock.budget.settings import Level

NOW = 1_700_000_000.0
WHO = BudgetOwner("c", "s")
KEY = Key(Scope.CONVERSATION, "c")
ONE = Amount(requests=1)
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


def save(stored: dict[str, Any], name: str, change: FactChange) -> None:
    """As a store does to which several proxies write."""
    stored[name] = change.applied(stored.get(name, {})) if isinstance(change, Increment) else change
    if isinstance(change, Increment):
        change.written()


def test_a_hold_ends_with_its_exchange() -> None:
    """And says where it was, so that the answer counts in the period of its request."""
    found = CounterTable({}, NOW)
    found.hold("x", (KEY,), WHO, ONE, NOW)
    assert (found.held("x"), found.find(KEY).held) == (ONE, ONE)
    assert found.let_go("x") == (KEY,)
    assert (found.held("x"), found.find(KEY).held, found.let_go("x")) == (None, Amount(), ())


def test_what_is_never_heard_of_again_is_let_go() -> None:
    """After a time in which any answer has come."""
    found = CounterTable({}, NOW)
    found.hold("x", (KEY,), WHO, ONE, NOW)
    found.hold("y", (KEY,), WHO, ONE, NOW + 10)
    found.let_go_of_old(NOW + HOLD_S - 1)
    assert found.find(KEY).held == ONE + ONE
    found.let_go_of_old(NOW + HOLD_S)
    assert found.find(KEY).held == ONE


def test_a_clock_that_is_set_back_holds_nothing_for_ever() -> None:
    """What was held in the future that never came is let go as soon as anything else."""
    found = CounterTable({}, NOW)
    found.hold("x", (KEY,), WHO, ONE, NOW + 1e8)
    found.let_go_of_old(NOW)
    found.let_go_of_old(NOW + HOLD_S)
    assert found.find(KEY).held == Amount()


def test_what_is_stored_is_what_changed() -> None:
    """With its newest values."""
    stored: dict[str, Any] = {}
    found = CounterTable({}, NOW, lambda name, change: save(stored, name, change))
    for key in (KEY, Key(Scope.DAY, ""), KEY):
        found.open(key, WHO, NOW).spend(ONE, is_own=False)
        found.note(key)
    assert {text: values["used"]["requests"] for text, values in stored.items()} == {"conversation||c": 2, "day||": 1}


def test_what_is_old_or_cannot_be_read_is_deleted() -> None:
    """From the store as well."""
    counter = CounterTable({}, NOW).open(KEY, WHO, NOW).payload()
    stored = {"conversation||c": counter, "conversation||d": counter | {"at": NOW - KEEP_S - 1}, "nonsense": {}}
    deleted: dict[str, Any] = {}
    found = CounterTable(stored, NOW, deleted.__setitem__)
    assert deleted == {"conversation||d": None, "nonsense": None}
    assert set(found.members(Key(Scope.SESSION, "s"))) == {KEY}


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client without sessions begins one with each request: those asked for least lately are forgotten, here and in
    the store, but never while something is held in them."""
    monkeypatch.setattr(counters, "KEEP", 10)
    stored: dict[str, Any] = {}
    found = CounterTable({}, NOW, stored.__setitem__)
    keys = [Key(Scope.CONVERSATION, f"c{n}") for n in range(30)]
    for key in keys:
        found.open(key, BudgetOwner(key.name, key.name), NOW).spend(ONE, is_own=False)
        found.note(key)
        found.open(keys[0], BudgetOwner("c0", "c0"), NOW)
    kept = [key for key in keys if found.find(key).used == ONE]
    assert kept == [keys[0], *keys[-9:]]
    assert sum(values is None for values in stored.values()) == 20
    assert [bool(found.members(Key(Scope.SESSION, name))) for name in ("c5", "c29")] == [False, True]

    found.hold("x", keys[:1], BudgetOwner("c0", "c0"), ONE, NOW)
    for n in range(30):
        found.open(Key(Scope.PROJECT, str(n)), WHO, NOW)
    assert found.find(keys[0]).held == ONE


def test_what_is_old_goes_while_the_proxy_runs() -> None:
    """One that is never stopped forgets what one that is started anew would not read."""
    stored: dict[str, Any] = {}
    found = CounterTable({}, NOW, stored.__setitem__)
    for day in range(60):
        found.open(Key(Scope.DAY, "", f"day {day}"), WHO, NOW + day * 86400)
    assert list(stored.values()) == [None] * 29


def test_settled_exchanges_are_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough for any that comes twice, and not for ever."""
    monkeypatch.setattr(counters, "ENDED", 3)
    found = CounterTable({}, NOW)
    assert [found.end(x, is_paid=True) for x in "aabcda"] == [True, False, True, True, True, True]


def test_members_of_another_period_share_nothing() -> None:
    """Yesterday's share of a session's budget is none today, and no second agent."""
    found = CounterTable({}, NOW)
    for period in ("2026-03-03", "2026-03-04"):
        found.open(Key(Scope.CONVERSATION, "c", period), WHO, NOW)
    assert list(found.members(Key(Scope.SESSION, "s", "2026-03-04"))) == [Key(Scope.CONVERSATION, "c", "2026-03-04")]


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


def test_several_proxies_count_in_one_counter() -> None:
    """Each adds to the store what it counted itself, and takes over what the others did: no amount is lost, and none is
    counted twice, whatever was not stored yet."""
    stored: dict[str, Any] = {}
    waiting: list[tuple[str, FactChange]] = []

    def store_all() -> None:
        for name, change in waiting:
            save(stored, name, change)
        waiting.clear()

    tables = [CounterTable({}, NOW, lambda name, change: waiting.append((name, change))) for _ in range(2)]

    def spend(table: CounterTable) -> None:
        table.open(KEY, WHO, NOW).spend(ONE, is_own=False)
        table.note(KEY)

    for table in (*tables, tables[0]):
        spend(table)
    store_all()
    assert stored[str(KEY)]["used"]["requests"] == 3
    assert [table.find(KEY).used.requests for table in tables] == [2, 1]
    spend(tables[1])  # not stored when the others' counts are taken over
    for table in tables:
        table.adopt(stored)
    spend(tables[1])
    store_all()
    for table in tables:
        table.adopt(stored)
    assert stored[str(KEY)]["used"]["requests"] == 5
    assert [table.find(KEY).used.requests for table in tables] == [5, 5]
    assert [table.find(KEY).shared.requests for table in tables] == [5, 5]
    late = CounterTable({}, NOW)
    late.adopt(stored)
    assert late.open(KEY, WHO, NOW).used.requests == 5


@given(st.lists(st.sampled_from(["spend", "note", "write", "adopt", "other"])))
def test_what_is_not_written_yet_stays_counted(steps: list[str]) -> None:
    """Whenever the sums of other proxies are taken over: the write may take long, or fail for as long as reads work."""
    stored: dict[str, Any] = {}
    waiting: list[tuple[str, FactChange]] = []
    table = CounterTable({}, NOW, lambda name, change: waiting.append((name, change)))
    other = CounterTable({}, NOW, lambda name, change: save(stored, name, change))
    here = elsewhere = adopted = 0
    counter = table.open(KEY, WHO, NOW)
    for step in ["spend", "note", "write", "adopt", "spend", "note", "adopt", *steps]:
        if step == "spend":
            counter.spend(ONE, is_own=False)
            here += 1
        elif step == "note":
            table.note(KEY)
        elif step == "write" and waiting:
            save(stored, *waiting.pop(0))
        elif step == "adopt":
            table.adopt(stored)
            adopted = elsewhere if stored else adopted
        elif step == "other":
            other.open(KEY, WHO, NOW).spend(ONE, is_own=False)
            other.note(KEY)
            elsewhere += 1
        assert counter.used.requests == here + adopted


@given(st.lists(st.sampled_from(["spend", "collect", "write", "adopt", "other"])))
def test_changes_that_are_asked_for_later_add_up_to_the_same(steps: list[str]) -> None:
    """Whatever others count meanwhile: nothing is lost, and nothing is counted twice."""
    stored: dict[str, Any] = {}
    asked: list[None] = []
    waiting: list[tuple[str, FactChange]] = []
    table = CounterTable({}, NOW, later=lambda: asked.append(None), is_shared=True)
    other = CounterTable({}, NOW, lambda name, change: save(stored, name, change))
    here = elsewhere = adopted = 0
    counter = table.open(KEY, WHO, NOW)
    for step in ["spend", "spend", "adopt", *steps, "collect", *["write"] * (len(steps) + 1)]:
        if step == "spend":
            counter.spend(ONE, is_own=False)
            table.note(KEY)
            here += 1
        elif step == "collect" and asked:
            asked.clear()
            waiting += table.changes().items()
        elif step == "write" and waiting:
            save(stored, *waiting.pop(0))
        elif step == "adopt":
            table.adopt(stored)
            adopted = elsewhere if stored else adopted
        elif step == "other":
            other.open(KEY, WHO, NOW).spend(ONE, is_own=False)
            other.note(KEY)
            elsewhere += 1
        assert counter.used.requests == here + adopted
        assert len(asked) <= 1, "once until they are asked for"
    assert stored[str(KEY)]["used"]["requests"] == here + elsewhere


def test_a_counter_that_is_dropped_before_its_change_was_asked_for_stays_dropped() -> None:
    stored: dict[str, Any] = {}
    table = CounterTable({}, NOW, lambda name, change: save(stored, name, change), later=lambda: None)
    table.open(KEY, WHO, NOW).spend(ONE, is_own=False)
    table.note(KEY)
    table.forget(Scope.CONVERSATION, {"c"})
    assert table.changes() == {}
    assert stored == {str(KEY): None}
    table.open(KEY, WHO, NOW).spend(ONE, is_own=False)
    table.note(KEY)
    assert list(table.changes()) == [str(KEY)]


def test_a_counter_whose_change_is_still_to_be_stored_is_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counters, "KEEP", 10)
    table = CounterTable({}, NOW, later=lambda: None, is_shared=True)
    keys = [Key(Scope.SESSION, f"s{n}") for n in range(30)]
    for key in keys:
        table.open(key, WHO, NOW).spend(ONE, is_own=False)
        table.note(key)
    assert table.find(keys[0]).used == ONE
    for change in table.changes().values():
        assert isinstance(change, Increment)
        change.written()
    table.open(KEY, WHO, NOW)
    assert table.find(keys[0]).used == Amount()


def test_a_reset_holds_for_all_proxies() -> None:
    """What the other has spent since stays counted."""
    stored: dict[str, Any] = {}
    one, other = (CounterTable({}, NOW, lambda name, change: save(stored, name, change)) for _ in range(2))
    one.open(KEY, WHO, NOW).spend(ONE, is_own=False)
    one.note(KEY)
    other.adopt(stored)
    one.find(KEY).reset()
    one.note(KEY)
    other.open(KEY, WHO, NOW).spend(ONE, is_own=False)
    other.note(KEY)
    for table in (one, other):
        table.adopt(stored)
    assert [table.find(KEY).used.requests for table in (one, other)] == [1, 1]


def test_one_proxy_forgets_no_counter_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a shared store those that are too many are forgotten in memory only, and read again when asked for; those that
    are old are deleted."""
    monkeypatch.setattr(counters, "KEEP", 10)
    stored: dict[str, Any] = {}
    table = CounterTable({}, NOW, lambda name, change: save(stored, name, change), is_shared=True)
    for n in range(30):
        key = Key(Scope.SESSION, f"s{n}")
        table.open(key, WHO, NOW).spend(ONE, is_own=False)
        table.note(key)
    first = Key(Scope.SESSION, "s0")
    assert (table.find(first).used, stored[str(first)]["used"]["requests"]) == (Amount(), 1)
    assert table.open(first, WHO, NOW).used == ONE
    again = CounterTable(stored, NOW, lambda name, change: save(stored, name, change), is_shared=True)
    again.adopt(stored)
    assert again.open(first, WHO, NOW).used == ONE
    assert None not in stored.values()
    again.open(KEY, WHO, NOW + KEEP_S + 1)
    assert sum(values is None for values in stored.values()) == 10
