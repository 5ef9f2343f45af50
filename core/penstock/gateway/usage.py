"""Reads the usage of the gateway: `usage_by` sums it by key, model, provider, day or session (`UsageSum`), `usage_page`
lists single requests (`UsageLine`); `prune_usage` deletes old rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from penstock.base.sql_types import total
from penstock.gateway.database import GatewayStore
from penstock.gateway.schema import usage_days, usage_lines

__all__ = ["BY", "UsageBy", "UsageLine", "UsageSum", "prune_usage", "usage_by", "usage_page"]

UsageBy = Literal["key", "model", "provider", "day", "session"]
BY: tuple[UsageBy, ...] = ("key", "model", "provider", "day", "session")


@dataclass(frozen=True, slots=True)
class UsageSum:
    """What was used under one name. Tokens, and billionths of a dollar."""

    name: str
    """The key's id, `provider/model`, the provider, the day (UTC, as 2026-11-23) or the session."""
    requests: int
    input: int
    cache_read: int
    cache_write: int
    output: int
    dollars: int


@dataclass(frozen=True, slots=True)
class UsageLine:
    """One request. Tokens, and billionths of a dollar."""

    id: str
    at: float
    key: str
    provider: str
    model: str
    session: str
    exchange: str
    input: int
    cache_read: int
    cache_write: int
    output: int
    dollars: int
    how: str
    status: int


def usage_by(
    store: GatewayStore, workspace: str | None, by: UsageBy, first: str, last: str, *, limit: int = 1000, **only: str
) -> list[UsageSum]:
    """The sums of the days `first` to `last` (as 2026-11-23, UTC), the most expensive first, days in order. None: of
    all workspaces. `only`: columns by their values. Reads the sums that are kept by day, never the single requests."""
    c = usage_days.c
    name = c.provider + "/" + c.model if by == "model" else c[by]
    sums = [total(c[one]).label(one) for one in _SUMS]
    chosen = sa.select(name.label("name"), *sums).where(c.day >= first, c.day <= last).group_by(name)
    chosen = chosen.where(*(c[name] == value for name, value in only.items()))
    if workspace is not None:
        chosen = chosen.where(c.workspace == workspace)
    order = (name,) if by == "day" else (sa.func.sum(c.dollars).desc(), sa.func.sum(c.requests).desc(), name)
    with store.reading() as db:
        return [UsageSum(*row) for row in db.execute(chosen.order_by(*order).limit(limit))]


def usage_page(
    store: GatewayStore, workspace: str, *, limit: int = 50, after: tuple[float, str] | None = None, **only: str
) -> tuple[list[UsageLine], tuple[float, str] | None]:
    """Single requests, the newest first, and what to ask the next page with. `only`: columns by their values."""
    c = usage_lines.c
    chosen = sa.select(*(c[name] for name in _LINE)).where(c.workspace == workspace)
    chosen = chosen.where(*(c[name] == value for name, value in only.items() if value))
    if after is not None:
        at, number = after
        chosen = chosen.where((c.at < at) | ((c.at == at) & (c.id > number)))
    with store.reading() as db:
        rows: list[Any] = list(db.execute(chosen.order_by(c.at.desc(), c.id).limit(limit + 1)))
    found = [UsageLine(*row) for row in rows[:limit]]
    return found, (found[-1].at, found[-1].id) if len(rows) > limit else None


def prune_usage(store: GatewayStore, before: float, before_day: str) -> int:
    """Delete single requests and sums from before; how many rows went."""
    with store.writing() as db:
        lines = db.execute(usage_lines.delete().where(usage_lines.c.at < before)).rowcount
        return lines + db.execute(usage_days.delete().where(usage_days.c.day < before_day)).rowcount


_SUMS = ("requests", "input", "cache_read", "cache_write", "output", "dollars")
_LINE = tuple(UsageLine.__dataclass_fields__)
