"""`TableSet`: SQL tables that are created and migrated together. `open_tables` opens them for several processes, in a
SQLite file (`SharedSqlite`) or in a PostgreSQL database (`SharedPostgres`), and raises `StoreError`; both have the
interface `SharedTables`. `is_open`: whether a transaction can go on after an error."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from penstock.base import sqlite
from penstock.base.prepared import driver
from penstock.base.shared_sqlite import SharedSqlite

__all__ = ["SharedTables", "TableSet", "is_open", "open_tables"]


@dataclass(frozen=True)
class TableSet:
    """Tables that are created and migrated together."""

    name: str
    """In PostgreSQL: a part of the name of the table that keeps their revision, and of the lock of those who write."""
    migrations: Path
    """The folder of their migrations."""
    metadata: sa.MetaData
    postgres_metadata: Callable[[], sa.MetaData] | None = None
    """The tables in PostgreSQL, where they are others."""
    finish: Callable[[sa.Connection], None] = lambda db: None
    """Called in the transaction that has created or migrated them, or found them as they must be."""
    pragmas: tuple[str, ...] = ()
    """Settings of each connection to a SQLite file."""

    @property
    def version_table(self) -> str:
        """The table that keeps their revision in PostgreSQL, where other sets of tables are in the same database."""
        return f"penstock_{self.name}_version"

    def in_postgres(self) -> sa.MetaData:
        """The tables as PostgreSQL has them."""
        return self.metadata if self.postgres_metadata is None else self.postgres_metadata()


class SharedTables(Protocol):
    """Tables that several processes use. Any thread may call; every method raises `StoreError`."""

    @property
    def name(self) -> str:
        """The file or the database, for people."""

    @property
    def is_server(self) -> bool:
        """Whether they are in a database server, and not in a file of this machine."""

    def close(self) -> None:
        """Close the connections."""

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection that sees one state of the tables. It waits for no writer."""

    def writing(self, *, is_durable: bool = False, part: str = "") -> AbstractContextManager[sa.Connection]:
        """One transaction: committed at the end of the block, or rolled back if that raises. What it reads cannot
        change before it writes: no other transaction writes to these tables meanwhile, except, where `part` is given,
        one with another `part`. `is_durable`: it survives a power cut."""


def open_tables(path: Path, tables: TableSet, url: str = "") -> SharedTables:
    """The tables in the database at `url`; without one, in the SQLite file at `path`. Creates or migrates them. Raises
    `StoreError`."""
    if url:
        from penstock.base.shared_postgres import SharedPostgres  # not imported by those who do without

        return SharedPostgres(url, tables)

    def make(db: sa.Connection) -> None:
        sqlite.migrate(db, tables.migrations, tables.metadata)
        tables.finish(db)

    return SharedSqlite(path, make, *tables.pragmas)


def is_open(db: sa.Connection) -> bool:
    """Whether the transaction of a connection can go on: some errors end it."""
    if db.invalidated:
        return False
    return db.dialect.name != "sqlite" or driver(db).in_transaction
