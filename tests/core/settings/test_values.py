"""Values as people write them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.settings.setting import Setting, Shape
from penstock.settings.values import parsed, written


def setting(shape: Shape, *choices: str, none: bool = False) -> Setting:
    return Setting("a.b", "Part", shape, None, None, choices=choices, may_be_none=none)


@pytest.mark.parametrize(
    ("shape", "text", "value"),
    [
        (Shape.SWITCH, "on", True),
        (Shape.SWITCH, "No", False),
        (Shape.WHOLE, "20_000", 20000),
        (Shape.WHOLE, " 3 ", 3),
        (Shape.NUMBER, "0.8", 0.8),
        (Shape.NUMBER, "80%", 0.8),
        (Shape.NUMBER, "1,000", 1000.0),
        (Shape.WORDS, "envelope, trim,", ["envelope", "trim"]),
        (Shape.WORDS, "", []),
        (Shape.TEXT, " keywords ", "keywords"),
    ],
)
def test_what_is_meant_is_understood(shape: Shape, text: str, value: Any) -> None:
    """However it is written."""
    found = parsed(setting(shape), text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("shape", "text", "said"),
    [
        (Shape.SWITCH, "maybe", "on or off"),
        (Shape.WHOLE, "1.5", "a whole number"),
        (Shape.WHOLE, "", "a whole number"),
        (Shape.NUMBER, "nan", "a number"),
        (Shape.NUMBER, "inf", "a number"),
        (Shape.NUMBER, "none", "a number"),
        (Shape.CHOICE, "careful", "safe, bold"),
    ],
)
def test_what_is_not_understood_is_refused(shape: Shape, text: str, said: str) -> None:
    """With what was expected."""
    with pytest.raises(ValueError, match=said):
        parsed(setting(shape, "safe", "bold"), text)


@pytest.mark.parametrize("text", ["none", "None", ""])
def test_what_may_be_left_open_may(text: str) -> None:
    """No limit, say."""
    assert parsed(setting(Shape.NUMBER, none=True), text) is None


values = st.one_of(
    st.tuples(st.just(Shape.SWITCH), st.booleans()),
    st.tuples(st.just(Shape.WHOLE), st.integers(-(10**9), 10**9)),
    st.tuples(st.just(Shape.NUMBER), st.integers(-(10**6), 10**6).map(lambda n: n / 1000)),
    st.tuples(st.just(Shape.WORDS), st.lists(st.text("abc_-", min_size=1))),
)


@given(values)
def test_what_is_shown_can_be_typed(case: tuple[Shape, Any]) -> None:
    """What is edited in place begins as what is written there."""
    shape, value = case
    assert parsed(setting(shape), written(value)) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (True, "on"), (0.7, "0.7"), (365.0, "365"), (["a", "b"], "a, b"), (1000, "1000")],
)
def test_a_value_reads_as_a_person_writes_it(value: Any, text: str) -> None:
    """No `True`, no `365.0`."""
    assert written(value) == text
