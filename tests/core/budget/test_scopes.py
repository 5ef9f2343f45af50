"""Whom a budget is for, and since when it counts."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.budget.scopes import BudgetOwner, Key, Scope, keys_of, member_of, period_of, storable
from penstock.budget.settings import Budget, Limit

NOON = datetime(2026, 3, 4, 12, 30).timestamp()


@given(st.sampled_from(Scope), st.text(), st.sampled_from(["", "2026-03-04", "2026-03", "2026-03-04T12"]))
def test_a_key_is_read_as_it_was_written(scope: Scope, name: str, period: str) -> None:
    """Whatever a client or a folder is called."""
    key = Key(scope, name, period)
    assert Key.read(str(key)) == key


@given(st.text())
def test_what_is_no_key_is_none(text: str) -> None:
    """It is not guessed at."""
    key = Key.read(text)
    assert key is None or str(key) == text


@pytest.mark.parametrize(
    ("per", "period"), [("hour", "2026-03-04T12"), ("day", "2026-03-04"), ("month", "2026-03"), ("ever", "")]
)
def test_periods(per: str, period: str) -> None:
    """By the machine's calendar, as its user reads it."""
    budget = Budget(session=Limit.model_validate({"per": per}))
    assert period_of(budget, Scope.SESSION, NOON) == period


def test_periods_that_nobody_set() -> None:
    """A day for what goes on for ever; sessions and conversations have no other end than their own."""
    periods = {str(scope): period_of(Budget(), scope, NOON) for scope in Scope}
    day = "2026-03-04"
    assert periods == {"day": day, "project": day, "agent": day, "session": "", "conversation": ""}


def test_what_a_request_counts_for() -> None:
    """The widest first. Where names are missing something still counts: a session of its own."""
    names = [key.name for key in keys_of(BudgetOwner("c", "s", "claude-code", "kiln"), Budget(), NOON)]
    assert names == ["", "kiln", "claude-code", "s", "c"]
    assert [key.name for key in keys_of(BudgetOwner("c"), Budget(), NOON)] == ["", "", "unknown", "c", "c"]


def test_a_share_is_counted_in_the_period_of_its_session() -> None:
    """A session's budget of a day is shared by what was used that day."""
    budget = Budget(session=Limit(per="day"))
    assert member_of(BudgetOwner("c", "s"), budget, NOON) == Key(Scope.CONVERSATION, "c", "2026-03-04")
    assert member_of(BudgetOwner("c", "s"), Budget(), NOON) == keys_of(BudgetOwner("c", "s"), Budget(), NOON)[-1]


@given(st.text(st.characters(), min_size=1))
def test_any_name_can_be_stored(name: str) -> None:
    """Clients choose theirs; half a character in it, as headers may bring, must not keep all others from the disk."""
    for key in keys_of(BudgetOwner(name + "\udcff", name, name, name), Budget(), NOON):
        str(key).encode()
        assert len(key.name) <= 200


def test_labels() -> None:
    """As screens and events call them."""
    assert [Key(Scope.DAY, "").label, Key(Scope.PROJECT, "kiln").label] == ["day", "project kiln"]


@given(st.text(st.characters() | st.sampled_from("\0\ud800")))
def test_no_stored_name_has_a_nul(name: str) -> None:
    """PostgreSQL refuses it, and with it all that is stored at once."""
    found = storable(name + "\0")
    assert "\0" not in found
    assert found.encode().decode() == found
