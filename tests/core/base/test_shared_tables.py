"""What everything that shares tables may count on, in a file and in PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.postgres import PostgresServer
from penstock.base.postgres_connection import Limits
from penstock.base.shared_tables import SharedTables, TableSet, open_tables
from tests.postgres import Server

metadata = sa.MetaData()
notes = sa.Table("notes", metadata, sa.Column("name", sa.String(40), primary_key=True), sa.Column("n", sa.Integer))
OTHER = "postgresql://someone:s3cret@127.0.0.1:1/nothing?connect_timeout=1"


@pytest.fixture
def table_set(tmp_path: Path) -> TableSet:
    """A set of one table, which is as its first migration makes it."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "versions" / "0001_notes.py").touch()
    return TableSet("notes", folder, metadata)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    """Where the tables are; empty: in a file."""
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgres" else ""


@pytest.fixture
def tables(url: str, table_set: TableSet, tmp_path: Path) -> Iterator[SharedTables]:
    opened = open_tables(tmp_path / "notes.db", table_set, url)
    yield opened
    opened.close()


def put(tables: SharedTables, name: str, n: int) -> None:
    with tables.writing() as db:
        db.execute(notes.insert().values(name=name, n=n))


def kept(tables: SharedTables) -> dict[str, int]:
    with tables.reading() as db:
        return {row.name: row.n for row in db.execute(notes.select())}


def test_what_is_written_is_read_by_another(
    tables: SharedTables, url: str, table_set: TableSet, tmp_path: Path
) -> None:
    put(tables, "a", 1)
    other = open_tables(tmp_path / "notes.db", table_set, url)
    assert kept(other) == {"a": 1}
    other.close()


def test_a_block_that_raises_writes_nothing(tables: SharedTables) -> None:
    def half() -> None:
        with tables.writing() as db:
            db.execute(notes.insert().values(name="half", n=1))
            raise KeyError

    with pytest.raises(KeyError):
        half()
    put(tables, "after", 2)
    assert kept(tables) == {"after": 2}


def test_a_reader_sees_one_state(tables: SharedTables) -> None:
    """Whatever is written between its first look and its last."""
    put(tables, "a", 1)
    with tables.reading() as db:
        count = sa.select(sa.func.count()).select_from(notes)
        before = db.execute(count).scalar()
        put(tables, "b", 2)
        assert db.execute(count).scalar() == before == 1
    assert len(kept(tables)) == 2


@pytest.mark.parametrize("is_durable", [False, True])
def test_what_is_read_does_not_change_before_it_is_written(
    tables: SharedTables, url: str, table_set: TableSet, tmp_path: Path, is_durable: bool
) -> None:
    """Of many that read a number and write the next, each counts."""
    other = open_tables(tmp_path / "notes.db", table_set, url)
    put(tables, "a", 0)

    def count(which: SharedTables) -> None:
        with which.writing(is_durable=is_durable) as db:
            n = db.execute(sa.select(notes.c.n)).scalar_one()
            db.execute(notes.update().values(n=n + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, [tables, other] * 20))
    other.close()
    assert kept(tables) == {"a": 40}


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_parts_of_tables_are_written_at_the_same_time(tables: SharedTables) -> None:
    """One transaction writes to its part while another has its own; who writes to all of them waits for both."""
    written = threading.Event()

    def all_of_it() -> None:
        put(tables, "all", 3)
        written.set()

    with tables.writing(part="left") as left, tables.writing(part="right") as right:
        thread = threading.Thread(target=all_of_it)
        thread.start()
        left.execute(notes.insert().values(name="left", n=1))
        right.execute(notes.insert().values(name="right", n=2))
        assert not written.is_set()
    assert written.wait(60)
    thread.join()
    assert kept(tables) == {"left": 1, "right": 2, "all": 3}


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_part_is_written_by_one_at_a_time(tables: SharedTables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.base.shared_postgres._WRITE", Limits.of(100, 60_000, 8))

    def second() -> None:
        with tables.writing(part="left"):
            pass

    with tables.writing(part="left"), pytest.raises(StoreError, match="another call has held it"):
        second()


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
@pytest.mark.parametrize("block", ["reading", "writing"])
def test_a_server_that_freezes_in_a_transaction_is_given_up(
    tables: SharedTables, postgres_server: Server, monkeypatch: pytest.MonkeyPatch, block: str
) -> None:
    """It has answered the first statement of the block, and never answers the next."""
    monkeypatch.setattr("penstock.base.shared_postgres._ANSWER_S", 2.0)
    monkeypatch.setattr("penstock.base.outage.PROBE_EVERY_S", 0.01)
    with ExitStack() as frozen:

        def look() -> None:
            with getattr(tables, block)() as db:
                frozen.enter_context(postgres_server.frozen())
                db.execute(notes.select())

        with pytest.raises(StoreError, match="no answer within the time"):
            look()


def test_a_probe_under_way_leaves_no_connection_behind(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is closed while another thread asks whether it answers again: its pool is gone by then."""
    monkeypatch.setattr("penstock.base.outage.PROBE_EVERY_S", 0.01)
    asks, closed, has_answered = threading.Event(), threading.Event(), threading.Event()
    made: list[Any] = []
    server = PostgresServer(postgres_url, on_answer=has_answered.set)

    def ask(connection: sa.Connection, *_: object) -> None:
        made.append(connection.connection.dbapi_connection)
        asks.set()
        assert closed.wait(60)

    sa.event.listen(server.engine, "before_cursor_execute", ask)
    server.outage.begin("it is away")
    assert asks.wait(60)
    server.close()
    closed.set()
    assert has_answered.wait(60)
    assert [one.closed for one in made] == [True]


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_reader_in_postgresql_cannot_write(tables: SharedTables) -> None:
    def write() -> None:
        with tables.reading() as db:
            db.execute(notes.insert().values(name="a", n=1))

    with pytest.raises(StoreError, match="cannot be read: cannot execute INSERT in a read-only transaction"):
        write()


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_many_that_start_at_once_make_the_tables_once(url: str, table_set: TableSet, tmp_path: Path) -> None:
    def start(_: int) -> None:
        open_tables(tmp_path / "notes.db", table_set, url).close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(start, range(6)))
    tables = open_tables(tmp_path / "notes.db", table_set, url)
    put(tables, "a", 1)
    tables.close()


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_tables_of_a_newer_version_are_left_alone(tables: SharedTables, url: str, table_set: TableSet) -> None:
    with tables.writing() as db:
        db.execute(sa.text("UPDATE penstock_notes_version SET version_num = '9999'"))
    (table_set.migrations / "versions" / "0001_notes.py").write_text("revision = '0001'\ndown_revision = None\n")
    (table_set.migrations / "env.py").write_text(
        "from alembic import context\n"
        "context.configure(connection=context.config.attributes['connection'],\n"
        "    version_table=context.config.attributes['version_table'])\n"
        "with context.begin_transaction():\n    context.run_migrations()\n"
    )
    with pytest.raises(StoreError, match="was written by a newer version of Penstock"):
        open_tables(Path("unused"), table_set, url)


def test_a_server_that_is_away_is_named_without_the_password(table_set: TableSet) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError, match=r"postgresql://127\.0\.0\.1:1/nothing") as failed:
        open_tables(Path("unused"), table_set, OTHER)
    assert "s3cret" not in str(failed.value)
