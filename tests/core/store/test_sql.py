"""The store on disk: what happens to its file."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import zlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import OperationalError

from penstock.base.errors import StoreError
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.cursor import Cursor
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.store import known_names, originals, originals_table, sql
from penstock.store.schema import metadata
from penstock.store.sql import SqlStore
from penstock.store.sql_tables import insert_events

NOW = 1_700_000_000.0
EVENT = Event(0, NOW, "x", EventKind.RECEIVED, {"n": 1})
LANDED = Landed(1, Edit(Op.REPLACE, Place(b"k" * 16), "new", "s", "r", "old"))
REPLAYED = Landed(1, LANDED.edit.without_original())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is to be; nothing is there yet, its folder neither."""
    return tmp_path / "state" / "penstock.db"


def test_an_empty_disk_gets_every_table(path: Path) -> None:
    """The migrations make what the schema says, folder and all."""
    SqlStore(path).close()
    with sa.create_engine(f"sqlite:///{path}").connect() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []


@pytest.mark.parametrize("most", [1, 1000])
def test_it_knows_the_conversations_that_it_has_and_that_come_later(
    path: Path, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_names, "_MOST", most)
    store = SqlStore(path)
    store.add_edits("edited", [LANDED], NOW)
    store.set_tip("sent", PrefixHash(0, b"d" * 16, 1), NOW)
    store.close()

    store = SqlStore(path)
    assert [store.knows(name) for name in ("edited", "sent", "new", "newer")] == [True, True, False, False]
    store.set_tips({"new": PrefixHash(0, b"d" * 16, 1)}, NOW)
    store.add_edits("newer", [LANDED], NOW)
    assert [store.knows(name) for name in ("edited", "sent", "new", "newer", "none")] == [True] * 4 + [False]
    store.close()


def test_it_knows_the_conversations_of_a_file_that_took_the_place_of_its_own(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql, "OURS_S", 0)
    other = SqlStore(tmp_path / "other" / "penstock.db")
    other.add_edits("theirs", [LANDED], NOW)
    other.close()
    store = SqlStore(path)
    assert not store.knows("theirs")
    for rest in ("-wal", "-shm"):
        path.with_name(path.name + rest).unlink(missing_ok=True)
    (tmp_path / "other" / "penstock.db").replace(path)

    assert store.knows("theirs")
    assert store.edits_of("theirs") == [REPLAYED]
    assert not store.knows("ours")
    store.close()


def test_what_is_there_stays_there(path: Path) -> None:
    """Opened again, it holds what it held; migrating twice does nothing."""
    store = SqlStore(path)
    store.add_events([EVENT])
    store.add_edits("talk", [LANDED], NOW)
    store.close()
    store = SqlStore(path)
    assert store.end().seq == 1
    assert store.edits_of("talk") == [REPLAYED]
    store.close()


def test_only_its_owner_can_read_it(path: Path) -> None:
    """It holds what people said: neither the file nor what SQLite puts beside it is for others."""
    before = os.umask(0o022)
    try:
        store = SqlStore(path)
        store.add_events([EVENT])
        files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        store.close()
    finally:
        os.umask(before)
    assert set(files) == {"penstock.db", "penstock.db-wal", "penstock.db-shm", "penstock.db.lock"}
    assert set(files.values()) == {0o600}


def test_another_process_reads_while_the_proxy_writes(path: Path) -> None:
    """What is committed is seen at once; a reader writes nothing."""
    writer = SqlStore(path)
    reader = SqlStore(path, readonly=True)
    writer.add_events([EVENT])
    assert reader.end().seq == 1
    writer.add_events([EVENT])
    assert len(reader.events_after(Cursor(seq=1))) == 1
    with pytest.raises(StoreError, match="cannot be written"):
        reader.add_events([EVENT])
    reader.close()
    writer.close()


def test_a_reader_makes_no_file(path: Path) -> None:
    """Where no proxy has written there is nothing to show, and the error says so."""
    with pytest.raises(StoreError, match="no proxy has written there"):
        SqlStore(path, readonly=True)
    assert not path.exists()


@pytest.mark.parametrize("name", ["a b.db", "100%.db", "what?.db", "#1.db", "é.db"])
def test_a_path_may_have_any_characters(tmp_path: Path, name: str) -> None:
    """Spaces, and what means something in a URI."""
    store = SqlStore(tmp_path / name)
    store.add_events([EVENT])
    reader = SqlStore(tmp_path / name, readonly=True)
    assert reader.end().seq == 1
    reader.close()
    store.close()


DAMAGED = {
    "no database": b"this is no database, it is a text. " * 100,
    "cut off": None,
}


def test_a_strangers_file_is_left_alone(tmp_path: Path) -> None:
    """Whoever mistypes a path loses nothing by it."""
    (tmp_path / "notes.txt").write_text("my notes")
    for readonly in (False, True):
        with pytest.raises(StoreError, match=r"notes\.txt is no store of Penstock, .*: name another file"):
            SqlStore(tmp_path / "notes.txt", readonly=readonly)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("notes.txt", "my notes")]


@pytest.mark.parametrize("readonly", [False, True])
def test_another_programs_database_is_left_alone(tmp_path: Path, readonly: bool) -> None:
    """Also its permissions, and how it is written."""
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE things(name)")
    path.chmod(0o644)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"theirs\.db is no store of Penstock, .*: name another file"):
        SqlStore(path, readonly=readonly)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("theirs.db", before)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_set_aside(path: Path, what: str, caplog: pytest.LogCaptureFixture) -> None:
    """Traffic goes on with a new one; nothing is deleted, and the log names both."""
    caplog.set_level(logging.WARNING)
    content = DAMAGED[what]
    if content is None:
        SqlStore(path).close()
        content = path.read_bytes()[:5000]
    SqlStore(path).close()
    path.write_bytes(content)
    store = SqlStore(path)
    store.add_events([EVENT])
    assert store.end().seq == 1
    store.close()
    (aside,) = path.parent.glob("penstock.db.damaged-*")
    assert aside.read_bytes() == content
    assert aside.name in caplog.text


def test_a_locked_file_is_an_error_and_not_a_wait(path: Path) -> None:
    """Another process holds it: a request that would store an edit hears so at once."""
    store = SqlStore(path)
    other = sqlite3.connect(path)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        store.add_edits("talk", [LANDED], NOW)
    assert store.edits_of("talk") == []
    other.rollback()
    other.close()
    store.add_edits("talk", [LANDED], NOW)
    assert store.edits_of("talk") == [REPLAYED]
    store.close()


def test_a_batch_is_stored_whole_or_not_at_all(path: Path) -> None:
    """One value that cannot be written takes the others of its batch with it, and is a `StoreError` like any other."""
    store = SqlStore(path)
    bad = Event(0, NOW, "x", EventKind.RECEIVED, {"n": object()})
    with pytest.raises(StoreError):
        store.add_events([EVENT, bad])
    with pytest.raises(StoreError):
        store.add_edits("half \ud800", [LANDED], NOW)
    assert store.end().seq == 0
    store.close()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "state").write_text("a file")
    with pytest.raises(StoreError, match="cannot be made"):
        SqlStore(tmp_path / "state" / "deeper" / "penstock.db")


def test_a_folder_where_the_file_should_be_is_an_error(tmp_path: Path) -> None:
    """It is named, and left alone."""
    (tmp_path / "penstock.db").mkdir()
    with pytest.raises(StoreError, match="is a folder, where the file of a log was expected"):
        SqlStore(tmp_path / "penstock.db")


def test_a_file_system_without_permissions_still_holds_a_store(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It cannot be made private there, which is said; it is no reason to keep nothing."""

    def refused(*_: object, **__: object) -> None:
        raise PermissionError("not on this file system")

    monkeypatch.setattr(Path, "chmod", refused)
    store = SqlStore(path)
    store.add_events([EVENT])
    store.close()
    assert "not on this file system" in caplog.text


def test_kinds_of_a_newer_version_are_passed_over(path: Path) -> None:
    """A reader shows what it knows, page by page, and never an empty page in the middle of a log."""
    store = SqlStore(path)
    store.add_events([EVENT])
    with sqlite3.connect(path) as db:
        for _ in range(50):
            db.execute("INSERT INTO events (at, exchange, kind, payload) VALUES (0, 'x', 'of-tomorrow', '{}')")
    db.close()
    store.add_events([EVENT])
    assert [e.seq for e in store.events_after(Cursor(seq=1), limit=10)] == [52]
    assert [e.seq for e in store.events_of("x")] == [1, 52]
    store.close()


KILLED = """
import os, sys
from pathlib import Path
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.event import PrefixHash
from penstock.store.sql import SqlStore
from penstock.store.sql_tables import insert_events
store = SqlStore(Path(sys.argv[1]))
store.add_edits("talk", [Landed(1, Edit(Op.REPLACE, Place(b"k" * 16), "new", "s", "r", "old"))], 1.0)
store.set_tip("talk", PrefixHash(0, b"t" * 16, 3), 1.0)
os.kill(os.getpid(), 9)
"""


def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    """`kill -9`, a moment after the call returned."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -9
    store = SqlStore(path)
    assert store.edits_of("talk") == [REPLAYED]
    assert [original.text for original in store.find_originals()] == ["old"]
    assert store.tip_of("talk") == PrefixHash(0, b"t" * 16, 3)
    store.close()


@pytest.mark.parametrize("column", ["text", "op"])
def test_an_edit_that_cannot_be_read_back_is_a_store_error(path: Path, column: str) -> None:
    """Damaged, or written by another version: the engine goes on without that ledger."""
    store = SqlStore(path)
    store.add_edits("talk", [LANDED], NOW)
    with sqlite3.connect(path) as db:
        db.execute(f"UPDATE edits SET {column} = ?", (b"no zlib" if column == "text" else "of-tomorrow",))
    db.close()
    with pytest.raises(StoreError, match="cannot be read"):
        store.edits_of("talk")
    store.close()


def test_an_original_that_cannot_be_read_back_is_a_store_error(path: Path) -> None:
    """And its ledger is none the worse."""
    store = SqlStore(path)
    store.add_edits("talk", [LANDED], NOW)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE originals SET text = ?", (b"no zlib",))
    db.close()
    with pytest.raises(StoreError, match="cannot be read"):
        store.find_originals()
    assert store.edits_of("talk") == [REPLAYED]
    store.close()


def _of_version_1(path: Path) -> None:
    """A store as the first version left it: each edit with its original, twice the same, one of them damaged."""
    path.parent.mkdir()
    with sa.create_engine(f"sqlite:///{path}").connect() as db:
        config = Config()
        config.set_main_option("script_location", str(Path(sql.__file__).parent / "migrations"))
        config.attributes["connection"] = db
        command.upgrade(config, "0001")
        db.commit()
    said = [("old", NOW), ("half \ud800", NOW + 1), ("old", NOW + 2), ("", NOW + 3), (None, NOW + 4)]
    with sqlite3.connect(path) as db:
        for nth, (original, at) in enumerate(said):
            data = b"no zlib" if original is None else zlib.compress(original.encode("utf-8", "surrogatepass"))
            row = ("talk", 1, "replace", b"k" * 16, nth, b"", 0, f"s{nth}", "r", zlib.compress(b"new"), data, at)
            db.execute(
                "INSERT INTO edits (conversation, revision, op, key, nth, chain, count, stage, reason, text, original, "
                f"at) VALUES ({', '.join('?' * len(row))})",
                row,
            )
    db.close()


def test_a_store_of_the_first_version_is_brought_up_to_date(path: Path) -> None:
    """Its ledgers are replayed as before and its originals are found; a damaged one costs nothing else."""
    _of_version_1(path)
    with pytest.raises(StoreError, match="an older version wrote it"):
        SqlStore(path, readonly=True).find_originals()
    store = SqlStore(path)
    edits = [landed.edit for landed in store.edits_of("talk")]
    assert [(e.place.nth, e.stage, e.text, e.size) for e in edits] == [
        (0, "s0", "new", 3),
        (1, "s1", "new", 6),
        (2, "s2", "new", 3),
        (3, "s3", "new", 0),
        (4, "s4", "new", 0),
    ]
    found = [(o.text, o.stage, o.at) for o in store.find_originals()]
    assert found == [("old", "s2", NOW + 2), ("half \ud800", "s1", NOW + 1)]
    store.add_edits("talk", [LANDED], NOW)
    store.close()
    with sa.create_engine(f"sqlite:///{path}").connect() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []


def test_a_migration_that_fails_leaves_the_store_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full disk, `kill`: the next start goes on from where it was, not from the middle."""
    _of_version_1(path)

    def fails(_: str) -> bytes:
        raise OperationalError("", None, Exception("database or disk is full"))

    with monkeypatch.context() as full:
        full.setattr(originals, "packed", fails)
        with pytest.raises(StoreError, match="disk is full"):
            SqlStore(path)
    store = SqlStore(path)
    assert len(store.edits_of("talk")) == 5
    assert len(store.find_originals()) == 2
    store.close()


def test_two_conversations_store_the_same_original_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both looked before either wrote: both have their edits, and the original is there once."""
    both_looked = threading.Barrier(2)

    def packed(text: str) -> bytes:
        both_looked.wait(timeout=30)
        return originals.packed(text)

    monkeypatch.setattr(originals_table, "packed", packed)
    store = SqlStore(path)
    faults: list[StoreError] = []

    def add(conversation: str) -> None:
        try:
            store.add_edits(conversation, [LANDED], NOW)
        except StoreError as e:
            faults.append(e)

    threads = [threading.Thread(target=add, args=(name,)) for name in ("one", "other")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert [store.edits_of(name) for name in ("one", "other")] == [[REPLAYED], [REPLAYED]]
    assert [o.text for o in store.find_originals()] == ["old"]
    store.close()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are looked up in /proc")
def test_what_people_said_is_not_copied_to_the_machines_temporary_folder(path: Path) -> None:
    """SQLite keeps the pages that an insert of several rows may have to undo, by default in a file there."""
    store = SqlStore(path)
    some = [replace(EVENT, exchange=f"{n * 7919 % 1000:x}", payload={"text": "words " * 50}) for n in range(2_000)]
    store.add_events(some)
    with store._write() as db:
        insert_events(db, some)
        files = [str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    store.close()
    assert str(path) in files
    assert [file for file in files if "etilqs" in file] == []
