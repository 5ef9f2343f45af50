"""Minutes, days and months of UTC."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.gateway.periods import day_of, end_of, period_of, periods_of
from penstock.gateway.records import PERIODS, Period

TIMES = st.floats(0, 4e9) | st.integers(0, 4_000_000_000).map(float) | st.integers(0, 46_000).map(lambda n: n * 86400.0)


@given(now=TIMES, per=st.sampled_from(PERIODS))
def test_a_period_ends_with_the_first_instant_of_the_next(now: float, per: Period) -> None:
    end = end_of(per, now)
    assert end > now
    assert period_of(per, end) != period_of(per, now) == period_of(per, math.nextafter(end, 0) - 1e-5)
    assert end_of(per, end - 0.5) == end


@given(now=TIMES)
def test_a_day_begins_with_its_month_and_its_minutes_with_the_day(now: float) -> None:
    minute, day, month = periods_of(now)
    assert minute.removeprefix("minute:").startswith(day.removeprefix("day:"))
    assert day == f"day:{day_of(now)}"
    assert day_of(now).startswith(month.removeprefix("month:"))


@pytest.mark.parametrize(
    ("per", "now", "name", "end"),
    [
        ("minute", 1_700_000_000.0, "minute:2023-11-14T22:13", 1_700_000_040.0),
        ("day", 1_709_164_800.0, "day:2024-02-29", 1_709_251_200.0),
        ("month", 1_709_251_199.0, "month:2024-02", 1_709_251_200.0),
        ("month", 1_735_689_599.9, "month:2024-12", 1_735_689_600.0),
    ],
)
def test_leap_days_and_years_end_where_they_do(per: Period, now: float, name: str, end: float) -> None:
    assert (period_of(per, now), end_of(per, now)) == (name, end)
