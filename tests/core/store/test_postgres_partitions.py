"""The event table in PostgreSQL has a partition for each day, which is dropped when it is past its time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.base.postgres_connection import engine_of
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind
from penstock.store import postgres_partitions
from penstock.store.complete import is_complete, mark_complete
from penstock.store.postgres import PostgresStore
from penstock.store.reading import is_gap
from tests.road.proxy import wait_until

DAY = 86_400.0
EARLIER = """
DROP TABLE events;
CREATE TABLE events (
    seq bigserial NOT NULL, at double precision NOT NULL, exchange varchar(40) NOT NULL, kind varchar(24) NOT NULL,
    payload json NOT NULL, xid xid8 DEFAULT pg_current_xact_id() NOT NULL, PRIMARY KEY (seq));
CREATE INDEX events_exchange ON events (exchange);
CREATE INDEX events_at ON events (at);
CREATE INDEX events_place ON events (xid, seq);
INSERT INTO events (at, exchange, kind, payload)
    SELECT 1000 + n, 'x' || n, 'received', '{}' FROM generate_series(1, 9) n;
"""
"""The table of an earlier version, with some events."""


@pytest.fixture
def store(postgres_url: str, tmp_path: Path) -> Iterator[PostgresStore]:
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db")) as opened:
        yield opened


@pytest.fixture
def db(postgres_url: str) -> Iterator[sa.Connection]:
    """A connection beside the store's."""
    engine = engine_of(postgres_url)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def run(db: sa.Connection, statement: str) -> None:
    db.exec_driver_sql(statement)
    db.commit()


def today(db: sa.Connection) -> int:
    found = postgres_partitions.today(db)
    db.commit()
    return found


def add(store: PostgresStore, db: sa.Connection, age: int, *names: str) -> None:
    """Events that came so many days ago."""
    day = today(db) - age
    with store._write() as inside:
        if not inside.scalar(sa.select(sa.func.to_regclass(postgres_partitions._name(day)))):
            postgres_partitions._make(inside, day)
    store.add_events([Event(0, day * DAY + 3600, name, EventKind.RECEIVED, {}) for name in names])
    run(db, f"UPDATE events SET day = {day} WHERE exchange IN ({', '.join(repr(name) for name in names)})")


def names(store: PostgresStore, cursor: Cursor = START) -> list[str]:
    return [event.exchange for event in store.events_after(cursor)]


def partitions(db: sa.Connection) -> dict[str, str]:
    """By event the partition that has it."""
    rows = db.execute(sa.text("SELECT exchange, tableoid::regclass::text AS name FROM events")).all()
    db.commit()
    return {row.exchange: row.name for row in rows}


def tables(db: sa.Connection) -> int:
    """How many partitions there are."""
    count = int(db.scalar(sa.text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass")) or 0)
    db.commit()
    return count


def test_an_event_is_in_the_partition_of_the_servers_day(store: PostgresStore, db: sa.Connection) -> None:
    """Whatever the proxy's clock says."""
    store.add_events([Event(0, at, f"{at}", EventKind.RECEIVED, {}) for at in (1.0, 9e9)])
    assert set(partitions(db).values()) == {postgres_partitions._name(today(db))}


def test_days_are_dropped_whole(store: PostgresStore, db: sa.Connection) -> None:
    """Those that have ended before the time; of the day in which it lies nothing is deleted yet. Readers that were
    there learn of the gap."""
    add(store, db, 40, "a", "b")
    add(store, db, 31, "c")
    add(store, db, 30, "d")
    add(store, db, 3, "e")
    cursor = store.events_after()[0].cursor
    before = tables(db)
    store.prune(before=(today(db) - 30) * DAY + 7200, keep_events=1000)
    assert (names(store), tables(db)) == (["d", "e"], before - 2)
    assert names(store, cursor) == ["d", "e"]
    assert is_gap(store, cursor)
    assert not is_gap(store, store.events_after()[0].cursor)


def test_days_beyond_the_number_of_events_are_dropped_whole(store: PostgresStore, db: sa.Connection) -> None:
    """A day that has some of the newest events stays."""
    add(store, db, 5, "a", "b")
    add(store, db, 4, "c", "d")
    add(store, db, 3, "e", "f")
    store.prune(before=0, keep_events=3)
    assert names(store) == ["c", "d", "e", "f"]
    store.prune(before=0, keep_events=2)
    assert names(store) == ["e", "f"]


def test_no_day_is_dropped_where_events_may_still_come(store: PostgresStore, db: sa.Connection) -> None:
    """A transaction of yesterday may commit today. There events are deleted row by row."""
    add(store, db, 0, "a")
    add(store, db, 1, "b")
    before = tables(db)
    store.prune(before=(today(db) + 2) * DAY, keep_events=1000)
    assert (names(store), tables(db)) == ([], before)
    add(store, db, 0, "c")
    assert names(store) == ["c"]


def test_an_event_whose_day_has_no_partition_is_kept_and_pruned(store: PostgresStore, db: sa.Connection) -> None:
    """No proxy was up for days, and one that writes could make none."""
    run(db, f"DROP TABLE {postgres_partitions._name(today(db))}")
    store.add_events([Event(0, 1000.0 + n, f"{n}", EventKind.RECEIVED, {}) for n in range(4)])
    assert set(partitions(db).values()) == {"events_rest"}
    store.prune(before=0, keep_events=3)
    assert names(store) == ["1", "2", "3"]
    store.prune(before=1002, keep_events=3)
    assert names(store) == ["2", "3"]
    run(db, f"UPDATE events SET day = {today(db) - 9}")
    store.prune(before=1003, keep_events=3)
    assert set(partitions(db).items()) == {("3", "events_rest")}
    store.add_events([Event(0, 2000.0, "new", EventKind.RECEIVED, {})])
    assert partitions(db)["new"] == postgres_partitions._name(today(db))


def test_a_reader_that_stays_long_holds_up_nobody(
    store: PostgresStore, db: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it holds is dropped the next time, with the older days first."""
    monkeypatch.setattr(postgres_partitions, "_LOCK_TIMEOUT", "SET LOCAL lock_timeout = 50")
    add(store, db, 41, "a")
    add(store, db, 40, "b")
    run(db, f"DROP TABLE {postgres_partitions._name(today(db) + 1)}")
    mark_complete(store.path)
    before = tables(db)
    db.execute(sa.text("SELECT count(*) FROM events"))  # and the transaction goes on
    store.prune(before=(today_of(store) - 30) * DAY, keep_events=1000)
    assert names(store) == ["a", "b"]
    assert is_complete(store.path)
    assert not store._server.outage.why
    db.commit()
    store.prune(before=(today(db) - 30) * DAY, keep_events=1000)
    assert (names(store), tables(db)) == ([], before - 2 + 1)


def today_of(store: PostgresStore) -> int:
    with store._read() as db:
        return postgres_partitions.today(db)


def test_the_table_of_an_earlier_version_becomes_the_first_partition(
    store: PostgresStore, postgres_url: str, db: sa.Connection, tmp_path: Path
) -> None:
    """With the same cursors, and numbers that go on. Its events are pruned as before."""
    store.close()
    run(db, EARLIER)
    old = db.execute(sa.text("SELECT xid::text::bigint, seq FROM events ORDER BY seq")).all()
    db.commit()
    for _ in range(2):  # the second finds it done
        with closing(PostgresStore(postgres_url, tmp_path / "penstock.db")) as opened:
            assert [one.cursor for one in opened.events_after()][:9] == [Cursor(*row) for row in old]
            assert names(opened, Cursor(*old[6]))[:2] == ["x8", "x9"]
            opened.add_events([Event(0, 2000.0, "new", EventKind.RECEIVED, {})])
            assert opened.events_upto(opened.end(), 1)[0].seq >= 10
    assert set(partitions(db).values()) == {"events_before", postgres_partitions._name(today(db))}
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db")) as opened:
        assert opened.prune(before=1006.0, keep_events=1000) == 5
        assert names(opened) == ["x6", "x7", "x8", "x9", "new", "new"]
        assert opened.prune(before=0, keep_events=3) == 3


def test_a_proxy_of_an_earlier_version_goes_on_beside_newer_ones(store: PostgresStore, db: sa.Connection) -> None:
    """It names the columns that it knows, and deletes row by row."""
    run(db, "INSERT INTO events (at, exchange, kind, payload) VALUES (1, 'old', 'received', '{}')")
    assert names(store) == ["old"]
    run(db, "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE at < 2 LIMIT 2000)")
    assert names(store) == []


def test_an_event_that_comes_while_its_partition_is_made_stops_nothing(store: PostgresStore, db: sa.Connection) -> None:
    """After days without a proxy: it is in no partition of its own, and its day gets none."""
    run(db, f"DROP TABLE {postgres_partitions._name(today(db))}")
    mark_complete(store.path)
    db.exec_driver_sql("INSERT INTO events (at, exchange, kind, payload) VALUES (9e9, 'new', 'received', '{}')")
    with ThreadPoolExecutor() as pool:
        pruned = pool.submit(store.prune, before=0, keep_events=1000)
        wait_until(lambda: is_waiting(store), "the partition waits for who writes")
        db.commit()
        assert pruned.result(60) == 0
    assert is_complete(store.path)
    assert partitions(db) == {"new": "events_rest"}


def is_waiting(store: PostgresStore) -> bool:
    """Whether a lock of this database is waited for."""
    mine = "SELECT oid FROM pg_database WHERE datname = current_database()"
    with store._read() as db:
        return bool(db.scalar(sa.text(f"SELECT count(*) FROM pg_locks WHERE NOT granted AND database = ({mine})")))


def test_a_day_that_another_proxy_has_dropped_meanwhile_is_none_to_drop(
    store: PostgresStore, db: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All proxies delete what is past, each once an hour."""
    add(store, db, 41, "a")
    add(store, db, 40, "b")
    mark_complete(store.path)
    drop = postgres_partitions.drop

    def late(inside: sa.Connection, name: str) -> int | None:
        run(db, f"DROP TABLE {name}")
        return drop(inside, name)

    monkeypatch.setattr(postgres_partitions, "drop", late)
    assert store.prune(before=(today(db) - 30) * DAY, keep_events=1000) == 0
    assert names(store) == []
    assert is_complete(store.path)
