"""The difference of two values."""

from __future__ import annotations

import json
from typing import Any

import jsonpatch
from hypothesis import given
from hypothesis import strategies as st

from penstock_service.contexts.json_patch import difference

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, JSON)
def test_applied_to_the_old_value_it_makes_the_new_one(old: Any, new: Any) -> None:
    """By another implementation of RFC 6902."""
    made = jsonpatch.apply_patch(old, difference(old, new))
    assert json.dumps(made, sort_keys=True) == json.dumps(new, sort_keys=True)


@given(JSON)
def test_equal_values_have_none(value: Any) -> None:
    assert difference(value, value) == []


def test_names_with_slashes_and_tildes_are_escaped() -> None:
    assert difference({"a/b~c": 1}, {"a/b~c": 2}) == [{"op": "replace", "path": "/a~1b~0c", "value": 2}]


def test_one_is_not_true() -> None:
    assert difference([1], [True]) == [{"op": "replace", "path": "/0", "value": True}]
