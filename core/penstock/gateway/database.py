"""`GatewayStore`: the SQLite file of the gateway (`FILE_NAME`, beside the proxy's store); raises `StoreError`. Several
processes may use it: the proxies that let requests in, and the service that answers people. Each write is one
transaction. `new_id`: a random id of 12 hexadecimal digits."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from penstock.base import sqlite
from penstock.base.clock import Clock, SystemClock
from penstock.base.shared_sqlite import SharedSqlite
from penstock.gateway.schema import audit, metadata, workspaces
from penstock.sealing.master_key import MasterKeys

__all__ = ["DEFAULT_WORKSPACE", "FILE_NAME", "GatewayStore", "new_id"]

FILE_NAME = "gateway.db"
"""Beside the proxy's store."""
DEFAULT_WORKSPACE = "default"
"""The workspace that is always there."""


class GatewayStore(SharedSqlite):
    """The file. Any thread may call; every method raises `StoreError` when it cannot be read or written."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        """Made where there is none, with the workspace `default`."""
        self.clock = clock or SystemClock()
        self.masters = MasterKeys(path.parent)
        """The master key of the providers' credentials: that of sealed contexts."""
        super().__init__(path, self._make_tables, "foreign_keys=ON", "secure_delete=ON")

    def note(self, db: sa.Connection, workspace: str, by: str, did: str, on: str, **details: Any) -> None:
        """Keep who changed what, in the transaction of the change."""
        row = {"at": self.clock.now(), "workspace": workspace, "by": by[:80], "did": did, "on": on[:240]}
        db.execute(audit.insert().values(**row, details=msgspec.json.encode(details).decode()))

    def _make_tables(self, db: sa.Connection) -> None:
        sqlite.migrate(db, Path(__file__).parent / "migrations", metadata)
        if db.execute(sa.select(workspaces.c.name).where(workspaces.c.name == DEFAULT_WORKSPACE)).first() is None:
            made = {"name": DEFAULT_WORKSPACE, "settings": {}, "created_at": self.clock.now()}
            db.execute(workspaces.insert().values(**made))


def new_id() -> str:
    """A random id, which cannot be guessed and does not reveal how many there are: 12 hexadecimal digits."""
    return secrets.token_hex(6)
