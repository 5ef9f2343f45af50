"""Opens Penstock's SQLite databases, private to their owner (`connect`), creates their tables (`prepare`), migrates
them to the newest revision (`migrate`; `UnknownRevision`: a newer Penstock wrote it), and explains the driver's errors
(`why`)."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from penstock.base.migrations import UnknownRevision, apply_migrations, newest
from penstock.base.paths import make_private
from penstock.base.private_files import create

__all__ = ["UnknownRevision", "connect", "is_of_disk", "migrate", "newest", "prepare", "why"]

logger = logging.getLogger(__name__)


def connect(path: Path, busy_ms: int, *pragmas: str, is_autocommit: bool = False) -> sa.Engine:
    """The SQLAlchemy engine of the database at `path`, made if there is none. `busy_ms`: milliseconds that a write
    waits for another; `is_autocommit`: a transaction is what the caller puts between BEGIN and COMMIT. Raises
    `OSError`."""
    make_private(path.parent)
    with suppress(FileExistsError):
        create(path).close()  # SQLite would make it with the permissions of the umask
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(
        url,
        connect_args={"timeout": busy_ms / 1000, "check_same_thread": False},
        isolation_level="AUTOCOMMIT" if is_autocommit else None,
        # Without a bound: a thread that waits for the connection of another waits for what that does with it.
        max_overflow=-1,
        pool_use_lifo=True,  # a connection that has just written has the newest pages in its cache
    )

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        # NORMAL: a commit survives a killed process; the last ones may be lost with the machine's power.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
        try:
            path.chmod(0o600)  # it holds what people said; SQLite gives the files beside it the same permissions
        except OSError as e:
            logger.warning("%s can be read by others: %s", path, e)

    return engine


def why(e: Exception) -> str:
    """An error in one line: the driver's own text if it has one, and the next step if the disk is full."""
    said = (str(e.__cause__ or e).strip() or type(e).__name__).splitlines()[0]
    is_full = _code(e) == sqlite3.SQLITE_FULL
    return f"{said}: free some space on that disk, then try again" if is_full else said


def is_of_disk(e: BaseException | None) -> bool:
    """Whether a write failed because nothing can be written there: the disk is full, damaged or read-only."""
    return _code(e) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY)


def prepare(engine: sa.Engine, wait_ms: int, make: Callable[[sa.Connection], None]) -> None:
    """Have `make` create the missing tables, and commit. If two processes do so at once, SQLite refuses one without
    waiting: it tries again, for up to `wait_ms` milliseconds. Raises what `make` and the driver raise."""
    deadline = time.monotonic() + wait_ms / 1000
    while True:
        try:
            with engine.connect() as db:
                make(db)
                db.commit()
            return
        except OperationalError as e:
            if not _is_busy(e) or time.monotonic() > deadline:
                raise
        time.sleep(0.02)


def _is_busy(e: OperationalError) -> bool:
    """Whether another process was at the file."""
    return _code(e) == sqlite3.SQLITE_BUSY


def _code(e: BaseException | None) -> int:
    """SQLite's code of an error, without the details, which it puts above the lowest eight bits."""
    return int(getattr(getattr(e, "orig", e), "sqlite_errorcode", 0)) & 0xFF


def migrate(db: sa.Connection, folder: Path, metadata: sa.MetaData) -> None:
    """Run the migrations in `folder` that a database lacks, and commit; a new database gets the tables of `metadata`,
    which are the same ones. Any thread may call. Raises `UnknownRevision`, and what the driver raises."""
    # What is interrupted leaves nothing behind: SQLite can, its driver does not by itself.
    db.exec_driver_sql("BEGIN")
    apply_migrations(db, folder, metadata)
    db.commit()
