"""`UsageCounter`: counts reads, writes and search hits of contexts in memory, until `add_usage` adds them to the
database; `usage_rows` sums them up.

A read must not cause a write. If the process is killed, the counts since the last write, half a minute at most, are
lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from penstock.base.sql_types import total
from penstock.base.upsert import upsert
from penstock.contexts.schema import contexts, usage

__all__ = ["By", "UsageCounter", "UsageRow", "add_usage", "usage_rows"]

By = Literal["day", "key", "session", "agent"]
_COUNTS = ("reads", "writes", "bytes", "hits")
_MOST = 10_000
"""Rows that are counted in memory, at most; further ones are not counted."""
KEPT_DAYS = 400
"""Days that are kept."""
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class UsageRow:
    """How often contexts were used, by `name`: a day, a key, a session or an agent."""

    name: str
    reads: int
    writes: int
    bytes: int
    hits: int


class UsageCounter:
    """Counts the use of contexts in memory, until it is written to the table. Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[tuple[str, str, str], list[int]] = {}

    def count(
        self,
        now: float,
        workspace: str,
        keys: Iterable[str],
        *,
        reads: int = 0,
        writes: int = 0,
        size: int = 0,
        hits: int = 0,
    ) -> None:
        """Count for each of `keys`. `size`: bytes that were read or written."""
        day = time.strftime("%Y-%m-%d", time.gmtime(now))
        with self._lock:
            for key in keys:
                place = (workspace, day, key)
                found = self._counted.get(place)
                if found is None:
                    if len(self._counted) >= _MOST:
                        continue
                    found = self._counted[place] = [0, 0, 0, 0]
                found[0] += reads
                found[1] += writes
                found[2] += size
                found[3] += hits

    def take(self) -> dict[tuple[str, str, str], list[int]]:
        """The counts since the last call, which are reset."""
        with self._lock:
            counted, self._counted = self._counted, {}
        return counted

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not self._counted


def add_usage(db: sa.Connection, counted: dict[tuple[str, str, str], list[int]], now: float) -> None:
    """Add counts to the database, and delete those older than `KEPT_DAYS`."""
    rows = [
        {"workspace": workspace, "day": day, "key": key, **dict(zip(_COUNTS, counts, strict=True))}
        for (workspace, day, key), counts in counted.items()
    ]
    if rows:
        db.execute(upsert(db.dialect.name, usage, ["workspace", "day", "key"], added=_COUNTS), rows)
    oldest = time.strftime("%Y-%m-%d", time.gmtime(now - KEPT_DAYS * _DAY_S))
    db.execute(usage.delete().where(usage.c.day < oldest))


def usage_rows(db: sa.Connection, workspace: str, by: By, first: str, last: str, limit: int) -> list[UsageRow]:
    """Sums of a workspace over the days `first` to `last`, both included. Days in order; else those that were read or
    written most come first. A deleted context no longer counts for a session or an agent."""
    name = usage.c[by] if by in ("day", "key") else sa.func.coalesce(contexts.c[by], "")
    sums = [total(usage.c[one]).label(one) for one in _COUNTS]
    of_it = (contexts.c.workspace == usage.c.workspace) & (contexts.c.key == usage.c.key)
    found = (
        sa.select(name.label("name"), *sums)
        .select_from(usage.outerjoin(contexts, of_it) if by in ("session", "agent") else usage)
        .where(usage.c.workspace == workspace, usage.c.day >= first, usage.c.day <= last)
        .group_by(name)
        .order_by(name if by == "day" else (sums[0] + sums[1]).desc(), name)
        .limit(limit)
    )
    return [UsageRow(row.name, row.reads, row.writes, row.bytes, row.hits) for row in db.execute(found)]
