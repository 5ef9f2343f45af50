"""`migrate`: moves an installation from SQLite to a PostgreSQL database: copies the rows of each table and the file of
master keys, compares both sides, and notes there that it is whole. The source keeps its rows. `source_store`: the store
that a person named; which tables are moved, `parts.py` says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from penstock.base import sqlite
from penstock.base.errors import StoreError
from penstock.base.keyfile import has_key, installation_key, key_id
from penstock.base.private_files import write_file
from penstock.base.store_url import is_url, url_in
from penstock.migration.errors import Conflict, MigrationError
from penstock.migration.parts import PARTS, Part
from penstock.migration.rows import Digest, Rows
from penstock.migration.target import Target
from penstock.sealing.master_key import FILE_NAME as MASTER_KEYS
from penstock.store.complete import is_complete, mark_incomplete
from penstock.store.lock import holder, is_taken
from penstock.store.sql_tables import FAILURES
from penstock.store.store_file import file_for

__all__ = ["Moved", "Progress", "migrate", "source_store"]

Progress = Callable[[str, int, int], None]
"""Called with the step (`copying events`), how many rows are done, and how many there are."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One table that was moved and compared."""

    name: str
    content: Digest


def source_store(named: Path) -> Path:
    """The SQLite store that a person named by its file or its folder. Raises `MigrationError`."""
    tried = (named / "penstock.db", named / "state" / "penstock.db") if named.is_dir() else (named,)
    found = next((file for file in tried if file.is_file()), None)
    if found is None:
        raise MigrationError(f"{tried[0]} does not exist: name the store that a proxy has written (--from FILE)")
    if url_in(found):
        raise MigrationError(f"{found} names a database in PostgreSQL, and only a SQLite store is moved (--from FILE)")
    return found


def migrate(store: Path, url: str, progress: Progress) -> list[Moved]:
    """Move the installation with this SQLite store to the database at `url`. Returns the tables that were moved; none
    if they all were before. Raises `MigrationError` and `StoreError`; after whatever interrupts it, the same call goes
    on."""
    if not is_url(url):
        scheme, mark, _ = url.partition("://")  # the rest may have a password
        said = f"no database is known whose URL begins with {scheme}://" if mark else "this is no URL of a database"
        raise MigrationError(f"{said}: --to postgresql://USER@HOST/DATABASE was expected")
    file = file_for(url)
    _copy_master_keys(store.parent, file.parent)
    moved: list[Moved] = []
    with closing(Target(url, key_id(store.parent) or str(store))) as target:
        parts = [part for part in PARTS if part.file(store).is_file() and not target.is_done(part)]
        with ExitStack() as held:
            for part in parts:
                held.enter_context(_held(part, part.file(store)))
            for part in parts:
                part.make_target(url, file)
            new = target.claim(parts) if parts else set()
            for part in parts:
                with _opened(part.file(store)) as db:
                    moved += _move(part, db, target, progress, is_new=part.title in new)
                    key = installation_key(store.parent) if has_key(store.parent) else None
                    target.finish(part, _numbers(part, db), key)
        if not is_complete(store):
            mark_incomplete(file)
    return moved


def _copy_master_keys(source: Path, target: Path) -> None:
    """Copy the keys of sealed texts, which are in no database, to where a proxy on the database looks for them."""
    old, new = source / MASTER_KEYS, target / MASTER_KEYS
    try:
        keys = old.read_bytes() if old.exists() else b""
        if keys and new.exists() and new.read_bytes() != keys:
            raise MigrationError(f"{new} has other keys than {old}: move it away if nothing is sealed with it")
        if keys and not new.exists():
            write_file(new, keys)
    except OSError as e:
        raise MigrationError(f"{old} cannot be copied to {new}: {e}") from e


@contextmanager
def _held(part: Part, source: Path) -> Iterator[None]:
    """The file, brought to the newest revision, while nobody else writes it."""
    if is_taken(source):
        who = f" (process {pid})" if (pid := holder(source)) else ""
        raise MigrationError(f"{source} is written by a proxy that is up{who}: end it with `penstock down`, then retry")
    with part.open_source(source):
        yield


@contextmanager
def _opened(source: Path) -> Iterator[sa.Connection]:
    """A connection that sees one state of the file."""
    url = sa.URL.create("sqlite", database=f"file:{quote(str(source))}", query={"mode": "ro", "uri": "true"})
    engine = sa.create_engine(url)
    try:
        with engine.connect() as db:
            db.exec_driver_sql("BEGIN")
            yield db
    except FAILURES as e:
        raise StoreError(f"{source} cannot be read: {sqlite.why(e)}") from e
    finally:
        engine.dispose()


def _move(part: Part, db: sa.Connection, target: Target, progress: Progress, *, is_new: bool) -> list[Moved]:
    try:
        moved, other = _copied(part, db, target, progress)
    except Conflict:
        if is_new:
            raise
        moved, other = [], [part.title]
    if other and not is_new:
        # The source was written between two runs: what the first one copied is no longer what is there.
        target.empty(part)
        moved, other = _copied(part, db, target, progress)
    if other:
        raise MigrationError(
            f"{target.name}: {', '.join(other)} differ from the source after copying: let nobody else write there, "
            "then run the same command again"
        )
    return moved


def _copied(part: Part, db: sa.Connection, target: Target, progress: Progress) -> tuple[list[Moved], list[str]]:
    """What `_compared` returns when all rows are there. Raises `Conflict`."""
    for table in part.tables:
        _copy(part, table, db, target, progress)
    return _compared(part, db, target, progress)


def _copy(part: Part, table: sa.Table, db: sa.Connection, target: Target, progress: Progress) -> None:
    rows = Rows(table, part.left_out.get(table.name))
    total, done = rows.count(db), target.rows_done(table)
    progress(f"copying {table.name}", done, total)
    for batch in rows.batches(db, done):
        target.add(part, table, batch)
        done += len(batch)
        progress(f"copying {table.name}", done, total)


def _compared(part: Part, db: sa.Connection, target: Target, progress: Progress) -> tuple[list[Moved], list[str]]:
    """The tables as they are in the source, and the names of those that differ in the target."""
    moved, other = [], []
    for table in part.tables:
        rows = Rows(table, part.left_out.get(table.name))
        step, total = f"comparing {table.name}", rows.count(db)
        content = rows.digest(db, lambda done, step=step, total=total: progress(step, done, total))  # type: ignore[misc]
        moved.append(Moved(table.name, content))
        if target.digest(part, table) != content:
            other.append(table.name)
        progress(step, total, total)
    return moved, other


def _numbers(part: Part, db: sa.Connection) -> dict[str, int]:
    """By table whose rows are numbered, the highest number that was ever given: none is given twice."""
    given = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    named = [table for table in part.tables if table.dialect_options["sqlite"]["autoincrement"]]
    return {table.name: int(db.execute(given, {"name": table.name}).scalar() or 0) for table in named}
