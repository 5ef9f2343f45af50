"""Amounts."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from penstock.budget.amount import MEASURES, Amount

NUMBERS = st.floats(0, 1e9).map(lambda n: round(n, 6))
AMOUNTS = st.builds(Amount, NUMBERS, NUMBERS, NUMBERS)


@given(AMOUNTS)
def test_what_is_stored_is_read_again(amount: Amount) -> None:
    """Through JSON."""
    assert Amount.read(json.loads(json.dumps(amount.payload()))) == amount


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: st.dictionaries(st.sampled_from(MEASURES), inner),
    )
)
def test_what_cannot_be_read_is_nothing(stored: object) -> None:
    """No amount is below nothing, endless or no number."""
    assert all(0 <= Amount.read(stored).of(measure) < float("inf") for measure in MEASURES)


@given(st.lists(AMOUNTS))
def test_what_was_added_goes_away_whole(amounts: list[Amount]) -> None:
    """Sums of floats are off by a hair; of what is held nothing may stay."""
    total = Amount()
    for amount in amounts:
        total += amount
    small = [Amount(0.1), Amount(0.2), Amount(0.7)]
    for amount in small:
        total += amount
    assert (small[0] + small[1] + small[2]) - small[2] - small[0] - small[1] == Amount()
    assert min((total - total).of(m) for m in MEASURES) == 0


def test_nothing_is_the_least() -> None:
    """What is taken away twice leaves nothing, no debt."""
    assert Amount(1, 2, 3) - Amount(2, 1, 9) == Amount(0, 1, 0)
