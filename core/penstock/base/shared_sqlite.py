"""`SharedSqlite`: a SQLite file that several processes read and write. Opens it, makes or migrates its tables, and
gives transactions that see one state of it (`reading`), or write all or nothing (`writing`). A write waits at most 5 s
for another. Every failure is a `StoreError` that names the file."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from penstock.base import sqlite
from penstock.base.errors import StoreError
from penstock.base.prepared import driver

__all__ = ["BUSY_MS", "FAILURES", "SharedSqlite"]

BUSY_MS = 5_000
"""Milliseconds that a write waits for another."""
_IDLE = 5
"""Idle connections that are kept, at most, as SQLAlchemy's pool does."""
FAILURES = (SQLAlchemyError, sqlite3.Error)
"""What fails at the file: statements that are prepared once go to the driver itself."""


class SharedSqlite:
    """The file. Any thread may call."""

    is_server = False

    def __init__(self, path: Path, make_tables: Callable[[sa.Connection], None], *pragmas: str) -> None:
        """Creates the file if there is none; `make_tables` creates or migrates its tables; `pragmas` hold for each
        connection. Raises `StoreError`."""
        self.path, self.name = path, str(path)
        self._one_at_a_time = threading.Lock()
        self._writer: sa.Connection | None = None
        """The connection of all writes, kept: to get one from the pool takes as long as a write does."""
        self._readers: list[sa.Connection] = []
        """Connections that read before and are idle, kept for the same reason."""
        self._is_closed = False
        try:
            # Autocommit for each transaction instead would have SQLite prepare all statements of a connection again.
            self.engine = sqlite.connect(path, BUSY_MS, *pragmas, is_autocommit=True)
            sqlite.prepare(self.engine, BUSY_MS, make_tables)
            self._inode = path.stat().st_ino
        except sqlite.UnknownRevision as e:
            raise StoreError(f"{path} was written by a newer version: give this one its own --store ({e})") from e
        except (*FAILURES, OSError) as e:
            raise StoreError(f"{path} cannot be opened: {sqlite.why(e)}") from e

    def close(self) -> None:
        """Close the file."""
        with self._one_at_a_time:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
        self._is_closed = True
        for db in iter(self._idle_reader, None):
            db.close()
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the file. It waits for no writer."""
        self._check_file()
        try:
            db = self._idle_reader() or self.engine.connect()
            try:
                connection = driver(db)
                connection.execute("BEGIN")  # all selects see one state
                yield db
                connection.rollback()
                if db.in_transaction():  # what SQLAlchemy takes for one: for SQLite it is over
                    db.rollback()
            except BaseException:
                self._let_go(db)
                raise
            self._keep_idle(db)
        except FAILURES as e:
            raise StoreError(f"{self.path} cannot be read: {sqlite.why(e)}") from e

    def _idle_reader(self) -> sa.Connection | None:
        try:
            return self._readers.pop()
        except IndexError:
            return None

    def _keep_idle(self, db: sa.Connection) -> None:
        self._readers.append(db)
        if self._is_closed or len(self._readers) > _IDLE:
            last = self._idle_reader()
            if last is not None:
                self._let_go(last)

    def _let_go(self, db: sa.Connection) -> None:
        if self._is_closed:  # the pool that it is of is gone, and would leave it open
            db.invalidate()
        db.close()

    @contextmanager
    def writing(self, *, is_durable: bool = False, part: str = "") -> Iterator[sa.Connection]:
        """One transaction: committed at the end of the block, or rolled back if that raises. It locks the file from its
        start, all of it whatever `part` is, so that what it reads cannot change before it writes. `is_durable`: it
        survives a power cut."""
        # One of the writers of this process at a time: SQLite has a lock too, but polls it, which is slower.
        if not self._one_at_a_time.acquire(timeout=BUSY_MS / 1000):
            raise StoreError(f"{self.path} cannot be written: another call has held it for {BUSY_MS // 1000} s")
        try:
            self._check_file()
            db = self._writer
            if db is None or db.invalidated:
                db = self._writer = self.engine.connect()
            if is_durable:
                db.exec_driver_sql("PRAGMA synchronous=FULL")
            try:
                connection = driver(db)
                connection.execute("BEGIN IMMEDIATE")
                yield db
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(db)
                raise
            finally:
                if is_durable and not db.invalidated:
                    db.exec_driver_sql("PRAGMA synchronous=NORMAL")
                if db.in_transaction():  # what SQLAlchemy takes for one: for SQLite it is over
                    db.rollback()
        except FAILURES as e:
            raise StoreError(f"{self.path} cannot be written: {sqlite.why(e)}") from e
        finally:
            self._one_at_a_time.release()

    def _check_file(self) -> None:
        """Raises `StoreError` if the file was deleted or replaced: SQLite would go on with it; what is written would be
        lost, and what others write not seen."""
        try:
            inode = os.stat(self.name).st_ino  # noqa: PTH116 - asked for each transaction, and half the work
        except OSError:
            inode = 0
        if inode != self._inode:
            raise StoreError(f"{self.path} was deleted or replaced while in use: start the proxy and the service again")


def _roll_back(db: sa.Connection) -> None:
    if not db.invalidated and driver(db).in_transaction:  # a full disk ends the transaction by itself
        driver(db).rollback()
