"""`GatewayStore`: the SQLite file of the gateway (`FILE_NAME`, beside the proxy's store). Several processes may use it:
the proxies that let requests in, and the service that answers people. Each write is one transaction."""

from __future__ import annotations

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from penstock.base import sqlite
from penstock.base.clock import Clock, SystemClock
from penstock.base.errors import StoreError
from penstock.base.prepared import driver
from penstock.gateway.schema import audit, metadata, workspaces
from penstock.sealing.master_key import MasterKeys

__all__ = ["DEFAULT_WORKSPACE", "FILE_NAME", "GatewayStore", "new_id"]

FILE_NAME = "gateway.db"
"""Beside the proxy's store."""
DEFAULT_WORKSPACE = "default"
"""The workspace that is always there."""
_BUSY_MS = 5_000
"""Milliseconds that a write waits for another process."""


class GatewayStore:
    """The file. Any thread may call; every method raises `StoreError` when it cannot be read or written."""

    def __init__(self, path: Path, clock: Clock | None = None) -> None:
        """Made where there is none, with the workspace `default`."""
        self.path = path
        self.clock = clock or SystemClock()
        self.masters = MasterKeys(path.parent)
        """The master key of the providers' credentials: that of sealed contexts."""
        self._writing = threading.Lock()
        try:
            # Autocommit for each transaction instead would have SQLite prepare all statements of a connection again.
            self._engine = sqlite.connect(path, _BUSY_MS, "foreign_keys=ON", "secure_delete=ON", is_autocommit=True)
            sqlite.prepare(self._engine, _BUSY_MS, self._make_tables)
            self._inode = path.stat().st_ino
        except sqlite.UnknownRevision as e:
            raise StoreError(f"{path} was written by a newer version: give this one its own --store ({e})") from e
        except (SQLAlchemyError, OSError) as e:
            raise StoreError(f"{path} cannot be opened: {sqlite.why(e)}") from e

    def close(self) -> None:
        """Let the file go."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the file."""
        self._check_file()
        try:
            with self._engine.connect() as db:
                driver(db).execute("BEGIN")  # all selects see one state; closing ends it
                yield db
        except (SQLAlchemyError, sqlite3.Error) as e:
            raise StoreError(f"{self.path} cannot be read: {sqlite.why(e)}") from e

    @contextmanager
    def writing(self, *, is_durable: bool = False) -> Iterator[sa.Connection]:
        """One transaction: all of the block, or nothing where it raises. `is_durable`: it outlasts a power cut, too."""
        self._check_file()
        try:
            with self._one_at_a_time(), self._engine.connect() as db:
                if is_durable:
                    db.exec_driver_sql("PRAGMA synchronous=FULL")
                try:
                    driver(db).execute("BEGIN IMMEDIATE")
                    yield db
                    driver(db).execute("COMMIT")
                except BaseException:
                    _roll_back(db)
                    raise
                finally:
                    if is_durable and not db.invalidated:
                        db.exec_driver_sql("PRAGMA synchronous=NORMAL")
        except (SQLAlchemyError, sqlite3.Error) as e:
            raise StoreError(f"{self.path} cannot be written: {sqlite.why(e)}") from e

    def note(self, db: sa.Connection, workspace: str, by: str, did: str, on: str, **details: Any) -> None:
        """Keep who changed what, in the transaction of the change."""
        row = {"at": self.clock.now(), "workspace": workspace, "by": by[:80], "did": did, "on": on[:240]}
        db.execute(audit.insert().values(**row, details=msgspec.json.encode(details).decode()))

    def _check_file(self) -> None:
        """SQLite would go on with a file that was deleted: no other process would see what is written, and this one
        would not see what others revoke."""
        try:
            inode = self.path.stat().st_ino
        except OSError:
            inode = 0
        if inode != self._inode:
            raise StoreError(f"{self.path} was deleted or replaced while in use: start the proxy and the service again")

    @contextmanager
    def _one_at_a_time(self) -> Iterator[None]:
        """SQLite would have the writers of this process wait, too, but asks again only now and then."""
        if not self._writing.acquire(timeout=_BUSY_MS / 1000):
            raise StoreError(f"{self.path} cannot be written: another call has held it for {_BUSY_MS // 1000} s")
        try:
            yield
        finally:
            self._writing.release()

    def _make_tables(self, db: sa.Connection) -> None:
        sqlite.migrate(db, Path(__file__).parent / "migrations", metadata)
        if db.execute(sa.select(workspaces.c.name).where(workspaces.c.name == DEFAULT_WORKSPACE)).first() is None:
            made = {"name": DEFAULT_WORKSPACE, "settings": {}, "created_at": self.clock.now()}
            db.execute(workspaces.insert().values(**made))


def new_id() -> str:
    """A random id, which cannot be guessed and does not reveal how many there are: 12 hexadecimal digits."""
    return secrets.token_hex(6)


def _roll_back(db: sa.Connection) -> None:
    if not db.invalidated and driver(db).in_transaction:  # a full disk ends the transaction by itself
        driver(db).rollback()
