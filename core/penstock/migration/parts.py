"""`PARTS`: the sets of tables that are moved to PostgreSQL (`Part`), those of the store, the gateway and the memory:
where each is in SQLite, and what makes its tables in PostgreSQL. Contexts and jobs are not moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from penstock.base import paths
from penstock.base.shared_postgres import SharedPostgres
from penstock.gateway import schema as gateway
from penstock.gateway.database import DEFAULT_WORKSPACE, FILE_NAME, GatewayStore
from penstock.gateway.database import TABLES as GATEWAY_TABLES
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
    afterwards: tuple[str, ...] = ()
    """Statements that end the move: they mark indexes, which are not moved, to be rebuilt."""

    @property
    def tables(self) -> list[sa.Table]:
        """The tables in SQLite, those that others refer to first."""
        return self.source.sorted_tables


def _make_store(url: str, file: Path) -> None:
    PostgresStore(url, file, is_migrating=True).close()


PARTS = (
    Part(
        "events, ledgers and originals",
        schema.metadata,
        postgres_schema.metadata,
        file=lambda store: store,
        open_source=lambda file: closing(SqlStore(file)),
        make_target=_make_store,
        # Before all transactions, as in a restored dump: a reader's cursor of SQLite stays the same place.
        constants={"events": {"xid": "0"}},
        left_out={"facts": schema.facts.c.kind == postgres_schema.IDENTITY},
    ),
    Part(
        "the gateway",
        gateway.metadata,
        gateway.metadata,
        file=lambda store: store.parent / FILE_NAME,
        open_source=lambda file: closing(GatewayStore(file)),
        make_target=lambda url, _: SharedPostgres(url, GATEWAY_TABLES, is_migrating=True).close(),
        seeds={"workspaces": gateway.workspaces.c.name == DEFAULT_WORKSPACE},
    ),
    Part(
        "the memory",
        memory.metadata,
        memory_in_postgres.metadata,
        file=lambda store: paths.memory_dir(store) / "memory.db",
        open_source=lambda file: closing(MemoryDatabase(file)),
        make_target=lambda url, _: SharedPostgres(url, MEMORY_TABLES, is_migrating=True).close(),
        afterwards=("UPDATE projects SET words = ''", "UPDATE passages SET indexed = false"),
    ),
)
