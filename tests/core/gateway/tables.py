"""Reads the gateway's tables directly (`rows`, `dump`), makes a call to be admitted (`call`), and lets time pass for
what is held (`time_passes`)."""

from __future__ import annotations

from typing import Any

from penstock.base.clock import ManualClock
from penstock.gateway.database import GatewayStore
from penstock.gateway.holds import Call
from penstock.gateway.schema import holds, metadata

__all__ = ["call", "dump", "rows", "time_passes"]


def rows(store: GatewayStore, table: str) -> list[dict[str, Any]]:
    """All rows of a table, by its key."""
    named = metadata.tables[table]
    with store.reading() as db:
        found = db.execute(named.select().order_by(*named.primary_key))
        return [dict(row._mapping) for row in found]


def dump(store: GatewayStore) -> dict[str, list[dict[str, Any]]]:
    """Everything that is there."""
    return {name: rows(store, name) for name in metadata.tables}


def call(number: str, key: str = "k", *, tokens: int = 10, dollars: int = 10, model: str = "m") -> Call:
    """A request of `key` in the workspace `default` for a model of the provider `p`. Half of it is its input."""
    return Call(number, "default", key, "p", model, "s", tokens // 2, dollars // 2, tokens, dollars)


def time_passes(store: GatewayStore, clock: ManualClock, seconds: float) -> None:
    """Advance the clock. A database server has its own, which cannot be moved: what it keeps ends earlier instead."""
    clock.advance(seconds)
    with store.writing() as db:
        if db.dialect.name != "sqlite":
            db.execute(holds.update().values(until=holds.c.until - seconds))
