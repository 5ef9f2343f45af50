"""What only a store in PostgreSQL has: several writers at once, and a server that can be away."""

from __future__ import annotations

import logging
import secrets
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from penstock.base import outage, postgres_connection
from penstock.base.errors import StoreError
from penstock.base.increment import Increment
from penstock.base.postgres_connection import Limits, engine_of
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.events.log import EventLog
from penstock.store import originals_table, postgres, postgres_leases, unconfirmed
from penstock.store.lease import Lease
from penstock.store.originals import Original, digest_of
from penstock.store.postgres import VERSIONS, PostgresStore
from penstock.store.postgres_schema import RELAYS
from penstock.store.reading import is_gap
from penstock.store.sql_tables import insert_events
from tests.postgres import Server
from tests.road.proxy import wait_until

NOW = 1_700_000_000.0
TIP = PrefixHash(0, b"t" * 16, 3)
LANDED = Landed(1, Edit(Op.REPLACE, Place(b"k" * 16), "new", "s", "r", "old"))


def event(n: int) -> Event:
    return Event(0, NOW, "x", EventKind.RECEIVED, {"n": n})


def numbers(events: list[Event]) -> list[int]:
    return [e.payload["n"] for e in events]


@pytest.fixture
def store(postgres_url: str, tmp_path: Path) -> Iterator[PostgresStore]:
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db")) as opened:
        yield opened


def test_an_event_committed_late_is_not_missed(store: PostgresStore, postgres_url: str) -> None:
    """It has a lower number than one that was committed before it. A reader gets neither until both are there, and then
    both; a reader of numbers would have gone past it."""
    store.add_events([event(0)])
    cursor = store.end()
    slow = engine_of(postgres_url)
    with slow.begin() as db:
        insert_events(db, [event(1)])
        store.add_events([event(2)])
        assert store.events_after(cursor) == []
        assert (store.end(), store.count_after(cursor)) == (cursor, 0)
    slow.dispose()
    found = store.events_after(cursor)
    assert numbers(found) == [1, 2]
    assert store.events_upto(store.end()) == [*found[::-1], *store.events_upto(cursor)]
    assert store.events_after(found[0].cursor) == found[1:]


def test_readers_get_what_is_stored_once_it_is_settled(
    store: PostgresStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is when the transactions have ended that began before it. Those that begin meanwhile keep nobody waiting."""
    older, newer = engine_of(postgres_url), engine_of(postgres_url)
    with older.connect() as first, newer.begin() as second:
        insert_events(first, [event(1)])
        store.add_events([event(2)])
        insert_events(second, [event(3)])
        assert not store.settle(0.0)
        monkeypatch.setattr(time, "sleep", lambda _: first.commit())
        assert store.settle(60.0)
        assert numbers(store.events_after()) == [1, 2]
    older.dispose()
    newer.dispose()


def test_a_reader_beside_many_writers_misses_nothing(store: PostgresStore, postgres_url: str, tmp_path: Path) -> None:
    """Each event comes once, whatever the order in which the writers commit."""
    writers = [PostgresStore(postgres_url, tmp_path / f"{n}.db") for n in range(4)]
    done = threading.Event()

    def write(writer: PostgresStore, first: int) -> None:
        for n in range(first, first + 25):
            writer.add_events([event(n)])

    def write_all() -> None:
        threads = [threading.Thread(target=write, args=(one, n * 25)) for n, one in enumerate(writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()

    writing = threading.Thread(target=write_all)
    writing.start()
    seen: list[int] = []
    cursor = START
    while True:
        is_last = done.is_set()
        while page := store.events_after(cursor, 7):
            seen += numbers(page)
            cursor = page[-1].cursor
        if is_last:
            break
    writing.join()
    for one in writers:
        one.close()
    assert sorted(seen) == list(range(100))


def test_one_ledger_for_all(store: PostgresStore, postgres_url: str, tmp_path: Path) -> None:
    """What one proxy stored, another reads."""
    store.add_edits("talk", [LANDED], NOW)
    with closing(PostgresStore(postgres_url, tmp_path / "other.db")) as other:
        assert other.edits_of("talk") == [Landed(1, LANDED.edit.without_original())]
        assert [o.text for o in other.find_originals()] == ["old"]
        assert other.identity_key == store.identity_key


def test_each_database_has_an_identity_key_of_its_own(postgres_server: Server, tmp_path: Path) -> None:
    """Its proxies name conversations alike; those of another database do not."""
    keys = set()
    for name in ("one", "another"):
        postgres_server.execute(f"CREATE DATABASE key_of_{name}")
        with closing(PostgresStore(postgres_server.url(f"key_of_{name}"), tmp_path / f"{name}.db")) as opened:
            keys.add(opened.identity_key)
    assert len(keys) == 2
    assert {len(key) for key in keys if key} == {32}


def test_several_proxies_start_at_once(postgres_server: Server, tmp_path: Path) -> None:
    """On an empty database: one makes the tables, the others wait for it."""
    postgres_server.execute("CREATE DATABASE empty_at_first")
    url = postgres_server.url("empty_at_first")
    errors: list[StoreError] = []

    def start(n: int) -> None:
        try:
            PostgresStore(url, tmp_path / f"{n}.db").close()
        except StoreError as e:
            errors.append(e)

    threads = [threading.Thread(target=start, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_database_of_a_newer_version_is_left_alone(store: PostgresStore, postgres_url: str, tmp_path: Path) -> None:
    engine = engine_of(postgres_url)
    with engine.begin() as db:
        db.execute(sa.text(f"UPDATE {VERSIONS} SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError, match="newer version"):
        PostgresStore(postgres_url, tmp_path / "other.db")


def test_numbers_have_64_bits(store: PostgresStore, postgres_url: str) -> None:
    """32 are used up by a team in a year."""
    engine = engine_of(postgres_url)
    with engine.connect() as db:
        found = db.execute(
            sa.text("SELECT table_name, column_name FROM information_schema.columns WHERE data_type = 'integer'")
        ).all()
        ours = [tuple(row) for row in found if row[0] in ("events", "edits", "conversations", "originals", "facts")]
    engine.dispose()
    assert ours == []


def is_back(store: PostgresStore) -> None:
    """Waits until a probe has found the server."""
    wait_until(lambda: not store._server.outage.why, "the server is found again")


def test_a_server_that_is_away_is_an_error_and_comes_back(
    postgres_server: Server, store: PostgresStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No call tries it: they fail at once, until a thread of their own has found that it answers. Both are said
    once."""
    caplog.set_level(logging.WARNING)
    store.add_events([event(1)])
    monkeypatch.setattr(outage, "PROBE_EVERY_S", 0.01)
    postgres_server.stop()
    try:
        with pytest.raises(StoreError, match="cannot be read"):
            store.events_after()
        with monkeypatch.context() as patch:
            patch.setattr(store._server, "_probe", lambda: None)
            patch.setattr(store._server.engine, "begin", lambda: pytest.fail("it was tried"))
            for _ in range(3):
                with pytest.raises(StoreError, match="cannot be reached"):
                    store.take("talk")
    finally:
        postgres_server.start()
    is_back(store)
    store.add_events([event(2)])
    assert numbers(store.events_after()) == [1, 2]
    assert [one.message.rpartition(" ")[2] for one in caplog.records] == ["answers", "again"]


def test_a_frozen_server_is_given_up(
    postgres_server: Server, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It keeps its connections, accepts new ones, and answers nothing. What a request asks for ends all the same, and
    what the next ones ask for is not sent."""
    monkeypatch.setattr(outage, "PROBE_EVERY_S", 0.01)
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db", wait_ms=100)) as store:
        lease = store.take("talk")
        assert lease is not None
        with postgres_server.frozen():
            with pytest.raises(StoreError, match="no answer"):
                store.land(lease, [LANDED], TIP, NOW)
            for call in (store.take, store.read, store.edits_of, store.tip_of):
                with pytest.raises(StoreError, match="cannot be reached"):
                    call("talk")
        is_back(store)
        assert store.take("talk") is not None
        assert store.edits_of("talk") == []


def test_a_connection_to_a_frozen_server_is_given_up(
    postgres_server: Server, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver would wait two seconds at least."""
    monkeypatch.setattr(outage, "PROBE_EVERY_S", 0.01)
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db", wait_ms=100)) as store:
        store._server.engine.dispose()
        with postgres_server.frozen(), pytest.raises(StoreError, match="no connection within"):
            store.take("talk")
        is_back(store)
        assert store.take("talk") is not None


def test_what_the_log_stores_ends_at_a_frozen_server(
    postgres_server: Server, store: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events gather behind it; they are bounded only while it goes on."""
    monkeypatch.setattr(postgres, "SOON", Limits.of(100, 100, 0.1))
    monkeypatch.setattr(outage, "PROBE_EVERY_S", 0.01)
    with postgres_server.frozen(), pytest.raises(StoreError, match="no answer"):
        store.add_events([event(1)])
    is_back(store)
    store.add_events([event(2)])
    assert numbers(store.events_after())[-1] == 2


def test_the_password_is_in_no_error(tmp_path: Path) -> None:
    """Errors are logged and shown."""
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError) as caught:
        PostgresStore("postgresql://someone:hunter2@127.0.0.1:1/nothing", tmp_path / "penstock.db")
    assert "hunter2" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)


def test_a_password_in_the_query_is_in_no_error(tmp_path: Path) -> None:
    """The driver takes one there too."""
    pytest.importorskip("psycopg")
    with pytest.raises(StoreError) as caught:
        PostgresStore("postgresql:///db?host=127.0.0.1&port=1&user=u&password=hunter2", tmp_path / "penstock.db")
    assert "hunter2" not in str(caught.value)
    assert "postgresql://127.0.0.1:1/db" in str(caught.value)


def test_a_missing_driver_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'penstock\[postgres\]'"):
        PostgresStore("postgresql://127.0.0.1/nothing", tmp_path / "penstock.db")


def test_proxies_may_add_to_a_fact_at_once(store: PostgresStore, postgres_url: str, tmp_path: Path) -> None:
    """Nothing is lost, of facts that are there no more than of new ones."""

    def add(proxy: PostgresStore, name: str) -> None:
        for n in range(1, 11):
            value = {"used": {"requests": n}, "by": name}
            one = Increment(value, {"used": {"requests": 1.0}}, ("used",))
            proxy.set_values("spent", dict.fromkeys(["every", name, f"at {n}"], one))

    proxies = [PostgresStore(postgres_url, tmp_path / f"{n}.db") for n in range(3)]
    threads = [threading.Thread(target=add, args=(proxy, f"t{i}")) for i, proxy in enumerate(proxies)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for proxy in proxies:
        proxy.close()
    found = {key: value["used"]["requests"] for key, value in store.values_of("spent").items()}
    assert found == {"every": 30} | {f"t{i}": 10 for i in range(3)} | {f"at {n}": 3 for n in range(1, 11)}


def test_a_request_does_not_wait_for_a_lock(store: PostgresStore, postgres_url: str) -> None:
    """Of a proxy that stopped at a lease's row, or of someone at a table. The server is not away for that."""
    lease = store.take("talk")
    assert lease is not None
    other = engine_of(postgres_url)
    with other.begin() as db:
        db.execute(sa.text("UPDATE leases SET seen_at = seen_at"))
        assert store.take("talk") is None
        with pytest.raises(StoreError, match="lock timeout"):
            store.land(lease, [LANDED], TIP, NOW)
        assert store.take("another talk") is not None
        db.execute(sa.text("LOCK TABLE edits"))
        with pytest.raises(StoreError, match="lock timeout"):
            store.edits_of("talk")
    other.dispose()
    assert store.take("talk") is not None
    assert store.edits_of("talk") == []


def test_a_locked_lease_is_not_an_outage(postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little time there is for a second attempt: the other conversations go on."""
    monkeypatch.setattr(postgres, "_LOCK_MS", 800.0)
    other = engine_of(postgres_url)
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db", wait_ms=1000)) as store:
        assert store.take("talk") is not None
        with other.begin() as db:
            db.execute(sa.text("UPDATE leases SET seen_at = seen_at"))
            assert store.take("talk") is None
            assert store.take("another talk") is not None
        assert store.take("talk") is not None
    other.dispose()


def test_the_server_gives_up_before_the_client(postgres_url: str, tmp_path: Path) -> None:
    """First the wait for a lock, however short a call may be; a deadline that passes here is of a silent server."""
    asked = sa.text("SELECT current_setting('lock_timeout'), current_setting('statement_timeout')")
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db", wait_ms=1000)) as store:
        assert store._now.wait_s == 1.0
        with store._read_now() as db:
            assert tuple(db.execute(asked).one()) == ("200ms", "900ms")
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db", wait_ms=100)) as store:
        assert "lock_timeout = 80;" in store._now.sql
        assert "statement_timeout = 90;" in store._now.sql


@pytest.mark.parametrize("who", ["server", "client"])
def test_a_slow_answer_is_given_up(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str
) -> None:
    """By the server's own limit, and where it does not keep that, by the proxy: for a while nothing more is asked then,
    as if the server were away. One that says that it took too long is there."""
    monkeypatch.setattr(postgres_leases, "_READ", sa.text("SELECT pg_sleep(60), :id, :me"))
    monkeypatch.setattr(outage, "PROBE_EVERY_S", 60.0)
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db", wait_ms=100)) as store:
        other = {"wait_s": 60.0} if who == "server" else {"sql": postgres.PATIENT.sql}
        store._now = store._now._replace(**other)
        with pytest.raises(StoreError, match="statement timeout" if who == "server" else "no answer"):
            store.read("talk")
        assert bool(store._server.outage.why) == (who == "client")


def test_an_answer_that_trickles_in_is_given_up(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server may send for a long time."""
    # Its set is in the list of columns: in FROM the server would make all of it before it sends the first row.
    long = sa.text("SELECT repeat('x', 1000), CAST(:id AS text), CAST(:me AS text), generate_series(1, 400000)")
    monkeypatch.setattr(postgres_leases, "_READ", long)
    monkeypatch.setattr(outage, "PROBE_EVERY_S", 60.0)
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db", wait_ms=100)) as store:
        store._now = store._now._replace(sql=postgres.PATIENT.sql)
        with pytest.raises(StoreError, match="no answer"):
            store.read("talk")


def test_a_wait_for_a_connection_ends_at_the_deadline(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All are in use by others: that is no outage."""
    monkeypatch.setattr(postgres_connection, "_MORE", 0)
    monkeypatch.setattr(postgres_connection, "CONNECT_S", 3600)
    with closing(PostgresStore(postgres_url, tmp_path / "penstock.db", wait_ms=100)) as store, ExitStack() as others:
        for _ in range(8):
            others.enter_context(store._server.engine.connect())
        with pytest.raises(StoreError, match="limit of size 8 overflow 0 reached"):
            store.read("talk")
        assert not store._server.outage.why


def test_limits_end_with_the_transaction(store: PostgresStore) -> None:
    """Behind a pooler the connection is someone else's then."""
    asked = sa.text("SELECT current_setting('lock_timeout'), current_setting('idle_in_transaction_session_timeout')")
    with store._read_now() as db:
        assert tuple(db.execute(asked).one()) == ("200ms", "10s")
    with store._write() as db:
        assert tuple(db.execute(asked).one()) == ("1min", "10s")
    with store._server.engine.connect() as db:
        assert tuple(db.execute(asked).one()) == ("0", "0")


def test_a_whole_log_has_no_gap(store: PostgresStore) -> None:
    """Its first transaction has any number."""
    assert not is_gap(store, START)
    store.add_events([event(1), event(2)])
    assert not is_gap(store, START)
    assert not is_gap(store, store.events_after()[0].cursor)
    store.prune(before=0, keep_events=1)
    assert is_gap(store, Cursor(store.end().transaction, 0))


@contextmanager
def answer_of_commit_lost(store: PostgresStore) -> Iterator[None]:
    """The server commits, and the connection is lost before it says so."""

    def lose(db: sa.Connection) -> None:
        driver = db.connection.driver_connection
        driver.commit()
        driver.close()

    sa.event.listen(store._server.engine, "commit", lose)
    try:
        with pytest.raises(StoreError):
            yield
    finally:
        sa.event.remove(store._server.engine, "commit", lose)


def test_edits_that_landed_unnoticed_are_dropped(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing was sent with them. What lands next has their revision, once."""
    monkeypatch.setattr(store._server.outage, "begin", lambda why: None)
    lease = store.take("talk")
    assert lease is not None
    with answer_of_commit_lost(store):
        store.land(lease, [LANDED], TIP, NOW)
    assert len(store.edits_of("talk")) == 1
    again = store.take("talk")
    assert again is not None
    assert again.fence > lease.fence
    assert store.edits_of("talk") == []
    assert not store.land(lease, [LANDED], TIP, NOW)
    assert store.land(again, [LANDED], TIP, NOW)
    assert [one.revision for one in store.edits_of("talk")] == [1]
    assert store.take("talk") == again
    assert len(store.edits_of("talk")) == 1


def test_they_are_dropped_once_the_server_answers(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of conversations that do not go on: another proxy must not read them."""
    monkeypatch.setattr(outage, "PROBE_EVERY_S", 0.01)
    lease = store.take("talk")
    assert lease is not None
    with answer_of_commit_lost(store):
        store.land(lease, [LANDED], TIP, NOW)
    is_back(store)
    assert store.edits_of("talk") == []
    assert store._unconfirmed.all() == []


def test_what_may_have_landed_is_bounded(store: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond that no edits land, since they could not be dropped if the answer to their commit is lost. What is sent
    without edits is stored."""
    monkeypatch.setattr(store._server.outage, "begin", lambda why: None)
    monkeypatch.setattr(unconfirmed, "MOST", 1)
    one, other = store.take("one talk"), store.take("other talk")
    assert one is not None
    assert other is not None
    with answer_of_commit_lost(store):
        store.land(one, [LANDED], TIP, NOW)
    with pytest.raises(StoreError, match="too many edits"):
        store.land(other, [LANDED], TIP, NOW)
    assert store.land(other, [], TIP, NOW)
    assert store.take("one talk") is not None
    assert store.land(other, [LANDED], TIP, NOW)


def test_what_the_server_refused_has_not_landed(store: PostgresStore) -> None:
    """It said so: nothing needs to be dropped."""
    lease = store.take("talk")
    assert lease is not None
    with pytest.raises(StoreError):
        store.land(lease, [Landed(1, Edit(Op.REPLACE, Place(b"k" * 16), "new", "\0", "r", "old"))], TIP, NOW)
    assert store._unconfirmed.all() == []


def test_edits_that_another_proxy_may_have_sent_stay(
    store: PostgresStore, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has had the conversation since they landed."""
    monkeypatch.setattr(store._server.outage, "begin", lambda why: None)
    lease = store.take("talk")
    assert lease is not None
    with answer_of_commit_lost(store):
        store.land(lease, [LANDED], TIP, NOW)
    with closing(PostgresStore(postgres_url, tmp_path / "other.db")) as other:
        its = other.take("talk")
        assert its is not None
        assert other.land(its, [], TIP, NOW)
    again = store.take("talk")
    assert again not in (None, lease)
    assert [one.revision for one in store.edits_of("talk")] == [1]


def test_a_batch_is_added_once(store: PostgresStore, postgres_url: str, tmp_path: Path) -> None:
    """Its first commit got no answer, and so it is stored again. Of another proxy the same id is another batch."""
    one = {"day": Increment({}, {"used": {"dollars": 1.0}}, ("used",))}
    store._server.outage.begin = lambda why: None  # type: ignore[method-assign]
    store.set_values("spent", one, batch="a")
    with answer_of_commit_lost(store):
        store.set_values("spent", one, batch="b")
    store.set_values("spent", one, batch="b")
    assert store.values_of("spent") == {"day": {"used": {"dollars": 2.0}}}
    store.set_values("spent", one, batch="c")
    with closing(PostgresStore(postgres_url, tmp_path / "other.db")) as other:
        other.set_values("spent", one, batch="c")
    assert store.values_of("spent") == {"day": {"used": {"dollars": 4.0}}}
    store.prune(before=time.time() + 60, keep_events=10)
    assert store.values_of("batches") == {}


def test_the_log_adds_once_what_was_stored_unnoticed(store: PostgresStore) -> None:
    """What is added meanwhile is not mixed with it."""
    store._server.outage.begin = lambda why: None  # type: ignore[method-assign]
    confirmed: list[object] = []
    one = Increment({}, {"used": {"dollars": 1.0}}, ("used",), on_written=confirmed.append)
    lost = threading.Event()

    def lose(db: sa.Connection) -> None:
        log.set_value("spent", "day", one)
        driver = db.connection.driver_connection
        driver.commit()
        driver.close()
        lost.set()

    log = EventLog(store, retry_every=0.01)
    try:
        sa.event.listen(store._server.engine, "commit", lose, once=True)
        log.set_value("spent", "day", one)
        assert lost.wait(60)
        assert log.drain(60)
    finally:
        log.close()
    assert store.values_of("spent") == {"day": {"used": {"dollars": 2.0}}}
    assert len(confirmed) == 2


def land_and_drop(store: PostgresStore, lease: Lease, one: Landed) -> None:
    """Again and again, so that its rows fill the disk."""
    for _ in range(4):
        assert store.land(lease, [one], TIP, NOW)
        store.drop_edits(lease.conversation, one.revision)


def test_a_full_disk_costs_edits_only(postgres_server: Server, store: PostgresStore, postgres_url: str) -> None:
    """The server says so: it is not away, and what is in the ledger is read. When there is space again, edits land."""
    lease = store.take("talk")
    assert lease is not None
    assert store.land(lease, [LANDED], TIP, NOW)
    text = "".join(secrets.token_hex(1000) for _ in range(600))
    long = Landed(2, Edit(Op.REPLACE, Place(b"k" * 16), text, "s", "r", ""))
    with postgres_server.small_disk("small"):
        postgres_server.execute("ALTER TABLE edits SET TABLESPACE small", postgres_url)
        again = store.take("talk")
        assert again == lease
        with pytest.raises(StoreError, match="No space left on device"):
            land_and_drop(store, lease, long)
        assert store.read("talk") == lease
        assert [one.revision for one in store.edits_of("talk")] == [1]
        postgres_server.execute("ALTER TABLE edits SET TABLESPACE pg_default", postgres_url)
    assert store.take("talk") == lease
    assert store.land(lease, [long], TIP, NOW)
    assert [one.revision for one in store.edits_of("talk")] == [1, 2]


def test_a_dump_of_another_server_is_read_whole(postgres_server: Server, tmp_path: Path) -> None:
    """The numbers of its transactions are beyond those of this server. Its events come before all new ones."""
    postgres_server.execute("CREATE DATABASE restored")
    url = postgres_server.url("restored")
    with closing(PostgresStore(url, tmp_path / "penstock.db")) as first:
        first.add_events([event(1), event(2)])
        first.set_values(RELAYS, {"nats": {"broker": "nats://kiln", "cursor": "9000000000.2"}})
    engine = engine_of(url)
    with engine.begin() as db:
        db.execute(sa.text("UPDATE events SET xid = '9000000000'"))
        db.execute(sa.text("""UPDATE facts SET value = '{"server": "7"}' WHERE key = 'server'"""))
    engine.dispose()
    for n in (3, 4):
        with closing(PostgresStore(url, tmp_path / "penstock.db")) as opened:
            opened.add_events([event(n)])
            assert numbers(opened.events_after()) == list(range(1, n + 1))
            assert opened.events_after()[-1].transaction > 0
            assert is_gap(opened, Cursor(9_000_000_000, 2))
            assert opened.values_of(RELAYS) == {"nats": {"broker": "nats://kiln", "cursor": str(START)}}


def test_two_writers_of_the_same_originals_wait_for_each_other_in_turn(store: PostgresStore) -> None:
    """In opposite orders, PostgreSQL would end one of them as deadlocked."""

    def keep(taken: list[Original]) -> None:
        both.wait(60)
        with store._server.engine.begin() as db:
            originals_table.keep(db, taken)

    with ThreadPoolExecutor(2) as threads:
        for turn in range(4):
            both = threading.Barrier(2)
            texts = [f"{turn} kiln {n}" for n in range(150)]
            taken = [Original(digest_of(text), text, "talk", "trim", "replace", "", NOW) for text in texts]
            for one in [threads.submit(keep, taken), threads.submit(keep, taken[::-1])]:
                one.result(60)
