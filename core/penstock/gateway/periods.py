"""The periods of the gateway's limits: the minute, day and month (UTC) that a time is in (`period_of`, `periods_of`,
`day_of`), and when each ends (`end_of`)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from penstock.gateway.records import PERIODS, Period

__all__ = ["day_of", "end_of", "period_of", "periods_of"]

_FORMATS: dict[Period, str] = {"minute": "%Y-%m-%dT%H:%M", "day": "%Y-%m-%d", "month": "%Y-%m"}


def period_of(per: Period, now: float) -> str:
    """The name of the period that `now` is in, such as `day:2026-11-23`."""
    return f"{per}:{_name(per, int(now // 60))}"


def periods_of(now: float) -> list[str]:
    """The minute, the day and the month that `now` is in."""
    return [period_of(per, now) for per in PERIODS]


def day_of(now: float) -> str:
    """The day that `now` is in, as 2026-11-23."""
    return _name("day", int(now // 60))


@lru_cache(maxsize=64)
def _name(per: Period, minute: int) -> str:
    """The name of a period by one of its minutes since the epoch: many requests have the same ones."""
    return datetime.fromtimestamp(60 * minute, UTC).strftime(_FORMATS[per])


def end_of(per: Period, now: float) -> float:
    """When the period that `now` is in ends, in seconds since the epoch."""
    at = datetime.fromtimestamp(now, UTC).replace(second=0, microsecond=0)
    if per == "minute":
        return (at + timedelta(minutes=1)).timestamp()
    at = at.replace(hour=0, minute=0)
    if per == "day":
        return (at + timedelta(days=1)).timestamp()
    return (at.replace(day=28) + timedelta(days=4)).replace(day=1).timestamp()
