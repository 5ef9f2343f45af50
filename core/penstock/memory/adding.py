"""`add_items` and `add_passages`: insert rows into the memory's database, in the transaction of the connection that
they are given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from penstock.base.prepared import Prepared
from penstock.memory.items import Item
from penstock.memory.schema import memories, passages

__all__ = ["add_items", "add_passages"]

_COPIED = ("at", "role", "kind", "text", "session", "conversation", "seq", "part", "pinned", "expires_at")
_WITH_IDS = {table: Prepared(table.insert()) for table in (memories, passages)}
_RETURNING = {
    table: table.insert().returning(table.c.id, sort_by_parameter_order=True) for table in (memories, passages)
}
_LAST = {table: sa.text(f"SELECT seq FROM sqlite_sequence WHERE name = '{table.name}'") for table in _WITH_IDS}


def add_items(db: sa.Connection, new: Sequence[tuple[int, Item, bytes]]) -> list[int]:
    """Insert items, each with its project's id and its traits. Returns their ids."""
    rows = [
        {name: getattr(item, name) for name in _COPIED}
        | {"project": project, "hash": item.hash, "traits": traits, "tags": list(item.tags)}
        | {"helpful": item.helpful, "wrong": item.wrong}
        for project, item, traits in new
    ]
    return _insert(db, memories, rows)


def add_passages(
    db: sa.Connection, embedder: str, new: Sequence[tuple[int, tuple[int, int], bytes | None]]
) -> list[int]:
    """Insert passages, each with the id of its item, its span and its vector, made by `embedder`. Returns their ids."""
    rows = [
        {"memory": memory, "first": first, "last": last, "indexed": False}
        | {"embedder": embedder if vector else "", "vector": vector}
        for memory, (first, last), vector in new
    ]
    return _insert(db, passages, rows)


def _insert(db: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> list[int]:
    """SQLAlchemy would insert one by one in SQLite, to know which row got which id. There one process writes, and so it
    gives the ids that SQLite would give."""
    if not rows:
        return []
    if db.dialect.name != "sqlite":
        return [int(number) for number in db.scalars(_RETURNING[table], [dict(row) for row in rows])]
    first = int(db.scalar(_LAST[table]) or 0) + 1
    ids = list(range(first, first + len(rows)))
    _WITH_IDS[table].run_each(db, [{**row, "id": number} for number, row in zip(ids, rows, strict=True)])
    return ids
