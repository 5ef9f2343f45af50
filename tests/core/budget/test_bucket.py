"""The token bucket."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.budget.bucket import Bucket

SIZES, RATES = st.floats(1, 50), st.floats(0.1, 20)
STEPS = st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 1)), min_size=1, max_size=40)
"""Seconds since the one before, and how much of the bucket's size is asked for."""


@given(SIZES, RATES, STEPS, st.booleans())
def test_no_window_sees_more_than_the_bucket_and_its_rate(
    size: float, per_s: float, steps: list[tuple[float, float]], queues: bool
) -> None:
    """Whether those that come too soon wait for their turn or go away."""
    bucket, now, passed = Bucket.full(size, per_s, 0.0), 0.0, []
    for pause, part in steps:
        now += pause
        amount = part * size
        wait = bucket.wait(amount, now)
        if wait and not queues:
            continue
        bucket.take(amount, now)
        passed.append((now + wait, amount))
    for first, (start, _) in enumerate(passed):
        total = 0.0
        for at, amount in passed[first:]:
            total += amount
            assert total <= size + per_s * (at - start) + 1e-6


@given(SIZES, RATES, STEPS)
def test_first_come_first_served(size: float, per_s: float, steps: list[tuple[float, float]]) -> None:
    """Who asks first never leaves after who asks later, for whatever amounts."""
    bucket, now, turns = Bucket.full(size, per_s, 0.0), 0.0, []
    for pause, part in steps:
        now += pause
        turns.append(now + bucket.wait(part * size, now))
        bucket.take(part * size, now)
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(turns))


@given(SIZES, RATES, st.floats(0, 1e9), st.floats(0, 1))
def test_a_clock_that_is_set_back_gives_nothing(size: float, per_s: float, back: float, part: float) -> None:
    """Nor does it take: time counts on from where the clock stands then."""
    bucket = Bucket.full(size, per_s, 2e9)
    bucket.take(size, 2e9)
    assert bucket.wait(part * size, 2e9 - back) == pytest.approx(part * size / per_s)
    assert bucket.left(2e9 - back + 1) == pytest.approx(min(size, per_s), rel=1e-3)


def test_more_than_it_holds_goes_when_it_is_full() -> None:
    """And is owed for afterwards: in the long run the rate holds."""
    bucket = Bucket.full(10, 1, 0)
    assert bucket.wait(25, 0) == 0
    bucket.take(25, 0)
    assert bucket.left(0) == -15
    assert bucket.wait(1, 0) == 16


@given(SIZES, RATES, st.floats(0, 1e6))
def test_to_ask_takes_nothing(size: float, per_s: float, pause: float) -> None:
    """However often."""
    bucket = Bucket.full(size, per_s, 0)
    bucket.take(size, 0)
    for now in (0.0, pause / 2, pause):
        bucket.wait(size, now)
    assert bucket.left(pause) == pytest.approx(min(size, pause * per_s))
