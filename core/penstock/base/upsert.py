"""`upsert`: an SQL statement that inserts a row, or updates the one that has its key."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

__all__ = ["upsert"]


def upsert(
    dialect: str, table: sa.Table, key: Sequence[str], changed: Sequence[str] = (), *, added: Sequence[str] = ()
) -> sa.Insert:
    """The statement for `dialect`, `sqlite` or `postgresql`. `key`: the columns that make a row the same; `changed`:
    those that are updated then; `added`: those to whose numbers the new ones are added. Make it once: to make it takes
    longer than to run it."""
    if dialect == "postgresql":  # not imported by those who do without: it takes as long as all of SQLite's
        from sqlalchemy.dialects import postgresql

        inserted = postgresql.insert(table)
        news = {name: inserted.excluded[name] for name in changed}
        sums = {name: table.c[name] + inserted.excluded[name] for name in added}
        return inserted.on_conflict_do_update(index_elements=key, set_={**news, **sums})
    from sqlalchemy.dialects import sqlite

    new = sqlite.insert(table)
    news = {name: new.excluded[name] for name in changed}
    sums = {name: table.c[name] + new.excluded[name] for name in added}
    return new.on_conflict_do_update(index_elements=key, set_={**news, **sums})
