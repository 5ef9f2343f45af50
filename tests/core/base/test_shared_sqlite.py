"""A SQLite file that several processes use: all or nothing is written, and its state is one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.base import shared_sqlite as module
from penstock.base.errors import StoreError
from penstock.base.prepared import driver
from penstock.base.shared_sqlite import SharedSqlite


def make(db: sa.Connection) -> None:
    db.exec_driver_sql("CREATE TABLE IF NOT EXISTS notes (text)")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notes.db"


@pytest.fixture
def file(path: Path) -> Iterator[SharedSqlite]:
    with closing(SharedSqlite(path, make)) as found:
        yield found


def add(file: SharedSqlite, text: str) -> None:
    with file.writing() as db:
        db.exec_driver_sql("INSERT INTO notes VALUES (?)", (text,))


def notes(db: sa.Connection) -> list[str]:
    return [row.text for row in db.exec_driver_sql("SELECT text FROM notes ORDER BY rowid")]


def test_a_reader_sees_one_state(file: SharedSqlite) -> None:
    add(file, "one")
    with file.reading() as db:
        assert notes(db) == ["one"]
        add(file, "two")
        assert notes(db) == ["one"]
    with file.reading() as db:
        assert notes(db) == ["one", "two"]


def test_few_connections_stay_open_and_none_after_the_last_reader(path: Path) -> None:
    """Also of one that ends after the file was closed, and of one that fails."""
    file = SharedSqlite(path, make)
    pool = file.engine.pool
    assert isinstance(pool, sa.QueuePool)
    with ExitStack() as readers:
        for _ in range(20):
            readers.enter_context(file.reading())
        assert pool.checkedout() == 20
    assert 0 < pool.checkedout() < 20
    kept = pool.checkedout()
    with pytest.raises(StoreError), file.reading() as db:
        db.exec_driver_sql("SELECT other FROM notes")
    assert (pool.checkedout(), db.closed) == (kept - 1, True)
    with file.reading() as db:
        file.close()
        assert notes(db) == []
    assert db.closed


@pytest.mark.parametrize("fails", [False, True])
def test_who_still_reads_while_the_file_is_closed_closes_it(path: Path, fails: bool) -> None:
    """The last connection removes the write-ahead log, in which there may be what was deleted since."""
    file = SharedSqlite(path, make)
    add(file, "one")
    with suppress(StoreError), file.reading() as db:
        raw = driver(db)
        assert notes(db) == ["one"]
        file.close()
        if fails:
            db.exec_driver_sql("SELECT other FROM notes")
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        raw.execute("SELECT 1")
    assert [one.name for one in path.parent.iterdir()] == ["notes.db"]


@pytest.mark.parametrize("is_durable", [False, True])
def test_a_block_that_raises_writes_nothing(file: SharedSqlite, is_durable: bool) -> None:
    def half() -> None:
        with file.writing(is_durable=is_durable) as db:
            db.exec_driver_sql("INSERT INTO notes VALUES ('half')")
            raise KeyError

    with pytest.raises(KeyError):
        half()
    add(file, "whole")
    with file.reading() as db:
        assert notes(db) == ["whole"]
        assert db.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def test_a_durable_write_that_waits_in_vain_slows_no_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection goes back to the pool as it was: with a sync at each commit, writes take many times as long."""
    monkeypatch.setattr(module, "BUSY_MS", 10)
    with closing(SharedSqlite(path, make)) as file, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked"), file.writing(is_durable=True):
            pass
        with file.reading() as db:
            assert db.exec_driver_sql("PRAGMA synchronous").scalar() == 1


def test_what_is_no_database_is_left_as_it_is(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"notes\.db cannot be opened"):
        SharedSqlite(path, make)
    assert path.read_bytes() == b"no database at all" * 100


def test_a_file_that_was_replaced_is_not_written(file: SharedSqlite, path: Path) -> None:
    path.rename(path.with_name("old.db"))
    SharedSqlite(path, make).close()
    for use in (file.reading, file.writing):
        with pytest.raises(StoreError, match="was deleted or replaced while in use"), use():
            pass
