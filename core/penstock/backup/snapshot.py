"""`snapshot`: copies one file of an installation while it is in use, a database by SQLite's backup API, 16 MB at a
time, and returns its size, digest and revision (`Member`); raises `BackupError` if the copy fails. `digest_of` and
`revision_of` read the digest of any file and the revision of any database."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from penstock.backup.contents import Member, Part
from penstock.backup.errors import BackupError

__all__ = ["digest_of", "revision_of", "snapshot"]

_PAGES = 4_096
"""Pages of a database (16 MB) that are copied between two calls of `step`."""
_BUSY_S = 30.0


def snapshot(part: Part, source: Path, target: Path, step: Callable[[], None] = lambda: None) -> Member:
    """Copy `source` to `target`, and describe the copy. Writes during the copy are not in it, and do not wait. `step`
    is called between steps, and may raise to stop. Raises `BackupError`."""
    try:
        if part.package:
            _copy_database(source, target, step)
        else:
            shutil.copyfile(source, target)
        revision = revision_of(target) if part.package else ""
        return Member(name=part.name, bytes=target.stat().st_size, sha256=digest_of(target), revision=revision)
    except (sqlite3.Error, OSError) as e:
        raise BackupError(f"{source} cannot be copied to {target.parent}: {e}. No backup was written") from e


def revision_of(file: Path) -> str:
    """The revision of the tables of a database. Raises `sqlite3.Error`."""
    with closing(sqlite3.connect(file)) as db:
        row = db.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(row[0])


def digest_of(file: Path) -> str:
    """The SHA-256 of a file, hexadecimal."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def _copy_database(source: Path, target: Path, step: Callable[[], None]) -> None:
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_S)) as old,
        closing(sqlite3.connect(target)) as new,
    ):
        old.execute("BEGIN")
        old.execute("SELECT count(*) FROM sqlite_master").fetchone()  # from here on it sees one state
        old.backup(new, pages=_PAGES, progress=lambda *_: step())
        new.execute("PRAGMA journal_mode=DELETE")  # one file, whole by itself
