"""Requests by the minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.log.stats.request_rate import Pulse

NOW = 1_700_000_000.0


@given(st.lists(st.floats(0, 3000), max_size=100))
def test_every_request_of_the_hour_is_in_one_minute(ages: list[float]) -> None:
    """None is lost and none counts twice."""
    pulse = Pulse()
    for old in sorted(ages, reverse=True):
        pulse.beat(NOW - old)
    assert len(pulse.minutes(NOW)) == 60
    assert sum(pulse.minutes(NOW)) == len(ages)
    assert pulse.per_minute(NOW) == sum(old < 60 for old in ages)


def test_a_day_takes_no_more_room_than_an_hour() -> None:
    """What is too old to be drawn is forgotten."""
    pulse = Pulse()
    for minute in range(1440):
        pulse.beat(NOW + 60 * minute)
    assert len(pulse._minutes) < 200
    assert pulse.minutes(NOW + 60 * 1439) == [1] * 60
