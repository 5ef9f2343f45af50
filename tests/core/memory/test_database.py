"""The record on disk."""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from penstock.base.errors import MemoryDown
from penstock.memory import Item, Memory
from penstock.memory.database import MemoryDatabase
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.schema import metadata


def test_an_empty_disk_gets_every_table(tmp_path: Path) -> None:
    """The migrations make what the schema says, folder and all."""
    folder = tmp_path / "state" / "memory"
    Memory(folder, Trigrams()).close()
    engine = sa.create_engine(f"sqlite:///{folder / 'memory.db'}")
    with engine.connect() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
    engine.dispose()


def test_a_record_of_before_gets_what_is_new(tmp_path: Path) -> None:
    """What was remembered stays."""
    memory = Memory(tmp_path, Trigrams())
    memory.add([Item("p", "The kiln runs at 900 degrees.")])
    memory.close()
    with closing(sqlite3.connect(tmp_path / "memory.db")) as db:
        db.execute("DROP TABLE feedback")
        db.execute("DROP INDEX memories_place")
        db.execute("ALTER TABLE projects DROP COLUMN revision")
        db.execute("UPDATE alembic_version SET version_num = '0004'")
        db.commit()
    memory = Memory(tmp_path, Trigrams())
    assert [item.text for item in memory.newest("p")] == ["The kiln runs at 900 degrees."]
    memory.close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'memory.db'}")
    with engine.connect() as db:
        differences = compare_metadata(MigrationContext.configure(db), metadata)
    # The tables of the word index are made apart from the schema.
    assert {one[0] for one in differences} == {"remove_table"}
    engine.dispose()


def test_a_record_that_another_process_writes_to_is_down_and_what_it_was_to_get_can_be_added_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("penstock.memory.database.BUSY_MS", 50)
    memory = Memory(tmp_path, Trigrams())
    memory.add([Item("p", "The kiln runs at 900 degrees.")])
    with closing(sqlite3.connect(tmp_path / "memory.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(MemoryDown, match="locked"):
            memory.add([Item("p", "The glaze is fired at 1,200 degrees.")])
    memory.add([Item("p", "The glaze is fired at 1,200 degrees.")])
    assert len(memory.newest("p")) == 2
    memory.close()


def test_its_folder_is_private(tmp_path: Path) -> None:
    """With those above it that were missing: Chroma's files in it say nothing of who may read them."""
    before = os.umask(0o022)
    try:
        Memory(tmp_path / "state" / "memory", Trigrams()).close()
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / f).stat().st_mode) for f in ("state", "state/memory")] == [0o700, 0o700]


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """It holds what people said: neither the file, nor what SQLite puts beside it, nor the vectors are for others."""
    before = os.umask(0o022)
    try:
        memory = Memory(tmp_path, Trigrams())
        memory.add([Item("p", "private words")])
        files = [*tmp_path.glob("memory.db*"), tmp_path / "vectors"]
        assert len(files) >= 4
        assert all(stat.S_IMODE(file.stat().st_mode) & 0o077 == 0 for file in files)
        memory.close()
    finally:
        os.umask(before)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    """It may be mended; memory is down until then."""
    (tmp_path / "memory.db").write_bytes(b"no database" * 1000)
    with pytest.raises(MemoryDown):
        Memory(tmp_path, Trigrams())
    assert (tmp_path / "memory.db").read_bytes().startswith(b"no database")
    (tmp_path / "memory.db").unlink()
    Memory(tmp_path, Trigrams()).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """With the reason."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(MemoryDown, match="file"):
        Memory(tmp_path / "file", Trigrams())


def test_what_somebody_reads_is_cleaned_once_they_are_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader keeps the old pages: that is said, and cleaning again leaves nothing."""
    monkeypatch.setattr("penstock.memory.database.SCRUB_S", 0)
    monkeypatch.setattr("penstock.memory.database.BUSY_MS", 50)
    database = MemoryDatabase(tmp_path / "memory.db")
    with database.writing() as db:
        db.exec_driver_sql("CREATE TABLE notes (text)")
        db.exec_driver_sql("INSERT INTO notes VALUES ('deleted words')")
    with closing(sqlite3.connect(tmp_path / "memory.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM notes").fetchall()
        with database.writing() as db:
            db.exec_driver_sql("DELETE FROM notes")
        with pytest.raises(MemoryDown, match="is being read"):
            database.scrub()
        reader.execute("COMMIT")
    database.scrub()
    assert not any(b"deleted words" in file.read_bytes() for file in tmp_path.glob("memory.db*"))
    database.close()


@pytest.mark.parametrize("is_replaced", [False, True])
def test_what_is_said_after_the_file_was_deleted_is_not_lost_in_silence(tmp_path: Path, is_replaced: bool) -> None:
    """It would go into a file that is gone with the process. Nor is it written where another file is by now."""
    file = tmp_path / "memory.db"
    database = MemoryDatabase(file)
    for left in tmp_path.glob("memory.db*"):
        left.unlink()
    if is_replaced:
        MemoryDatabase(file).close()
    with pytest.raises(MemoryDown, match=r"memory\.db was deleted or replaced .*start the proxy"), database.writing():
        pytest.fail("nothing may be written")
    database.close()
