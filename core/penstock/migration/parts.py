"""`PARTS`: the sets of tables that are moved to PostgreSQL (`Part`), those of the store, the gateway, contexts, jobs
and the memory: where each is in SQLite, and what makes its tables in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from penstock.base import paths
from penstock.base.shared_postgres import SharedPostgres
from penstock.base.shared_tables import TableSet, open_tables
from penstock.contexts import contexts, words
from penstock.gateway import database as gateway
from penstock.gateway.schema import workspaces
from penstock.jobs import jobs
from penstock.memory import postgres_schema as memory_in_postgres
from penstock.memory import schema as memory
from penstock.memory.database import MemoryDatabase
from penstock.memory.postgres import TABLES as MEMORY_TABLES
from penstock.store import postgres_schema, schema
from penstock.store.postgres import PostgresStore
from penstock.store.sql import SqlStore

__all__ = ["PARTS", "Part"]


@dataclass(frozen=True)
class Part:
    """One set of tables."""

    title: str
    source: sa.MetaData
    """The tables in SQLite. Those of the same names in `target` get their rows."""
    target: sa.MetaData
    file: Callable[[Path], Path]
    """The SQLite file of an installation with this store."""
    open_source: Callable[[Path], AbstractContextManager[object]]
    """Brings the tables of that file to the newest revision, and keeps other writers off until it is closed. Raises
    `PenstockError`."""
    make_target: Callable[[str, Path], None]
    """Creates the tables in the database of a URL, which is named by this file. Raises `PenstockError`."""
    constants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """By table, the values of columns that only the target has."""
    left_out: Mapping[str, sa.ColumnElement[bool]] = field(default_factory=dict)
    """By table, the rows that each database has for itself: they are neither moved nor compared."""
    seeds: Mapping[str, sa.ColumnElement[bool]] = field(default_factory=dict)
    """By table, the rows that an unused database has: those of the source replace them."""
    afterwards: Callable[[sa.Connection], None] = lambda _: None
    """Ends the move: it rebuilds indexes, which are not moved, or marks them for that."""

    @property
    def tables(self) -> list[sa.Table]:
        """The tables in SQLite, those that others refer to first."""
        return self.source.sorted_tables


def _make_store(url: str, file: Path) -> None:
    PostgresStore(url, file, is_migrating=True).close()


@contextmanager
def _alone(file: Path, tables: TableSet) -> Iterator[None]:
    """Holds the file as who writes to it does: a service that is up waits, and gives up."""
    opened = open_tables(file, tables)
    try:
        with opened.writing():
            yield
    finally:
        opened.close()


def _shared(title: str, file_name: str, tables: TableSet, **more: Any) -> Part:
    """Tables of a service and its gateway, in a file beside the store."""
    return Part(
        title,
        tables.metadata,
        tables.in_postgres(),
        file=lambda store: store.parent / file_name,
        open_source=lambda file: _alone(file, tables),
        make_target=lambda url, _: SharedPostgres(url, tables, is_migrating=True).close(),
        **more,
    )


def _mark_words(db: sa.Connection) -> None:
    db.execute(memory.projects.update().values(words=""))
    db.execute(memory_in_postgres.metadata.tables["passages"].update().values(indexed=False))


PARTS = (
    Part(
        "events, ledgers and originals",
        schema.metadata,
        postgres_schema.metadata,
        file=lambda store: store,
        open_source=lambda file: closing(SqlStore(file)),
        make_target=_make_store,
        # Before all transactions, as in a restored dump: a reader's cursor of SQLite stays the same place.
        constants={"events": {"xid": "0", "day": 0}},
        left_out={"facts": schema.facts.c.kind == postgres_schema.IDENTITY},
    ),
    _shared(
        "the gateway",
        gateway.FILE_NAME,
        gateway.TABLES,
        seeds={"workspaces": workspaces.c.name == gateway.DEFAULT_WORKSPACE},
    ),
    _shared("contexts", contexts.FILE_NAME, contexts.TABLES, afterwards=words.rebuild),
    _shared("jobs", jobs.FILE_NAME, jobs.TABLES),
    Part(
        "the memory",
        memory.metadata,
        memory_in_postgres.metadata,
        file=lambda store: paths.memory_dir(store) / "memory.db",
        open_source=lambda file: closing(MemoryDatabase(file)),
        make_target=lambda url, _: SharedPostgres(url, MEMORY_TABLES, is_migrating=True).close(),
        afterwards=_mark_words,
    ),
)
