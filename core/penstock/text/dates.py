"""`times_in`: finds the dates and spans of time that a question names (`When`): "on 7 May", "in March 2023", "last
week". `parse_date`: the day that a text names, in seconds since 1970."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

__all__ = ["When", "parse_date", "times_in"]

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = re.compile(
    r"\b(january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b",
    re.I,
)
_ISO = re.compile(r"\b(\d{4})-(\d{1,2})-(\d{1,2})\b")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_DAY = re.compile(r"\b(\d{1,2})(?:st|nd|rd|th)?\b(?!:)(?!\s*[ap]\.?m)", re.I)
_CLOCK = re.compile(r"\b\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]\.?m)?", re.I)
_AGO = re.compile(r"\b(\d{1,6}|a|an|one|two|three|four|five|six) (day|week|month|year)s? ago\b", re.I)
_NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_LENGTH = {"day": 1, "week": 7, "month": 30, "year": 365}
_WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


@dataclass(frozen=True, slots=True)
class When:
    """A time that a question names: a month, perhaps with year and day, or a range of days."""

    month: int = 0
    year: int = 0
    """0: of any year."""
    day: int = 0
    """0: the whole month."""
    first: int = 0
    last: int = 0
    """The last day of a range, as in `date.toordinal`."""


def times_in(text: str, now: float | None = None) -> list[When]:
    """Every time that `text` names. Without `now`, "last week" names none."""
    found = [When(int(m[2]), int(m[1]), int(m[3])) for m in _ISO.finditer(text)]
    for match in _MONTH.finditer(text):
        if match.group() in ("may", "march", "mar") and not re.search(
            r"\d|\b(?:in|of|since|until|last|this)\s*$", _around(text, match)
        ):
            continue  # a verb
        if (when := _dated(_around(text, match, 12))) is not None:
            found.append(when)
    return found + (_relative(text.lower(), datetime.fromtimestamp(now, UTC).date()) if now is not None else [])


def parse_date(text: str) -> float | None:
    """The day that a text names, as seconds since 1970 at noon UTC. None: it names no day with month and year."""
    if match := _ISO.search(text):
        return _noon(int(match[1]), int(match[2]), int(match[3]))
    when = _dated(text) if _MONTH.search(text) else None
    return _noon(when.year, when.month, when.day or 1) if when is not None and when.year else None


def _dated(text: str) -> When | None:
    month = _MONTH.search(text)
    if month is None:
        return None
    year = _YEAR.search(text)
    day = _DAY.search(_YEAR.sub(" ", _CLOCK.sub(" ", text)))
    number = int(day.group(1)) if day else 0
    return When(
        _MONTHS.index(month.group().lower()[:3]) + 1,
        int(year.group()) if year else 0,
        number if 1 <= number <= 31 else 0,
    )


def _around(text: str, match: re.Match[str], after: int = 4) -> str:
    return text[max(0, match.start() - 6) : match.end() + after]


def _noon(year: int, month: int, day: int) -> float | None:
    try:
        return datetime(year, month, day, 12, tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _relative(low: str, today: date) -> list[When]:
    out = []
    monday = today - timedelta(days=today.weekday())
    for words, first, last in (
        ("yesterday", today - timedelta(days=1), today - timedelta(days=1)),
        ("today", today, today),
        ("last week", monday - timedelta(days=7), monday - timedelta(days=1)),
        ("this week", monday, today),
        ("last month", _month_start(today, 1), _month_start(today, 0) - timedelta(days=1)),
        ("this month", _month_start(today, 0), today),
        ("last year", date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    ):
        if re.search(rf"\b{words}\b", low):
            out.append(_run(first, last))
    for i, name in enumerate(_WEEKDAYS):
        if re.search(rf"\b(?:last|on) {name}\b", low):
            day = today - timedelta(days=(today.weekday() - i) % 7 or 7)
            out.append(_run(day, day))
    for count, unit in _AGO.findall(low):
        days = min((_NUMBERS.get(count) or int(count)) * _LENGTH[unit], 36_500)
        slack = timedelta(days=_LENGTH[unit] // 2)
        middle = today - timedelta(days=days)
        out.append(_run(middle - slack, middle + slack))
    return out


def _month_start(today: date, back: int) -> date:
    year, month = divmod(today.year * 12 + today.month - 1 - back, 12)
    return date(year, month + 1, 1)


def _run(first: date, last: date) -> When:
    return When(first=first.toordinal(), last=last.toordinal())
