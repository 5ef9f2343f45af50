"""`SharedPostgres`: tables in a PostgreSQL database that processes of several machines read and write. Creates or
migrates them, and gives transactions that see one state of them, or write all or nothing. Every failure is a
`StoreError` that names the database, never with a password."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from penstock.base.errors import StoreError, Unstorable
from penstock.base.migrations import UnknownRevision, apply_migrations
from penstock.base.postgres import LOCKED, MIGRATING, PostgresServer, state_of, why, why_unopened
from penstock.base.postgres_connection import PATIENT, Limits, deadline, wait_at_most
from penstock.base.shared_tables import TableSet
from penstock.base.sql_refusal import is_refusal
from penstock.base.unfinished_migration import refuse_unfinished

__all__ = ["SharedPostgres"]

_CONNECTIONS = 5
_BUSY_MS = 5_000
"""Milliseconds that a write waits for another."""
_ANSWER_S = 70.0
"""Seconds after which a statement's answer is given up: the server gives the statement up before. A transaction of many
statements may take longer."""
_WRITE = Limits.of(_BUSY_MS, 60_000, 8)
# An export reads on when its caller has taken what it read before.
_READ = Limits.of(_BUSY_MS, 60_000, 3, idle_ms=600_000)
_SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"


class SharedPostgres:
    """The tables. Any thread may call."""

    is_server = True

    def __init__(self, url: str, tables: TableSet, *, is_migrating: bool = False) -> None:
        """Creates or migrates the tables, where several processes start at once in one of them. `is_migrating`: what
        `penstock migrate` has not finished may be opened. Raises `StoreError` where it may not, the driver is missing,
        the server does not answer or the tables are of a newer version."""
        self._server = PostgresServer(url, _CONNECTIONS)
        self.name = self._server.name
        self._tables = tables.name
        try:
            self._migrate(tables, is_migrating)
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the database. It waits for no writer."""
        try:
            with self._server.reached(), self._server.engine.connect() as db:
                wait_at_most(db, _ANSWER_S)
                with deadline(_READ.wait_s):
                    db.exec_driver_sql(f"{_SNAPSHOT}; {_READ.sql}")
                yield db
        except (SQLAlchemyError, UnicodeEncodeError) as e:
            kind = Unstorable if is_refusal(e) else StoreError
            raise kind(f"{self.name} cannot be read: {why(e)}") from e

    @contextmanager
    def writing(self, *, is_durable: bool = False, part: str = "") -> Iterator[sa.Connection]:
        """One transaction: committed at the end of the block, or rolled back if that raises. It takes a lock of the
        tables, or of `part` of them, which ends with it. What it reads cannot change before it writes."""
        try:
            with self._transaction(_WRITE, self._begin(is_durable, part), _ANSWER_S) as db:
                yield db
        except (SQLAlchemyError, UnicodeEncodeError) as e:
            is_locked = isinstance(e, sa.exc.DBAPIError) and state_of(e) == LOCKED
            said = f"another call has held it for {_BUSY_MS // 1000} s" if is_locked else why(e)
            kind = Unstorable if is_refusal(e) else StoreError
            raise kind(f"{self.name} cannot be written: {said}") from e

    def _begin(self, is_durable: bool, part: str) -> str:
        # Each statement of READ COMMITTED sees what was committed before the lock was free; a snapshot of the whole
        # transaction would be taken before.
        locks = f"SELECT pg_advisory_xact_lock({_number(self._tables)}, 0)"
        if part:  # whoever writes to all of the tables waits for those who write to parts of them
            of_part = f"SELECT pg_advisory_xact_lock({_number(f'part of {self._tables}')}, {_number(part)})"
            locks = f"SELECT pg_advisory_xact_lock_shared({_number(self._tables)}, 0); {of_part}"
        return f"{'SET LOCAL synchronous_commit = on; ' if is_durable else ''}{locks}"

    @contextmanager
    def _transaction(self, limits: Limits, begin: str, answer_s: float) -> Iterator[sa.Connection]:
        with self._server.reached(), self._server.engine.begin() as db:
            wait_at_most(db, answer_s)
            with deadline(limits.wait_s):
                db.exec_driver_sql(f"{limits.sql}; {begin}")
            yield db

    def _migrate(self, tables: TableSet, is_migrating: bool) -> None:
        try:
            # Released with the transaction, also behind a pooler.
            with self._transaction(PATIENT, f"SELECT pg_advisory_xact_lock({MIGRATING})", PATIENT.wait_s) as db:
                if not is_migrating:
                    refuse_unfinished(db, self.name)
                apply_migrations(db, tables.migrations, tables.in_postgres(), tables.version_table)
                tables.finish(db)
        except UnknownRevision as e:
            raise StoreError(f"{self.name} was written by a newer version of Penstock ({e})") from e
        except (SQLAlchemyError, UnicodeEncodeError) as e:
            raise StoreError(f"{self.name} cannot be opened: {why_unopened(e)}") from e


def _number(name: str) -> int:
    """The number of an advisory lock, of 32 bits with a sign."""
    return int.from_bytes(hashlib.sha256(f"penstock {name}".encode()).digest()[:4], signed=True)
