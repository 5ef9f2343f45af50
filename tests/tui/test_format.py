"""How numbers are written."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.format import ago, bar, clock_time, count, dollars, duration, full_time, percent, sparkline


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.0k"),
        (48_230, "48.2k"),
        (482_300, "482k"),
        (999_960, "1.0M"),
        (1_230_000, "1.2M"),
    ],
)
def test_counts(number: int, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0"),
        (0.004123, "$0.0041"),
        (-0.31, "-$0.3100"),
        (0.00001, "<$0.0001"),
        (-1e-9, "-<$0.001"),
        (0.99996, "$1.00"),
        (12.345, "$12.35"),
        (1204.4, "$1,204"),
    ],
)
def test_dollars(amount: float, text: str) -> None:
    assert dollars(amount) == text


@given(st.floats(-99_999, 99_999))
def test_dollars_fit_their_column(amount: float) -> None:
    """With the mark of an estimate before them; no loss looks like none."""
    assert len(dollars(amount)) <= 8
    assert dollars(amount).startswith("-") is (amount < 0)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, ""),
        (0.41, "0.4ms"),
        (12.4, "12ms"),
        (999.6, "1.0s"),
        (62_000, "62s"),
        (302_000, "5m02s"),
        (11_400_000, "3h10m"),
    ],
)
def test_durations(ms: float | None, text: str) -> None:
    assert duration(ms) == text


@given(st.floats(0, 1e12), st.floats(0, 3e8))
def test_figures_fit_their_columns(number: float, ms: float) -> None:
    """Whatever the number below a thousand billions, and the time below three days, the column holds it."""
    assert len(count(number)) <= 5
    assert len(duration(ms)) <= 6


@pytest.mark.parametrize(("share", "text"), [(None, ""), (0, "0%"), (0.001, "<1%"), (0.9999, ">99%"), (1, "100%")])
def test_nearly_all_is_not_all(share: float | None, text: str) -> None:
    assert percent(share) == text


def test_times_of_today_this_week_and_before() -> None:
    """The nearer, the finer."""
    now = datetime(2025, 11, 21, 12, 0, 0).timestamp()
    assert clock_time(now - 60, now) == "11:59:00"
    assert clock_time(now - 86_400, now) == "Thu 12:00"
    assert clock_time(now - 40 * 86_400, now) == "12 Oct 25"
    assert ago(now - 90, now) == "1m ago"


@pytest.mark.parametrize("at", [float("nan"), float("inf"), -1e18, 1e18])
def test_times_that_no_calendar_has(at: float) -> None:
    """A damaged log is shown all the same."""
    assert clock_time(at, 0.0)
    assert full_time(at)


@given(st.floats(0, 5), st.integers(2, 60))
def test_a_bar_neither_hides_nor_rounds_away(share: float, width: int) -> None:
    """Something shows as soon as anything is used, and a gap as long as anything is left."""
    drawn = bar(share, width)
    assert len(drawn) == width
    assert ("█" in drawn) == (share > 0)
    assert ("░" in drawn) == (share < 1)


@given(st.lists(st.integers(0, 1000), max_size=70), st.integers(0, 80))
def test_a_sparkline_fits_and_shows_every_beat(numbers: list[int], width: int) -> None:
    """One request in a busy hour does not look like none."""
    drawn = sparkline(numbers, width)
    assert len(drawn) <= width
    if drawn:
        assert set(drawn) <= set("▁▂▃▄▅▆▇█")
        assert (set(drawn) == {"▁"}) == (not any(numbers))
    if numbers and len(numbers) <= width:
        assert [step == "▁" for step in drawn] == [not number for number in numbers]
