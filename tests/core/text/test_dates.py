"""Times that a question names."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.text.dates import When, parse_date, times_in

NOW = datetime(2024, 5, 15, 9, tzinfo=UTC).timestamp()  # a Wednesday


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("What happened in May?", When(5)),
        ("What did we decide on 7 March 2023?", When(3, 2023, 7)),
        ("the release of March 2023", When(3, 2023)),
        ("since June 3rd", When(6, 0, 3)),
        ("the run of 2024-02-29", When(2, 2024, 29)),
    ],
)
def test_a_date_is_read(text: str, when: When) -> None:
    """Month, and day and year where they stand."""
    assert times_in(text) == [when]


@pytest.mark.parametrize("text", ["may I ask something", "it may rain", "nothing here", "march on", ""])
def test_no_date_is_none(text: str) -> None:
    """The verb is not the month."""
    assert times_in(text, NOW) == []


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("yesterday", date(2024, 5, 14), date(2024, 5, 14)),
        ("what broke last week?", date(2024, 5, 6), date(2024, 5, 12)),
        ("last month", date(2024, 4, 1), date(2024, 4, 30)),
        ("last year", date(2023, 1, 1), date(2023, 12, 31)),
        ("last Friday", date(2024, 5, 10), date(2024, 5, 10)),
        ("two weeks ago", date(2024, 4, 28), date(2024, 5, 4)),
    ],
)
def test_a_time_is_reckoned_from_now(text: str, first: date, last: date) -> None:
    """With a now; without one it names no time."""
    assert times_in(text, NOW) == [When(first=first.toordinal(), last=last.toordinal())]
    assert times_in(text) == []


@given(st.text(), st.floats(0, 4e9))
def test_any_text_is_read(text: str, now: float) -> None:
    """It names a time or it does not."""
    times_in(text, now)
    parse_date(text)


def test_a_day_in_words_becomes_a_time() -> None:
    """Noon of that day; a text without a month or a year is none."""
    noon = datetime(2023, 5, 8, 12, tzinfo=UTC).timestamp()
    assert parse_date("1:56 pm on 8 May, 2023") == noon
    assert parse_date("2023-05-08") == noon
    assert parse_date("on a Monday") is None
    assert parse_date("31 February 2023") is None
