"""`upsert`: an SQL statement that inserts a row, or updates the one that has its key."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

__all__ = ["upsert"]


def upsert(dialect: str, table: sa.Table, key: Sequence[str], changed: Sequence[str]) -> sa.Insert:
    """The statement for `dialect`, `sqlite` or `postgresql`. `key`: the columns that make a row the same; `changed`:
    those that are updated then. Make it once: to make it takes longer than to run it."""
    if dialect == "postgresql":  # not imported by those who do without: it takes as long as all of SQLite's
        from sqlalchemy.dialects import postgresql

        inserted = postgresql.insert(table)
        return inserted.on_conflict_do_update(
            index_elements=key, set_={name: inserted.excluded[name] for name in changed}
        )
    from sqlalchemy.dialects import sqlite

    new = sqlite.insert(table)
    return new.on_conflict_do_update(index_elements=key, set_={name: new.excluded[name] for name in changed})
