"""How a database comes to its tables: a new one at once, an old one by the migrations it lacks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from penstock import memory, store
from penstock.base.sqlite import UnknownRevision, migrate, newest
from penstock.memory.schema import metadata as memory_tables
from penstock.store.schema import metadata as store_tables

CASES = [(Path(store.__file__).parent, store_tables), (Path(memory.__file__).parent, memory_tables)]


@pytest.fixture(params=CASES, ids=["store", "memory"])
def tables(request: pytest.FixtureRequest) -> sa.MetaData:
    """Those of one database."""
    found: sa.MetaData = request.param[1]
    return found


@pytest.fixture
def folder(tables: sa.MetaData) -> Path:
    """Its migrations."""
    return next(folder for folder, metadata in CASES if metadata is tables) / "migrations"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The database's file."""
    return tmp_path / "a.db"


@pytest.fixture
def db(path: Path) -> Iterator[sa.Connection]:
    """A database that is new."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def by_migrations(db: sa.Connection, folder: Path, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = db
    command.upgrade(config, revision)
    db.commit()


def shape(path: Path) -> dict[str, object]:
    """All that SQLite knows of each table, but for the order of its columns."""
    out: dict[str, object] = {}
    with closing(sqlite3.connect(path)) as db:
        made = dict(db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        for table, sql in made.items():
            names = [row[1] for row in db.execute(f"PRAGMA index_list({table})")]
            out[table] = (
                {row[1:] for row in db.execute(f"PRAGMA table_xinfo({table})")},
                {row[2:] for row in db.execute(f"PRAGMA foreign_key_list({table})")},
                {row[1:] for row in db.execute(f"PRAGMA index_list({table})")},
                {name: [row[2:] for row in db.execute(f"PRAGMA index_xinfo({name})")] for name in names},
                "AUTOINCREMENT" in str(sql).upper(),
            )
        indexes = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        out |= {name: " ".join(str(sql).replace('"', "").split()) for name, sql in indexes}
        out["revision"] = db.execute("SELECT version_num FROM alembic_version").fetchall()
    return out


def test_a_new_database_is_as_the_migrations_make_it(
    db: sa.Connection, path: Path, folder: Path, tables: sa.MetaData, tmp_path: Path
) -> None:
    """Who starts now and who started long ago have the same tables, and the next migration finds the same."""
    migrate(db, folder, tables)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'b.db'}")
    with engine.connect() as other:
        by_migrations(other, folder, "head")
    engine.dispose()
    assert shape(path) == shape(tmp_path / "b.db")


def test_an_old_database_gets_what_it_lacks(
    db: sa.Connection, path: Path, folder: Path, tables: sa.MetaData, tmp_path: Path
) -> None:
    """From the first version on."""
    by_migrations(db, folder, "0001")
    migrate(db, folder, tables)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'b.db'}")
    with engine.connect() as new:
        migrate(new, folder, tables)
    engine.dispose()
    assert shape(path) == shape(tmp_path / "b.db")


def test_the_newest_revision_is_alembics(folder: Path) -> None:
    """It is told from the names of the files, without Alembic."""
    assert newest(folder) == ScriptDirectory(str(folder)).get_current_head()


def test_the_database_of_a_newer_version_is_refused(db: sa.Connection, folder: Path, tables: sa.MetaData) -> None:
    """What it means is not known here."""
    migrate(db, folder, tables)
    db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    db.commit()
    with pytest.raises(UnknownRevision, match="9999"):
        migrate(db, folder, tables)


def test_what_is_interrupted_leaves_nothing_behind(
    db: sa.Connection, path: Path, folder: Path, tables: sa.MetaData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start finds a new database, not half of one."""

    def fail(*_: object) -> str:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr("penstock.base.migrations.newest", fail)
        with pytest.raises(RuntimeError):
            migrate(db, folder, tables)
    db.rollback()
    with closing(sqlite3.connect(path)) as other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == []
    migrate(db, folder, tables)
