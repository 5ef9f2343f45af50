"""Amounts as a person types them."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.data.amounts import AmountError, in_words, parse_amounts


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("", {}),
        ("$20", {"dollars": 20}),
        ("0.5", {"dollars": 0.5}),
        ("20 dollars", {"dollars": 20}),
        ("1,200 tokens", {"tokens": 1200}),
        ("2M tokens", {"tokens": 2e6}),
        ("2.5k requests and $5", {"requests": 2500, "dollars": 5}),
        ("$5, 500 requests", {"dollars": 5, "requests": 500}),
        ("1 token; 1 request", {"tokens": 1, "requests": 1}),
    ],
)
def test_amounts(text: str, amounts: dict[str, float]) -> None:
    """A number alone is dollars; several are told apart by their words."""
    assert parse_amounts(text) == amounts


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("much", "no amount"),
        ("$5 tokens", "no amount"),
        ("5 apples", "no amount"),
        ("-5", "no amount"),
        ("0", "above nothing"),
        ("1.2.3", "no number"),
        ("$5, $6", "named twice"),
    ],
)
def test_what_is_none_is_explained(text: str, said: str) -> None:
    with pytest.raises(AmountError, match=said):
        parse_amounts(text)


@given(st.text(max_size=30))
def test_any_line_is_an_amount_or_an_explanation(text: str) -> None:
    """And an amount is finite and above nothing."""
    with suppress(AmountError):
        assert all(0 < amount < math.inf for amount in parse_amounts(text).values())


def test_in_words() -> None:
    assert in_words({"requests": 500, "dollars": 5}) == "$5.00 and 500 requests"
