"""An installation is moved from SQLite to PostgreSQL."""

from __future__ import annotations

import itertools
import json
import math
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from penstock import Draft, Stage
from penstock.base.clock import ManualClock
from penstock.base.errors import MemoryDown, StoreError
from penstock.base.keyfile import installation_key
from penstock.base.postgres_connection import engine_of
from penstock.base.unfinished_migration import migrated_tables
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from penstock.contexts.schema import contexts as contexts_table
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.cursor import Cursor
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.gateway.database import GatewayStore
from penstock.gateway.schema import audit, workspaces
from penstock.jobs.jobs import DEAD_S, Jobs
from penstock.jobs.records import Job
from penstock.memory import Item, Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.memory.feedback import FeedbackKind, Voice
from penstock.migration import rows
from penstock.migration.errors import MigrationError
from penstock.migration.migrating import migrate, source_store
from penstock.migration.target import Target
from penstock.sealing.master_key import MasterKeys
from penstock.store.complete import is_complete, mark_complete
from penstock.store.postgres import PostgresStore
from penstock.store.schema import edits
from penstock.store.sql import SqlStore
from penstock.store.store_file import file_for
from penstock.testing import Session, assistant, check_prefix, conversation, user

pytestmark = pytest.mark.slow
NOW = 1_700_000_000.0
EVENTS = 25
LANDED = Landed(1, Edit(Op.REPLACE, Place(b"k" * 16), "new", "trim", "why", "original 1"))


class Killed(BaseException):
    """What ends a process."""


def quiet(step: str, done: int, total: int) -> None:
    """No progress is shown."""


def event(n: int) -> Event:
    return Event(0, NOW + n, f"x{n}", EventKind.RECEIVED, {"n": n, "float": 1e-7, "text": "é\0\ud800"})


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch, penstock_home: Path) -> None:
    monkeypatch.setattr(rows, "_MOST_ROWS", 4)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A store with something in each table, some of which was deleted again."""
    path = tmp_path / "here" / "penstock.db"
    installation_key(path.parent)
    with closing(SqlStore(path)) as store:
        store.add_events([event(n) for n in range(EVENTS)])
        for n in range(9):
            edit = replace(LANDED.edit, original=f"original {n}")
            store.add_edits(f"talk {n}", [Landed(1, edit)], NOW + n)
            store.set_tip(f"talk {n}", PrefixHash(0, bytes([n]) * 16, n), NOW + n)
        store.set_values("budget", {f"key {n}": {"spent": n / 7} for n in range(5)})
        store.add_edits("gone", [LANDED], NOW)
        store.drop_edits("gone", 1)
        store.prune(before=NOW + 2, keep_events=1000)
    mark_complete(path)
    return path


@pytest.fixture
def opened(postgres_url: str) -> Callable[[], Any]:
    return lambda: closing(PostgresStore(postgres_url, file_for(postgres_url)))


def test_everything_is_there_afterwards(source: Path, postgres_url: str, opened: Callable[[], Any]) -> None:
    """Each row with its number; a reader of the log goes on where it was; what is written next gets numbers that were
    never given before."""
    moved = migrate(source, postgres_url, quiet)
    with closing(SqlStore(source)) as old, opened() as new:
        before, after = old.events_after(), new.events_after()
        assert [(e.seq, e.at, e.exchange, e.payload) for e in after] == [
            (e.seq, e.at, e.exchange, e.payload) for e in before
        ]
        assert new.events_after(Cursor(seq=20)) == [e for e in after if e.seq > 20]
        for n in range(9):
            assert new.edits_of(f"talk {n}") == old.edits_of(f"talk {n}")
            assert new.tip_of(f"talk {n}") == old.tip_of(f"talk {n}")
        assert new.find_originals() == old.find_originals()
        assert new.values_of("budget") == old.values_of("budget")
        assert new.identity_key == installation_key(source.parent)
        old.add_events([event(99)])
        new.add_events([event(99)])
        assert new.events_upto(new.end(), 1)[0].seq == old.end().seq
        new.add_edits("new", [LANDED], NOW)
        with new._read() as db:
            assert db.execute(sa.select(sa.func.max(edits.c.id))).scalar() == 11  # 10 was given to one that is gone
    assert {one.name: one.content.rows for one in moved} == {
        "events": len(before), "conversations": 7, "edits": 7, "originals": 9, "facts": 5,
    }  # fmt: skip


@pytest.mark.parametrize("survived", [0, 1, 2, 5, 9, 14])
def test_goes_on_after_it_was_killed(source: Path, postgres_url: str, opened: Callable[[], Any], survived: int) -> None:
    """Nothing is there twice, and nothing is read again that was copied. Meanwhile no proxy starts on the database, and
    nothing reads its log, which would show a part of it as the whole."""
    steps, copied, seen = itertools.count(), dict[str, int](), dict[str, int]()

    def killed(step: str, done: int, total: int) -> None:
        copied[step] = done
        if next(steps) == survived:
            raise Killed

    with pytest.raises(Killed):
        migrate(source, postgres_url, killed)
    with pytest.raises(StoreError, match="run `penstock migrate` again"), opened():
        pass
    with pytest.raises(StoreError, match="run `penstock migrate` again"):
        PostgresStore(postgres_url, source.with_name("reader.db"), readonly=True)
    migrate(source, postgres_url, lambda step, done, total: seen.update({step: seen.get(step, done)}))
    assert {step: seen[step] for step in copied} == copied
    with closing(SqlStore(source)) as old, opened() as new:
        assert [e.seq for e in new.events_after()] == [e.seq for e in old.events_after()]
    assert migrate(source, postgres_url, quiet) == []


def test_what_changed_between_two_runs_is_copied_again(source: Path, postgres_url: str) -> None:
    """A proxy wrote the store after the first run was interrupted: the second copies it as it is then."""

    def killed(step: str, done: int, total: int) -> None:
        if step == "comparing events":
            raise Killed

    with pytest.raises(Killed):
        migrate(source, postgres_url, killed)
    with closing(SqlStore(source)) as store:
        store.set_values("budget", {"key 1": {"spent": 12}, "key 2": None})
        store.add_events([event(100)])
    migrate(source, postgres_url, quiet)
    with closing(SqlStore(source)) as old, closing(PostgresStore(postgres_url, file_for(postgres_url))) as new:
        assert new.values_of("budget") == old.values_of("budget")
        assert [e.seq for e in new.events_after()] == [e.seq for e in old.events_after()]


def test_a_row_that_came_before_those_that_were_copied(source: Path, postgres_url: str) -> None:
    """Rows are copied in the order of their key: after one that came meanwhile, the second run would copy again what is
    there. It copies the table as it is then."""

    def killed(step: str, done: int, total: int) -> None:
        if step == "comparing events":
            raise Killed

    with pytest.raises(Killed):
        migrate(source, postgres_url, killed)
    with closing(SqlStore(source)) as store:
        store.set_values("a kind before the others", {"key": {"spent": 12}})
    migrate(source, postgres_url, quiet)
    with closing(SqlStore(source)) as old, closing(PostgresStore(postgres_url, file_for(postgres_url))) as new:
        for kind in ("budget", "a kind before the others"):
            assert new.values_of(kind) == old.values_of(kind) != {}


def put(file: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(statement, values)


def test_numbers_that_json_does_not_have(source: Path, postgres_url: str, opened: Callable[[], Any]) -> None:
    """SQLite took them and PostgreSQL does not: they become null. Texts like them, and other numbers, stay."""
    text = r'{"a": NaN, "b": [Infinity, -Infinity, 1.50, 1e400], "NaN": "say \"NaN\" or -Infinity\\"}'
    put(source, "UPDATE facts SET value = ? WHERE key = 'key 1'", text)
    put(source, "UPDATE events SET payload = ? WHERE seq = 20", text)
    moved = {one.name: one.content for one in migrate(source, postgres_url, quiet)}
    assert (moved["facts"].nulled, moved["events"].nulled, moved["edits"].nulled) == (3, 3, 0)
    expected = {"a": None, "b": [None, None, 1.5, math.inf], "NaN": 'say "NaN" or -Infinity\\'}
    with opened() as new:
        assert new.values_of("budget")["key 1"] == expected
        assert new.values_of("budget")["key 2"] == {"spent": 2 / 7}
        with new._read() as db:
            stored = sa.text("SELECT value::text FROM facts WHERE key = 'key 1'")
            assert "1.50, 1e400" in db.execute(stored).scalar_one()


@given(st.recursive(st.floats() | st.text() | st.none(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)))
def test_all_json_of_python_becomes_json(value: Any) -> None:
    """What Python writes is what it reads, with null for the numbers that JSON does not have."""
    written = json.dumps(value)
    assert json.loads(rows.as_json(written)[0], parse_constant=pytest.fail) == json.loads(
        written, parse_constant=lambda _: None
    )


@pytest.mark.parametrize(
    ("key", "what"), [("k" * 401, "has 401 characters, and PostgreSQL takes 400"), ("a\0b", "has a NUL")]
)
def test_names_a_row_that_cannot_be_there(source: Path, postgres_url: str, key: str, what: str) -> None:
    """The next step is said, and the next run goes on."""
    put(source, "INSERT INTO facts (kind, key, value) VALUES ('budget', ?, '{}')", key)
    with pytest.raises(MigrationError) as said:
        migrate(source, postgres_url, quiet)
    row = f"facts: key of the row with kind = 'budget', key = {key[:60]!r}"
    assert row in str(said.value)
    assert what in str(said.value)
    assert "change or delete that row in the SQLite file" in str(said.value)
    put(source, "DELETE FROM facts WHERE key = ?", key)
    assert migrate(source, postgres_url, quiet)


def test_a_difference_is_found(source: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that arrives as another is named, and no proxy starts on the database."""
    monkeypatch.setattr("penstock.migration.target.insertion", _spoiled)
    with pytest.raises(MigrationError, match="events differ from the source after copying"):
        migrate(source, postgres_url, quiet)
    with pytest.raises(StoreError, match="run `penstock migrate` again"):
        PostgresStore(postgres_url, file_for(postgres_url))


def _spoiled(table: sa.Table, names: list[str], constants: Any) -> sa.Insert:
    new = rows.insertion(table, names, constants)
    return new.values(at=sa.bindparam("at") + 1) if table.name == "events" else new


def test_refuses_a_database_with_other_data(source: Path, postgres_url: str, opened: Callable[[], Any]) -> None:
    """Nothing there is changed. One that a proxy has opened and not used is empty."""
    with opened() as store:
        store.set_values("budget", {"mine": {"spent": 1}})
    with pytest.raises(MigrationError, match=r"has data already \(1 rows in facts\): name an empty database"):
        migrate(source, postgres_url, quiet)
    with opened() as store:
        assert store.values_of("budget") == {"mine": {"spent": 1}}
        store.set_values("budget", {"mine": None})
    assert migrate(source, postgres_url, quiet)


def test_refuses_a_second_installation(source: Path, postgres_url: str, tmp_path: Path) -> None:
    """Its rows would go into the same tables."""
    migrate(source, postgres_url, quiet)
    other = tmp_path / "other" / "penstock.db"
    installation_key(other.parent)
    SqlStore(other).close()
    with pytest.raises(MigrationError, match="moved from another installation"):
        migrate(other, postgres_url, quiet)


def test_refuses_a_store_in_use(source: Path, postgres_url: str) -> None:
    """A proxy would go on writing what was read."""
    with (
        closing(SqlStore(source)),
        pytest.raises(MigrationError, match=r"is written by a proxy that is up .*`penstock down`"),
    ):
        migrate(source, postgres_url, quiet)
    engine = engine_of(postgres_url)
    assert not sa.inspect(engine).has_table(migrated_tables.name)
    engine.dispose()


def test_an_incomplete_store_stays_one(source: Path, postgres_url: str) -> None:
    """What was sent last may be missing in it: a proxy on the database must know that too."""
    (source.parent / "penstock.db.complete").unlink()
    migrate(source, postgres_url, quiet)
    assert not is_complete(file_for(postgres_url))


def test_a_database_that_is_missing_is_to_be_made_first(source: Path, postgres_url: str) -> None:
    """The same command alone would say the same again."""
    with pytest.raises(
        MigrationError, match=r"`createdb missing` .*, or correct its URL\. The same command then goes on"
    ):
        migrate(source, postgres_url.rpartition("/")[0] + "/missing", quiet)


def test_names_what_is_no_store(tmp_path: Path, penstock_home: Path) -> None:
    """A folder is taken for its store."""
    for folder in (tmp_path / "home" / "state", tmp_path / "state"):
        SqlStore(folder / "penstock.db").close()
    assert source_store(tmp_path / "home") == tmp_path / "home" / "state" / "penstock.db"
    assert source_store(tmp_path / "state") == tmp_path / "state" / "penstock.db"
    (tmp_path / "no").mkdir()
    with pytest.raises(MigrationError, match=r"no/penstock.db does not exist: name the store"):
        source_store(tmp_path / "no")
    with pytest.raises(MigrationError, match="only a SQLite store is moved"):
        source_store(file_for("postgresql://db/penstock"))
    with pytest.raises(MigrationError, match="begins with mysql://"):
        migrate(tmp_path / "state" / "penstock.db", "mysql://db/penstock", quiet)


@pytest.mark.parametrize("scheme", ["postgresql+psycopg", "Postgresql", "mysql"])
def test_shows_no_password_of_another_url(tmp_path: Path, scheme: str) -> None:
    """A URL that is refused is named by its scheme."""
    with pytest.raises(MigrationError, match=r"begins with .*: --to postgresql://USER@HOST/DATABASE") as said:
        migrate(tmp_path / "penstock.db", f"{scheme}://me:SECRET@db/penstock", quiet)
    assert scheme in str(said.value)
    assert "SECRET" not in str(said.value)


def test_shows_no_password_without_a_scheme(tmp_path: Path) -> None:
    """Nothing of the text is shown then."""
    with pytest.raises(MigrationError, match="is no URL of a database") as said:
        migrate(tmp_path / "penstock.db", "me:SECRET@db/penstock", quiet)
    assert "SECRET" not in str(said.value)


def test_moves_the_gateway(source: Path, postgres_url: str) -> None:
    """Its workspaces, keys and sealed credentials; the master key is put beside the file that names the database."""
    with closing(GatewayStore(source.parent / "gateway.db")) as old:
        old.masters.make()
        with old.writing() as db:
            db.execute(workspaces.insert().values(name="team", settings={"a": 1.0}, created_at=NOW))
            old.note(db, "team", "me", "made", "team")
    migrate(source, postgres_url, quiet)
    with closing(GatewayStore.beside(file_for(postgres_url))) as new, new.reading() as db:
        assert set(db.scalars(sa.select(workspaces.c.name))) == {"default", "team"}
        assert db.execute(sa.select(audit.c.by, audit.c.did)).one() == ("me", "made")
        assert new.masters.known() == old.masters.known() != []


@pytest.mark.parametrize("at", ["copying events", "comparing facts", "copying workspaces", "comparing audit"])
def test_nothing_opens_until_each_part_is_there(source: Path, postgres_url: str, at: str) -> None:
    """Killed while it copies the store or the gateway, or between them: what a proxy or a service would write into
    tables that are still to be filled could not be joined with what is in the source."""
    with closing(GatewayStore(source.parent / "gateway.db")) as old, old.writing() as db:
        db.execute(workspaces.insert().values(name="team", settings={}, created_at=NOW))
    Memory(source.parent / "memory", Trigrams()).close()

    def killed(step: str, done: int, total: int) -> None:
        if step == at and done == total:
            raise Killed

    with pytest.raises(Killed):
        migrate(source, postgres_url, killed)
    file = file_for(postgres_url)
    with pytest.raises(StoreError, match="run `penstock migrate` again"):
        PostgresStore(postgres_url, file)
    with pytest.raises(StoreError, match="run `penstock migrate` again"):
        GatewayStore.beside(file)
    with pytest.raises(MemoryDown, match="run `penstock migrate` again"):
        Memory(file.parent / "memory", Trigrams(), url=postgres_url)
    migrate(source, postgres_url, quiet)
    PostgresStore(postgres_url, file).close()
    with closing(GatewayStore.beside(file)) as new, new.reading() as db:
        assert set(db.scalars(sa.select(workspaces.c.name))) == {"default", "team"}


def test_killed_as_the_store_is_whole(source: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway is still to come: nothing opens, and the next run moves it."""
    with closing(GatewayStore(source.parent / "gateway.db")) as old, old.writing() as db:
        db.execute(workspaces.insert().values(name="team", settings={}, created_at=NOW))
    finish = Target.finish

    def killed(target: Target, *args: Any) -> None:
        finish(target, *args)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Target, "finish", killed)
        with pytest.raises(Killed):
            migrate(source, postgres_url, quiet)
    for opens in (PostgresStore, lambda url, file: GatewayStore(file, url=url)):
        with pytest.raises(StoreError, match="run `penstock migrate` again"):
            opens(postgres_url, file_for(postgres_url))
    assert "workspaces" in {one.name for one in migrate(source, postgres_url, quiet)}
    with closing(GatewayStore.beside(file_for(postgres_url))) as new, new.reading() as db:
        assert set(db.scalars(sa.select(workspaces.c.name))) == {"default", "team"}


def test_moves_the_memory(source: Path, postgres_url: str) -> None:
    """Items with their numbers, marks, feedback and what was forgotten; words are indexed when it is opened."""
    with closing(Memory(source.parent / "memory", Trigrams())) as old:
        old.add([Item("p", f"The kiln was opened {n} times.\0", session="s", seq=n, tags=("kiln",)) for n in range(9)])
        one, other, *_ = old.newest("p")
        old.forget("p", [one.id])
        old.mark("p", [other.id], helpful=True)
        old.hear(other, Voice(FeedbackKind.HELPFUL, "me", NOW))
        items = old.newest("p")
    migrate(source, postgres_url, quiet)
    with closing(Memory(file_for(postgres_url).parent / "memory", Trigrams(), url=postgres_url)) as new:
        assert [(i.id, i.tags, i.helpful) for i in new.newest("p")] == [(i.id, i.tags, i.helpful) for i in items]
        assert new.feedback.of(other.id) == [Voice(FeedbackKind.HELPFUL, "me", NOW)]
        new.sync()
        assert {hit.item.id for hit in new.search("kiln", "p").hits} == {item.id for item in items}
        [added] = new.add([Item("p", "The clay is wet.")])
        assert added.ids == (10,)


@pytest.fixture
def with_contexts(source: Path) -> Path:
    """A store whose service has contexts, some of them sealed, deleted and expired."""
    with closing(Contexts(source.parent / "contexts.db")) as old:
        old.masters.make()
        with old.write("default", "test") as writer:
            for n in range(6):
                writer.put(f"kiln/{n}", NewContext({"degrees": 1000 + n}, tags=("oven",)))
            writer.put("kiln/0", NewContext({"degrees": 1}, session="s"))
            writer.put("pin", NewContext({"pin": 4711}, tags=("drawer",), seal=True))
            writer.delete("kiln/5")
        with old.write("web", "test") as writer:
            writer.put("kiln/0", NewContext(["degrees"] * 400))
    return source


def test_moves_contexts(with_contexts: Path, postgres_url: str) -> None:
    """With their versions and history; sealed ones are opened by the key that was moved, and words find the same."""

    def seen(contexts: Contexts) -> object:
        return (
            [contexts.get("default", key).data for key in ("kiln/0", "kiln/1", "pin")],
            contexts.versions("default", "kiln/0"),
            contexts.changes_after("default", 0),
            [(hit.head, hit.excerpt) for hit in contexts.search("default", "degrees oven")],
            [hit.head.key for hit in contexts.search("web", "degrees")],
            contexts.search("default", "4711"),
            [hit.head.key for hit in contexts.search("default", "drawer")],
        )

    with closing(Contexts(with_contexts.parent / "contexts.db")) as old:
        expected = seen(old)
        used = old.usage("default", "key", "2020-01-01", "2099-01-01")
    migrate(with_contexts, postgres_url, quiet)
    with closing(Contexts.beside(file_for(postgres_url))) as new:
        assert new.usage("default", "key", "2020-01-01", "2099-01-01") == used != []
        assert seen(new) == expected
        with new.write("default", "test") as writer:
            assert writer.undelete("kiln/5").version == 1
            assert writer.put("new", NewContext(1))[0].version == 1
        assert "kiln/5" in [hit.head.key for hit in new.search("default", "degrees")]
        with new.snapshot() as db:
            assert db.execute(sa.select(sa.func.max(contexts_table.c.id))).scalar() == 9


def test_moves_jobs(source: Path, postgres_url: str) -> None:
    """One that was running is run again when its holder has been silent."""
    clock = ManualClock()
    with closing(Jobs(source.parent / "jobs.db", clock)) as old:
        done, waiting, running = (old.add(f"q{n}", "k", {"n": n})[0] for n in range(3))
        assert old.finish(taken(old, "q0"), {"n": [1, None]})
        held = taken(old, "q2")
        pages = old.page().items
    migrate(source, postgres_url, quiet)
    clock.advance(DEAD_S + 1)
    with closing(Jobs(file_for(postgres_url), clock, postgres_url)) as new:
        assert new.page().items == pages
        assert new.get(done.id).result == {"n": [1, None]}
        assert taken(new, "q1").id == waiting.id
        again = taken(new, "q2")
        assert (again.id, again.tries) == (running.id, 2)
        assert again.fence > held.fence
        assert new.add("q", "k", {})[0].id == 4


def taken(jobs: Jobs, queue: str) -> Job:
    job = jobs.take(queue, "me")
    assert job is not None
    return job


def test_refuses_contexts_that_are_written(
    with_contexts: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service is up, in the middle of a change. One that writes later has to wait: nothing is lost unnoticed."""
    monkeypatch.setattr("penstock.base.shared_sqlite.BUSY_MS", 50)
    file = with_contexts.parent / "contexts.db"
    with closing(Contexts(file)) as service:
        with service.write("default", "test"), pytest.raises(StoreError, match="cannot be written"):
            migrate(with_contexts, postgres_url, quiet)

        def write(step: str, done: int, total: int) -> None:
            if step == "comparing contexts":
                with pytest.raises(StoreError, match="cannot be written"), service.write("default", "test") as writer:
                    writer.put("late", NewContext(1))

        assert "contexts" in {one.name for one in migrate(with_contexts, postgres_url, write)}


def test_refuses_to_replace_a_master_key(source: Path, postgres_url: str) -> None:
    """What is sealed with it could not be read any more."""
    for folder in (source.parent, file_for(postgres_url).parent):
        MasterKeys(folder).make()
    with pytest.raises(MigrationError, match="has other keys than"):
        migrate(source, postgres_url, quiet)


class Counting(Stage):
    """Adds a note that is never the same."""

    name = "counting"

    def on_request(self, draft: Draft) -> str | None:
        draft.note(f"note {random.random()}", reason="counted")
        return None


def test_a_conversation_goes_on(tmp_path: Path, postgres_url: str) -> None:
    """What was sent before the move is sent the same afterwards, to the byte."""
    path = tmp_path / "here" / "penstock.db"
    said, left = [user("one")], b""
    with closing(SqlStore(path)) as store, Session(Counting(), store=store) as session:
        for text in ("two", "three"):
            left = session.send(conversation(*said))
            session.reply("Fine.")
            session.log.drain()
            said += [assistant("Fine."), user(text)]
    migrate(path, postgres_url, quiet)
    with (
        closing(PostgresStore(postgres_url, file_for(postgres_url))) as store,
        Session(Counting(), store=store) as session,
    ):
        again = session.send(conversation(*said))
    assert left.count(b"note ") == 2
    check_prefix(left, again)
