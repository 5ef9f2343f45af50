"""The file of contexts: its tables, and what is no such file."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from penstock.base import sqlite
from penstock.base.errors import StoreError
from penstock.contexts import contexts as module
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from penstock.contexts.schema import metadata
from tests.core.contexts.conftest import in_a_file


def test_the_migrations_make_the_tables_of_the_schema(tmp_path: Path) -> None:
    """A database with another table is no new one: it gets them by the migrations."""
    with sa.create_engine(f"sqlite:///{tmp_path / 'old.db'}").connect() as db:
        db.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        db.commit()
        sqlite.migrate(db, Path(module.__file__).parent / "migrations", metadata)
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
        made = _sql(db)
    with sa.create_engine(f"sqlite:///{tmp_path / 'new.db'}").connect() as db:
        sqlite.migrate(db, Path(module.__file__).parent / "migrations", metadata)
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
        assert _sql(db) == made


def _sql(db: sa.Connection) -> dict[str, list[str]]:
    """The parts of the statements that made the tables and indices, without their order: a column that a migration adds
    comes last."""
    rows = db.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name != 'alembic_version'")
    return {name: sorted(re.split(r"\s*,\s*(?![^()]*\))|\n\s*", sql)) for name, sql in rows}


def test_what_was_kept_is_there_when_the_file_is_opened_again(path: Path) -> None:
    contexts = Contexts(path)
    with contexts.write("w", "me") as writer:
        writer.put("k", NewContext("word", tags=("t",)))
    head = contexts.head("w", "k")
    contexts.close()
    contexts = Contexts(path)
    assert contexts.get("w", "k").data == "word"
    assert contexts.head("w", "k") == head
    assert contexts.search("w", "word")[0].head == head
    contexts.close()


@in_a_file
def test_the_file_is_private_to_its_owner(contexts: Contexts, path: Path) -> None:
    with contexts.write("w", "me") as writer:
        writer.put("k", NewContext(1))
    for file in (path, *path.parent.glob(f"{path.name}-*")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    Contexts(path).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as db:
        db.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"contexts\.db was written by a newer version"):
        Contexts(path)
    assert path.read_bytes() == before


def test_a_folder_is_no_file(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"contexts\.db cannot be opened"):
        Contexts(path)


@pytest.mark.parametrize("text", [b"a note\n", b"a longer note\n" * 1000], ids=["short", "long"])
def test_a_text_file_is_refused_and_left_as_it_is(text: bytes, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(text)
    with pytest.raises(StoreError, match=r"contexts\.db cannot be opened"):
        Contexts(path)
    assert path.read_bytes() == text
    assert list(path.parent.iterdir()) == [path]


def test_a_file_where_a_folder_must_be_is_named(path: Path) -> None:
    path.parent.write_text("a file")
    with pytest.raises(StoreError, match=r"contexts\.db cannot be opened"):
        Contexts(path)


@in_a_file
def test_a_file_that_is_damaged_later_is_named(contexts: Contexts, path: Path) -> None:
    with contexts.write("w", "me") as writer:
        writer.put("k", NewContext(1))
    contexts.close()
    path.write_bytes(b"no database" * 1000)
    for call in (
        lambda: contexts.get("w", "k"),
        lambda: contexts.page("w"),
        lambda: contexts.search("w", "k"),
        contexts.cursor,
        contexts.expire,
    ):
        with pytest.raises(StoreError, match=r"contexts\.db"):
            call()
    with pytest.raises(StoreError, match=r"contexts\.db"), contexts.write("w", "me") as writer:
        writer.put("k", NewContext(2))
