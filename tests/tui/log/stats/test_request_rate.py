"""Requests by the minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.log.stats.request_rate import RequestRate

NOW = 1_700_000_000.0


@given(st.lists(st.floats(0, 3000), max_size=100))
def test_every_request_of_the_hour_is_in_one_minute(ages: list[float]) -> None:
    """None is lost and none counts twice."""
    request_rate = RequestRate()
    for old in sorted(ages, reverse=True):
        request_rate.count(NOW - old)
    assert len(request_rate.minutes(NOW)) == 60
    assert sum(request_rate.minutes(NOW)) == len(ages)
    assert request_rate.per_minute(NOW) == sum(old < 60 for old in ages)


def test_a_day_takes_no_more_room_than_an_hour() -> None:
    """What is too old to be drawn is forgotten."""
    request_rate = RequestRate()
    for minute in range(1440):
        request_rate.count(NOW + 60 * minute)
    assert len(request_rate._minutes) < 200
    assert request_rate.minutes(NOW + 60 * 1439) == [1] * 60
