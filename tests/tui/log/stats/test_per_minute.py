"""Requests by the minute, and what answers came to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock.events.event import Event, EventKind
from penstock.events.response_events import LoggedUsage
from penstock_tui.log.row import Row
from penstock_tui.log.stats.per_minute import MINUTES, MinuteSums, RequestRate

NOW = 1_700_000_000.0


def answer(minute_sums: MinuteSums, minute: int, *, kind: str = "main") -> None:
    row = Row("x", 0.0, number=0)
    row.kind, row.tokens_out, row.usage = kind, 1000, LoggedUsage(input=100, cache_read=300)
    minute_sums.fold(Event(0, minute * 60.0 + 1, "x", EventKind.ANSWERED, {}), row)


def test_each_minute_has_its_own_sums() -> None:
    minute_sums = MinuteSums()
    for minute in (10, 10, 12):
        answer(minute_sums, minute)
    shown = minute_sums.minutes(12 * 60.0 + 59, 4)
    assert [one.sent for one in shown] == [0, 2000, 0, 1000]
    assert [one.cache_share for one in shown] == [None, 0.75, None, 0.75]


def test_a_request_that_only_counts_is_not_in_it() -> None:
    minute_sums = MinuteSums()
    answer(minute_sums, 1, kind="count")
    assert minute_sums.minutes(60.0, 1)[0].sent == 0


def test_old_minutes_are_let_go() -> None:
    """Memory does not grow with the length of a log."""
    minute_sums = MinuteSums()
    for minute in range(2 * MINUTES):
        answer(minute_sums, minute)
    everything = minute_sums.minutes(2 * MINUTES * 60.0, 3 * MINUTES)
    assert sum(one.sent > 0 for one in everything) == MINUTES


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
