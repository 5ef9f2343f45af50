"""The books."""

from __future__ import annotations

import pytest

from penstock.budget import counter_table
from penstock.budget.amount import Amount
from penstock.budget.counter_table import HOLD_S, KEEP_S, CounterTable
from penstock.budget.scopes import BudgetOwner, Key, Scope

NOW = 1_700_000_000.0
WHO = BudgetOwner("c", "s")
KEY = Key(Scope.CONVERSATION, "c")
ONE = Amount(requests=1)


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
    """Once; what could not be stored is given again, unless it is out of date by then."""
    found = CounterTable({}, NOW)
    for key in (KEY, Key(Scope.DAY, "")):
        found.open(key, WHO, NOW).spend(ONE, is_own=False)
        found.note(key)
    given = found.changed()
    assert (set(given), found.changed()) == ({"conversation||c", "day||"}, {})
    found.open(KEY, WHO, NOW).spend(ONE, is_own=False)
    found.note(KEY)
    found.unsaved(given)
    again = found.changed()
    assert [again[text]["used"]["requests"] for text in ("conversation||c", "day||")] == [2, 1]  # type: ignore[index]


def test_what_is_old_or_cannot_be_read_is_deleted() -> None:
    """From the store as well."""
    counter = CounterTable({}, NOW).open(KEY, WHO, NOW).payload()
    stored = {"conversation||c": counter, "conversation||d": counter | {"at": NOW - KEEP_S - 1}, "nonsense": {}}
    found = CounterTable(stored, NOW)
    assert found.changed() == {"conversation||d": None, "nonsense": None}
    assert set(found.members(Key(Scope.SESSION, "s"))) == {KEY}


def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client without sessions begins one with each request: those asked for least lately are forgotten, here and in
    the store, but never while something is held in them."""
    monkeypatch.setattr(counter_table, "KEEP", 10)
    found = CounterTable({}, NOW)
    keys = [Key(Scope.CONVERSATION, f"c{n}") for n in range(30)]
    for key in keys:
        found.open(key, BudgetOwner(key.name, key.name), NOW).spend(ONE, is_own=False)
        found.note(key)
        found.open(keys[0], BudgetOwner("c0", "c0"), NOW)
    kept = [key for key in keys if found.find(key).used == ONE]
    assert kept == [keys[0], *keys[-9:]]
    assert sum(values is None for values in found.changed().values()) == 20
    assert [bool(found.members(Key(Scope.SESSION, name))) for name in ("c5", "c29")] == [False, True]

    found.hold("x", keys[:1], BudgetOwner("c0", "c0"), ONE, NOW)
    for n in range(30):
        found.open(Key(Scope.PROJECT, str(n)), WHO, NOW)
    assert found.find(keys[0]).held == ONE


def test_what_is_old_goes_while_the_proxy_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is never stopped forgets what one that is started anew would not read."""
    found = CounterTable({}, NOW)
    for day in range(60):
        found.open(Key(Scope.DAY, "", f"day {day}"), WHO, NOW + day * 86400)
    assert sum(values is None for values in found.changed().values()) == 29


def test_settled_exchanges_are_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long enough for any that comes twice, and not for ever."""
    monkeypatch.setattr(counter_table, "SETTLED", 3)
    found = CounterTable({}, NOW)
    assert [found.is_new(x) for x in "aabcda"] == [True, False, True, True, True, True]


def test_members_of_another_period_share_nothing() -> None:
    """Yesterday's share of a session's budget is none today, and no second agent."""
    found = CounterTable({}, NOW)
    for period in ("2026-03-03", "2026-03-04"):
        found.open(Key(Scope.CONVERSATION, "c", period), WHO, NOW)
    assert list(found.members(Key(Scope.SESSION, "s", "2026-03-04"))) == [Key(Scope.CONVERSATION, "c", "2026-03-04")]
