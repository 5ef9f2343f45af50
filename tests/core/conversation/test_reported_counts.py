"""What a provider counted, whatever shape it has."""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.conversation.reply import Usage
from penstock.conversation.reported_counts import (
    MOST_DOLLARS,
    MOST_TOKENS,
    bounded,
    count,
    dollars,
    line,
    mapping,
    objects,
)
from tests.core.jsontext import texts

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
)


@pytest.mark.parametrize(
    ("value", "tokens"),
    [
        (0, 0),
        (12, 12),
        (MOST_TOKENS + 1, MOST_TOKENS),
        (10**40, MOST_TOKENS),
        (-1, None),
        (True, None),
        ("12", None),
        (12.0, None),
        (math.nan, None),
        (None, None),
        ([12], None),
        ({"tokens": 12}, None),
    ],
)
def test_a_count_is_a_whole_number_from_0_on(value: object, tokens: int | None) -> None:
    """Anything else is not said; a number that no request has is cut."""
    assert count(value) == tokens


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (0, 0.0),
        (0.25, 0.25),
        (1e300, MOST_DOLLARS),
        (-0.01, None),
        (math.inf, None),
        (math.nan, None),
        ("1", None),
        (True, None),
        ({"total_cost": 1}, None),
    ],
)
def test_dollars_are_a_number_from_0_on(value: object, amount: float | None) -> None:
    """Some servers put an object there."""
    assert dollars(value) == amount


@given(anything)
def test_nothing_raises(value: Any) -> None:
    """Whatever JSON holds."""
    assert mapping(value) is value or mapping(value) == {}
    assert all(isinstance(one, dict) for one in objects(value))
    assert "\n" not in line(value)
    assert bounded(value) == Usage()


@given(st.lists(anything, min_size=len(fields(Usage)), max_size=len(fields(Usage))))
def test_every_figure_can_be_reckoned_with(values: list[Any]) -> None:
    """Whatever a plugin's dialect put into a `Usage`."""
    usage = bounded(Usage(*values))
    counts = [usage.input, usage.output, usage.cache_read, usage.cache_write, usage.cache_write_hour]
    assert all(n is None or (type(n) is int and 0 <= n <= MOST_TOKENS) for n in counts)
    assert usage.prompt is None or usage.prompt >= (usage.cache_write_hour or 0)
    assert usage.passes >= 1
    assert min(usage.searches, usage.cleared) >= 0
    assert usage.dollars is None or 0 <= usage.dollars <= MOST_DOLLARS
    assert bounded(usage) == usage


def test_what_is_sane_stays() -> None:
    """And so do the model calls besides, which have none of their own."""
    other = Usage(input=1, cache_write=5, cache_write_hour=5, model="m", others=(Usage(input=9),))
    usage = Usage(1, 2, 3, 4, 4, 2, 1, 7, True, False, True, 0.5, "", (other,))
    assert asdict(bounded(usage)) == asdict(usage) | {"others": ({**asdict(other), "others": ()},)}
