"""Changes of stored objects that several processes make."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.base.increment import Increment, merged

PARTS = ("used", "own")
AMOUNTS = st.dictionaries(st.sampled_from("ab"), st.integers(0, 1000).map(float), max_size=2)
OBJECTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries({"used": AMOUNTS, "at": st.integers()})
INCREMENTS = st.builds(Increment, OBJECTS, st.dictionaries(st.sampled_from(PARTS), AMOUNTS, max_size=2), st.just(PARTS))


def effect(stored: Mapping[str, Any], change: object) -> Mapping[str, Any]:
    assert isinstance(change, Increment)
    return change.applied(stored)


@given(OBJECTS, st.lists(INCREMENTS, min_size=1, max_size=5))
def test_several_increments_become_one(stored: dict[str, Any], changes: list[Increment]) -> None:
    """Which has the same effect as all of them, one after the other."""
    one_by_one: Mapping[str, Any] = stored
    at_once: object = None
    for n, change in enumerate(changes):
        one_by_one = effect(one_by_one, change)
        at_once = change if n == 0 else merged(at_once, change)  # type: ignore[arg-type]
    assert effect(stored, at_once) == one_by_one


def test_what_is_written_whole_takes_the_place_of_earlier_changes() -> None:
    """And an increment after it is in it: no other process can have added meanwhile."""
    more = Increment({"used": {"a": 3.0}}, {"used": {"a": 1.0}}, PARTS)
    assert merged(more, {"used": {}}) == {"used": {}}
    assert merged(more, None) is None
    for before in ({"used": {"a": 2.0}}, None):
        whole = merged(before, more)
        later = merged(whole, Increment({"used": {"a": 4.0}}, {"used": {"a": 1.0}}, PARTS))
        assert effect({"used": {"a": 9.0}}, whole) == {"used": {"a": 3.0}}
        assert effect({"used": {"a": 9.0}}, later) == effect({}, merged(more, later)) == {"used": {"a": 4.0}}


def test_what_is_written_is_confirmed_once() -> None:
    """With all that was added since the object was written whole."""
    confirmed: list[object] = []
    one, two = (Increment({}, {"used": {"a": n}}, PARTS, on_written=confirmed.append) for n in (1.0, 2.0))
    for change in (merged(one, two), merged(merged(one, None), two)):
        assert isinstance(change, Increment)
        change.written()
    assert confirmed == [{"used": {"a": 3.0}}, {"used": {"a": 2.0}}]


@pytest.mark.parametrize("stored", [{}, {"used": None}, {"used": {"a": "text"}}])
def test_what_is_no_number_counts_as_nothing(stored: dict[str, Any]) -> None:
    """Another version may have written it."""
    assert Increment({}, {"used": {"a": 2.0}}, PARTS).applied(stored) == {"used": {"a": 2.0}}


def test_other_fields_are_replaced_or_stay() -> None:
    """Sums of other processes among them."""
    stored = {"used": {"a": 1.0, "b": 2.0}, "own": {"a": 1.0}, "new": "x", "at": 4}
    change = Increment({"used": {"a": 1.0}, "own": {}, "at": 5}, {"used": {"a": 1.0}}, PARTS)
    assert change.applied(stored) == {"used": {"a": 2.0, "b": 2.0}, "own": {"a": 1.0}, "new": "x", "at": 5}


def test_no_sum_is_below_nothing() -> None:
    """A counter may have been reset meanwhile."""
    assert Increment({}, {"used": {"a": -3.0}}, PARTS).applied({"used": {"a": 2.0}}) == {"used": {"a": 0.0}}
