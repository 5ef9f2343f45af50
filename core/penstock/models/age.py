"""`staleness`: the warning for a table of models that is older than twelve weeks (`STALE_DAYS`), empty before that;
`age_days`: its age; `today`: the date that both use."""

from __future__ import annotations

import datetime

__all__ = ["STALE_DAYS", "age_days", "staleness", "today"]

STALE_DAYS = 84
"""Days after which the table counts as stale: twelve weeks."""


def today() -> datetime.date:
    """Today's date on this machine."""
    return datetime.date.today()


def age_days(date: datetime.date) -> int:
    """Days since `date`; 0 if it is in the future, as with a wrong clock."""
    return max(0, (today() - date).days)


def staleness(date: datetime.date) -> str:
    """The warning about a table of that date; empty while it is recent enough."""
    age = age_days(date)
    if age <= STALE_DAYS:
        return ""
    return f"the table of models is {age // 7} weeks old ({date.isoformat()}): prices and windows may have changed"
