"""`GatewayStore`: the gateway's tables, in a SQLite file (`FILE_NAME`, beside the proxy's store) or in its PostgreSQL
database, for several processes; each write is one transaction; raises `StoreError`. Makes the workspace `default`;
`note` writes the audit log, within the change it is about; `masters` are the keys of providers' credentials.
`has_gateway`: whether a store has such tables."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from penstock.base.clock import Clock, SystemClock
from penstock.base.shared_tables import TableSet, open_tables
from penstock.base.store_url import url_in
from penstock.gateway.schema import audit, metadata, workspaces
from penstock.sealing.master_key import MasterKeys

__all__ = ["DEFAULT_WORKSPACE", "FILE_NAME", "TABLES", "GatewayStore", "has_gateway", "new_id"]

FILE_NAME = "gateway.db"
"""Beside the proxy's store."""
DEFAULT_WORKSPACE = "default"
"""The workspace that is always there."""
TABLES = TableSet(
    "gateway", Path(__file__).parent / "migrations", metadata, pragmas=("foreign_keys=ON", "secure_delete=ON")
)
"""Without the workspace `default`."""


class GatewayStore:
    """The tables. Any thread may call; every method raises `StoreError` when they cannot be read or written."""

    def __init__(self, path: Path, clock: Clock | None = None, url: str = "") -> None:
        """The tables in the file at `path`, or in the database at `url`. Made where there are none, with the workspace
        `default`."""
        self.clock, self.path = clock or SystemClock(), path
        self.masters = MasterKeys(path.parent)
        """The master key of the providers' credentials: that of sealed contexts."""
        self.redis: str | None = None
        """The URL of the Redis that hears of changes to keys; empty: none does. None: that of the profile in use."""
        self._tables = open_tables(path, replace(TABLES, finish=self._add_default), url)

    @classmethod
    def beside(cls, store: Path, clock: Clock | None = None) -> GatewayStore:
        """The gateway of a proxy's store: in the database that `store` names, else in the file beside it."""
        return cls(store.parent / FILE_NAME, clock, url_in(store))

    def close(self) -> None:
        """Close the file, or the connections."""
        self._tables.close()

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection that sees one state of the tables. It waits for no writer."""
        return self._tables.reading()

    def writing(self, *, is_durable: bool = False, workspace: str = "") -> AbstractContextManager[sa.Connection]:
        """One transaction, in which nothing that it reads changes before it writes. `workspace`: the only one whose
        rows it reads and writes; in PostgreSQL, other workspaces are written to at the same time. `is_durable`: it
        survives a power cut."""
        return self._tables.writing(is_durable=is_durable, part=workspace)

    def note(self, db: sa.Connection, workspace: str, by: str, did: str, on: str, **details: Any) -> None:
        """Keep who changed what, in the transaction of the change."""
        row = {"at": self.clock.now(), "workspace": workspace, "by": by[:80], "did": did, "on": on[:240]}
        db.execute(audit.insert().values(**row, details=msgspec.json.encode(details).decode()))

    def _add_default(self, db: sa.Connection) -> None:
        if db.execute(sa.select(workspaces.c.name).where(workspaces.c.name == DEFAULT_WORKSPACE)).first() is None:
            made = {"name": DEFAULT_WORKSPACE, "settings": {}, "created_at": self.clock.now()}
            db.execute(workspaces.insert().values(**made))


def has_gateway(store: Path) -> bool:
    """Whether the gateway of a proxy's store may have been used: its file is there and not empty, or the store names a
    database."""
    file = store.parent / FILE_NAME
    return (file.is_file() and file.stat().st_size > 0) or bool(url_in(store))


def new_id() -> str:
    """A random id, which cannot be guessed and does not reveal how many there are: 12 hexadecimal digits."""
    return secrets.token_hex(6)
