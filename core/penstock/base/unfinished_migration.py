"""`migrated_tables`: what `penstock migrate` notes in a database that it moves an installation to; `refuse_unfinished`
keeps others from opening it before all is there."""

from __future__ import annotations

import sqlalchemy as sa

from penstock.base.errors import StoreError

__all__ = ["migrated_tables", "refuse_unfinished"]

migrated_tables = sa.Table(
    "penstock_migration",
    sa.MetaData(),
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("is_done", sa.Boolean, nullable=False),
)
"""How far each table is that is copied from SQLite; there only where it was run. All are noted before the first row is
copied. `source`: the id of the installation."""


def refuse_unfinished(db: sa.Connection, name: str) -> None:
    """Raises `StoreError` if a table of any part of the database is not whole yet: what is written now could not be
    joined with what is still to come. `name`: the database, for people."""
    if sa.inspect(db).has_table(migrated_tables.name):
        unfinished = sa.select(migrated_tables.c.name).where(~migrated_tables.c.is_done)
        if db.execute(unfinished).first() is not None:
            raise StoreError(f"{name} lacks a part of what is moved there: run `penstock migrate` again")
