"""Statements that SQLite's driver runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.prepared import Prepared, driver
from penstock.base.sql_functions import among
from penstock.base.upsert import upsert
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.holds import hold, settle
from penstock.gateway.quotas import set_limits
from penstock.gateway.records import Limit, Usage
from penstock.gateway.schema import workspaces
from tests.core.gateway.tables import call

ADD = Prepared(workspaces.insert())
NAMED = Prepared(workspaces.select().where(among(workspaces.c.name, "names")).order_by(workspaces.c.name))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def store(path: Path) -> Iterator[GatewayStore]:
    with closing(GatewayStore(path)) as store:
        yield store


def test_values_come_back_as_the_columns_have_them(store: GatewayStore) -> None:
    """As SQLAlchemy reads and writes them, JSON too."""
    with store.writing() as db:
        ADD.run_each(db, [{"name": name, "settings": {"redact": True}, "created_at": 1.5} for name in ("a", "b", "c")])
    with store.reading() as db:
        rows = NAMED.run(db, names=["c", "a", "none"])
        assert [(row.name, row.settings, row.created_at) for row in rows] == [
            ("a", {"redact": True}, 1.5),
            ("c", {"redact": True}, 1.5),
        ]
        assert rows == [tuple(row) for row in db.execute(workspaces.select().where(workspaces.c.name.in_(["a", "c"])))]
        assert NAMED.run(db, names=[]) == []
        assert NAMED.first(db, names=["c", "a"]) == rows[0]
        assert NAMED.first(db, names=[]) is None


@pytest.mark.parametrize("count", [1, 41, 42, 43, 1000])
def test_many_rows_are_inserted_by_few_statements(store: GatewayStore, count: int) -> None:
    rows = [{"name": f"w{n:04}", "settings": {"n": n}, "created_at": float(n)} for n in range(count)]
    ran: list[str] = []
    with store.writing() as db:
        driver(db).set_trace_callback(ran.append)
        ADD.run_each(db, rows)
        driver(db).set_trace_callback(None)
    assert len([one for one in ran if one.startswith("INSERT")]) == -(-count // 42)
    with store.reading() as db:
        found = NAMED.run(db, names=[row["name"] for row in rows])
        assert [(row.name, row.settings, row.created_at) for row in found] == [tuple(row.values()) for row in rows]


def test_statements_that_a_connection_keeps_are_few(store: GatewayStore) -> None:
    """However many rows come at once: the longest take a thousand times the memory of a short one."""
    ran: list[str] = []
    with store.writing() as db:
        driver(db).set_trace_callback(ran.append)
        for count in range(300):
            ADD.run_each(db, [{"name": f"{count}-{n}", "settings": {}, "created_at": 0.0} for n in range(count)])
        driver(db).set_trace_callback(None)
    lengths = {one.count("), (") for one in ran if one.startswith("INSERT")}
    assert len(lengths) <= 42
    assert max(lengths) < 42


@pytest.mark.parametrize("text", [' {"a": 1}', '{"a": 1}\n', "\t[]", "NaN1", "", "{} {}"])
def test_json_that_another_program_wrote_is_read_as_sqlalchemy_does(store: GatewayStore, text: str) -> None:
    def read(run: Callable[[], Sequence[Any]]) -> object:
        try:
            return run()[0].settings
        except ValueError as e:
            return str(e)

    with store.writing() as db:
        driver(db).execute("UPDATE workspaces SET settings = ?", (text,))
    with store.reading() as db:
        expected = read(lambda: db.execute(workspaces.select()).all())
        assert read(lambda: NAMED.run(db, names=["default"])) == expected


def test_many_rows_of_an_upsert_replace_those_that_are_there() -> None:
    put = Prepared(upsert("sqlite", workspaces, ["name"], ["settings", "created_at"]))
    with sa.create_engine("sqlite://").connect() as db:
        workspaces.create(db)
        for at in (1.0, 2.0):
            put.run_each(db, [{"name": f"w{n}", "settings": {"at": at}, "created_at": at} for n in range(int(at) * 10)])
        found = db.execute(sa.select(workspaces.c.name, workspaces.c.settings, workspaces.c.created_at)).all()
        assert sorted(found) == sorted((f"w{n}", {"at": 2.0}, 2.0) for n in range(20))


def test_literals_of_the_statement_are_kept() -> None:
    kind = sa.case({"default": "first"}, value=workspaces.c.name, else_="other").label("kind")
    with sa.create_engine("sqlite://").connect() as db:
        workspaces.create(db)
        ADD.run_each(db, [{"name": name, "settings": {}, "created_at": 0.0} for name in ("default", "web")])
        assert [row.kind for row in Prepared(sa.select(kind).order_by(workspaces.c.name)).run(db)] == ["first", "other"]


def test_what_the_driver_cannot_do_the_store_names(path: Path, store: GatewayStore) -> None:
    """And nothing of the transaction is kept."""
    rows = [{"name": name, "settings": {}, "created_at": 0.0} for name in ("new", "default")]
    failed = re.escape(f"{path} cannot be written: UNIQUE constraint failed")
    with pytest.raises(StoreError, match=failed), store.writing() as db:
        ADD.run_each(db, rows)
    with store.reading() as db:
        assert NAMED.run(db, names=["new"]) == []
    with pytest.raises(StoreError, match=re.escape(f"{path} cannot be read: no such column")), store.reading() as db:
        driver(db).execute("SELECT other FROM workspaces")


def test_a_full_disk_is_named_with_the_next_step(store: GatewayStore) -> None:
    with store.writing() as db:
        driver(db).execute("PRAGMA max_page_count = 1")
    with pytest.raises(StoreError, match="full: free some space"), store.writing() as db:
        ADD.run(db, name="large", settings={"webhook": "x" * 100_000}, created_at=0.0)


def test_a_request_runs_no_pragma(store: GatewayStore) -> None:
    """After some of them SQLite prepares all statements of a connection again, which takes longer than to run them."""
    set_limits(store, "workspace:default", [Limit("day", "requests", 9), Limit("day", "tokens", 10**6)], "me")
    ran: list[str] = []
    with store.reading() as reading, store.writing() as writing:
        for db in (reading, writing):
            driver(db).set_trace_callback(ran.append)
    hold(store, call("one"))
    settle(store, "one", Usage(input=5))
    assert len([one for one in ran if one.startswith(("INSERT", "UPDATE"))]) > 5
    assert not [one for one in ran if one.startswith("PRAGMA")]
