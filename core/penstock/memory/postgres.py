"""`PostgresMemoryDatabase`: the memory's database in PostgreSQL, which several processes share.

One transaction writes at a time, so that items become visible in the order of their numbers, and a process that knows
those up to a number has all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from penstock.base.errors import MemoryDown, StoreError
from penstock.base.shared_postgres import SharedPostgres
from penstock.base.shared_tables import TableSet
from penstock.base.sql_types import as_indexed
from penstock.memory.database import MemoryDatabase
from penstock.memory.postgres_schema import metadata
from penstock.memory.search.postgres_words import PostgresWordIndex
from penstock.memory.search.word_index import WordIndex

__all__ = ["TABLES", "PostgresMemoryDatabase"]

TABLES = TableSet("memory", Path(__file__).parent / "migrations", metadata)
_VECTORS = "SELECT id, vector FROM passages WHERE id = ANY(%s) AND embedder = %s AND vector IS NOT NULL"
_PLACE = sa.text(
    "SELECT concat(system_identifier, ' ', oid) FROM pg_control_system(), pg_database "
    "WHERE datname = current_database()"
)


class PostgresMemoryDatabase(MemoryDatabase):
    """Items by project. Raises `MemoryDown` when the database cannot be reached, read or written."""

    is_shared = True

    def __init__(self, path: Path, url: str) -> None:
        """`path`: where the file would be; what is kept beside it is there."""
        self.path = path
        try:
            self._tables = SharedPostgres(url, TABLES)
        except StoreError as e:
            raise MemoryDown(f"memory: {e}") from e

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        try:
            with self._tables.writing() as db:
                yield db
        except (StoreError, OSError, ValueError, OverflowError) as e:
            raise MemoryDown(f"memory cannot be written: {e}") from e

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        try:
            with self._tables.reading() as db:
                yield db
        except (StoreError, OSError, ValueError, OverflowError) as e:
            raise MemoryDown(f"memory cannot be read: {e}") from e

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        with self.reading() as db:  # always of one state
            yield db

    def vectors(self, db: sa.Connection, embedder: str, ids: Iterable[int]) -> dict[int, bytes]:
        """By the driver alone, which can be given bytes as bytes: as text they take twice the size, and longer to
        read."""
        import psycopg  # not installed with every memory in a file

        driver: Any = db.connection.driver_connection
        try:
            with driver.cursor(binary=True) as cursor:
                return dict(cursor.execute(_VECTORS, (list(ids), embedder)).fetchall())
        except psycopg.Error as e:
            raise StoreError(str(e)) from e

    def words(self, project: int) -> WordIndex:
        return PostgresWordIndex(project)

    def _stored(self, name: str) -> str:
        return as_indexed(name)

    @cached_property
    def namespace(self) -> str:
        """The database at its server: all processes that share it share the vectors too."""
        with self.reading() as db:
            return "postgresql " + hashlib.sha256(str(db.execute(_PLACE).scalar_one()).encode()).hexdigest()

    def scrub(self) -> None:
        """Nothing: the server's vacuum frees deleted rows; they cannot be overwritten at once."""

    def close(self) -> None:
        self._tables.close()
