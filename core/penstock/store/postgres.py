"""`PostgresStore`: the `Store` interface on a PostgreSQL database that several proxies share. It keeps what `SqlStore`
keeps, in the same tables, and the leases by which one proxy at a time changes the ledger of a conversation."""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from penstock.base.errors import StoreError, Unstorable
from penstock.base.increment import Increment
from penstock.base.migrations import UnknownRevision, apply_migrations
from penstock.base.outage import ASKED_AGAIN
from penstock.base.postgres import LOCKED, MIGRATING, PostgresServer, is_unsure, state_of, why, why_unopened
from penstock.base.postgres_connection import PATIENT, SOON, Limits, deadline
from penstock.base.sql_refusal import is_refusal
from penstock.base.unfinished_migration import refuse_unfinished
from penstock.edits.edit import Landed
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.events.kinds import stored_names
from penstock.store import postgres_leases, postgres_partitions
from penstock.store.base import Deletion, DeletionCounts
from penstock.store.complete import mark_incomplete
from penstock.store.lease import Lease
from penstock.store.lock import StoreLock
from penstock.store.originals import RetentionPolicy
from penstock.store.postgres_identity import identity_key, settle_restored
from penstock.store.postgres_schema import XID8, events, leases, metadata
from penstock.store.schema import facts
from penstock.store.sql_tables import (
    FAILURES,
    KINDS,
    PRUNE_ROWS,
    SqlTables,
    event_of,
    facts_of,
    insert_edits,
    write_tip,
)
from penstock.store.unconfirmed import Unconfirmed, UnconfirmedEdits

__all__ = ["PostgresStore"]

VERSIONS = "penstock_store_version"
"""The table with the revision of the store's tables: other tables of Penstock may be in the same database."""
_ADDING = 0x70656E73
"""The first of two numbers of the advisory locks under which one process at a time adds to facts."""
WAIT_MS = 250.0
"""How long one call of a request waits."""
_LOCK_MS = 200.0
"""The part of it for which it waits for a lock."""
_BATCHES = "batches"
"""The kind of facts that say which batch each proxy stored last."""

LEASE_S = 5.0
"""Seconds after which a lease that was not given back may be taken by another proxy."""
_WAITS_S = (0.0, 0.05, 0.1)
"""Pauses before each attempt to take a lease."""

# What runs now may still commit events before those that are visible: none is read from there on.
_IS_SETTLED = events.c.xid < sa.func.pg_snapshot_xmin(sa.func.pg_current_snapshot())
_NEXT = sa.text("SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text)")
_ARE_SETTLED_BEFORE = sa.text("SELECT pg_snapshot_xmin(pg_current_snapshot()) >= CAST(:next AS xid8)")
_SETTLE_S = 0.01
"""Seconds between two looks whether other transactions have ended."""
_TRANSACTION = sa.cast(sa.cast(events.c.xid, sa.Text), sa.BigInteger).label("transaction")
_ROWS = sa.select(events, _TRANSACTION)
_OLDEST_FIRST = (events.c.xid, events.c.seq)
_NEWEST_FIRST = (events.c.xid.desc(), events.c.seq.desc())


class PostgresStore(SqlTables):
    """The store in a PostgreSQL database. `path`: the file on this machine that names the database; notes about the
    store are kept beside it."""

    is_shared = True

    def __init__(
        self,
        url: str,
        path: Path,
        *,
        readonly: bool = False,
        wait_ms: float | None = None,
        is_migrating: bool = False,
        awaits_server: bool = False,
    ) -> None:
        """`wait_ms`: how long one call of a request waits; None: `WAIT_MS`. `is_migrating`: what `penstock migrate` has
        not finished may be opened. `awaits_server`: see `open_store`. Raises `StoreError` where the tables may not be
        opened or are of another version, the driver is missing, or the server does not answer."""
        self.path, self.readonly = path, readonly
        self.is_missing = self.is_still = False
        self.identity_key: bytes | None = None
        self._is_migrating, self._is_open = is_migrating, False
        self._me = secrets.token_hex(8)
        self._unconfirmed = Unconfirmed()
        wait_ms = WAIT_MS if wait_ms is None else wait_ms
        # The server gives up a lock first, then a statement: a deadline that passes here says that it does not answer.
        lock_ms = min(_LOCK_MS, 0.8 * wait_ms)
        self._longest_lock_s = 1.1 * lock_ms / 1000
        self._now = Limits.of(lock_ms, 0.9 * wait_ms, wait_ms / 1000)
        self._quick = self._now._replace(sql=f"{self._now.sql}; {postgres_leases.QUICK}")
        self._server = PostgresServer(
            url,
            on_answer=self._on_answer,
            is_awaited=awaits_server,
            meanwhile=ASKED_AGAIN if readonly else "requests are sent on without new edits",
        )
        self.name = self._server.name
        """The database for people, without a password."""
        if not readonly:
            self._lock = StoreLock(path)
        try:
            self._open()
        except StoreError:
            if not (awaits_server and self._server.outage.why):
                self.close()
                raise

    @property
    def is_awaited(self) -> bool:
        return not self._is_open

    def _open(self) -> None:
        try:
            with self._server.reached():
                self._make_ready()
        except FAILURES as e:
            raise StoreError(f"{self.name} cannot be opened: {why_unopened(e)}") from e

    def events_after(self, cursor: Cursor = START, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        return self._events(_place(events.c) > _at(cursor), _OLDEST_FIRST, limit, kinds)

    def events_upto(self, cursor: Cursor, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        return self._events(_place(events.c) <= _at(cursor), _NEWEST_FIRST, limit, kinds)

    def _events(
        self, which: sa.ColumnElement[bool], order: tuple[Any, ...], limit: int, kinds: Collection[EventKind]
    ) -> list[Event]:
        wanted = which & _IS_SETTLED & events.c.kind.in_(stored_names(kinds) or KINDS)
        return self._listed(_ROWS.where(wanted).order_by(*order).limit(limit))

    def settle(self, timeout: float) -> bool:
        ends = time.monotonic() + timeout
        with self._read_soon() as db:
            following = db.scalar(_NEXT)
        while True:
            with self._read_soon() as db:
                if db.scalar(_ARE_SETTLED_BEFORE, {"next": following}):
                    return True
            if time.monotonic() >= ends:
                return False
            time.sleep(_SETTLE_S)

    def events_of(self, exchange: str) -> list[Event]:
        wanted = (events.c.exchange == exchange) & events.c.kind.in_(KINDS)
        return self._listed(_ROWS.where(wanted).order_by(*_OLDEST_FIRST))

    def _listed(self, found: sa.Select[Any]) -> list[Event]:
        with self._read() as db:
            return [replace(event_of(row), transaction=row.transaction) for row in db.execute(found)]

    def end(self) -> Cursor:
        return self._newest_but(0)

    def tail(self, count: int) -> Cursor:
        return self._newest_but(count)

    def _newest_but(self, count: int) -> Cursor:
        found = sa.select(_TRANSACTION, events.c.seq).where(_IS_SETTLED).order_by(*_NEWEST_FIRST)
        with self._read() as db:
            row = db.execute(found.offset(count).limit(1)).first()
        return START if row is None else Cursor(*row)

    def count_after(self, cursor: Cursor) -> int:
        found = sa.select(sa.func.count()).select_from(events).where((_place(events.c) > _at(cursor)) & _IS_SETTLED)
        with self._read() as db:
            return int(db.execute(found).scalar() or 0)

    def take(self, conversation: str) -> Lease | None:
        longest_s = self._now.wait_s + sum(_WAITS_S)
        ends = time.monotonic() + longest_s
        with deadline(longest_s):
            for wait_s in _WAITS_S:
                if ends - time.monotonic() - wait_s < self._longest_lock_s:
                    break
                time.sleep(wait_s)
                unconfirmed = self._unconfirmed.of(conversation)
                with self._written(self._quick) as db:
                    fence = self._taken(db, conversation, unconfirmed)
                if fence is not None:
                    if unconfirmed is not None:
                        self._unconfirmed.settled(unconfirmed)
                    return Lease(conversation, fence, self._me)
        return None

    def _taken(self, db: sa.Connection, conversation: str, unconfirmed: UnconfirmedEdits | None) -> int | None:
        try:
            fence = postgres_leases.take(db, conversation, self._me, LEASE_S)
        except sa.exc.OperationalError as e:
            if state_of(e) != LOCKED:
                raise
            db.rollback()
            return None  # another proxy is at it, or stopped there
        renewed = None if fence is None or unconfirmed is None else postgres_leases.drop(db, unconfirmed)
        return fence if renewed is None else renewed

    def land(self, lease: Lease, landed: Sequence[Landed], tip: PrefixHash, at: float) -> bool:
        if landed and self._unconfirmed.is_full:
            raise StoreError(f"{self.name}: too many edits may have landed there without an answer")
        try:
            return self._land(lease, landed, tip, at)
        except StoreError as e:
            if landed and is_unsure(e):
                self._unconfirmed.note(lease, frozenset(one.revision for one in landed))
            raise

    def _land(self, lease: Lease, landed: Sequence[Landed], tip: PrefixHash, at: float) -> bool:
        with self._written(self._now if landed else self._quick) as db:
            if not self._give_back(db, lease):
                return False
            if landed:
                insert_edits(db, lease.conversation, landed, at)
            write_tip(db, lease.conversation, tip, at)
        return True

    def release(self, lease: Lease) -> None:
        with self._written(self._quick) as db:
            self._give_back(db, lease)

    def read(self, conversation: str) -> Lease | None:
        with self._read_now() as db:
            return postgres_leases.read(db, conversation, self._me)

    def _give_back(self, db: sa.Connection, lease: Lease) -> bool:
        mine = (leases.c.id == lease.conversation) & (leases.c.holder == lease.holder) & (leases.c.fence == lease.fence)
        return db.execute(leases.update().where(mine).values(until=None)).rowcount > 0

    def _delete_rows(self, db: sa.Connection, doomed: Deletion) -> DeletionCounts:
        names = sorted(doomed.conversations)
        # In the same transaction: a new lease has a new fence, so that proxies that know such a ledger read it again.
        for i in range(0, len(names), PRUNE_ROWS):
            db.execute(leases.delete().where(leases.c.id.in_(names[i : i + PRUNE_ROWS])))
        return super()._delete_rows(db, doomed)

    def prune(self, *, before: float, keep_events: int, originals: RetentionPolicy | None = None) -> int:
        gone = super().prune(before=before, keep_events=keep_events, originals=originals)
        batches = (facts.c.kind == _BATCHES) & (facts.c.value["at"].as_float() < before)
        with self._write() as db:
            db.execute(leases.delete().where(leases.c.seen_at < sa.func.to_timestamp(before)))
            db.execute(facts.delete().where(batches))
        return gone

    def _is_first(self, db: sa.Connection, kind: str, batch: str) -> bool:
        row = {"kind": _BATCHES, "key": f"{self._me} {kind}", "value": {"id": batch, "at": time.time()}}
        new = pg.insert(facts).values(row)
        other = facts.c.value["id"].as_string() != batch
        one = new.on_conflict_do_update(index_elements=["kind", "key"], set_={"value": new.excluded.value}, where=other)
        return db.execute(one.returning(facts.c.key)).first() is not None

    def _added(self, db: sa.Connection, kind: str, increments: Mapping[str, Increment]) -> dict[str, dict[str, Any]]:
        # One lock for all: facts that are not there yet have no row that could be locked.
        db.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADDING, sa.func.hashtext(kind))))
        stored = facts_of(db, (facts.c.kind == kind) & facts.c.key.in_(list(increments)))
        return {key: one.applied(stored.get(key, {})) for key, one in increments.items()}

    def note_missing(self) -> None:
        self.is_missing = True
        mark_incomplete(self.path)

    def close(self) -> None:
        self._server.close()
        if not self.readonly:
            self._lock.release()

    def _beyond(self, keep_events: int) -> sa.ColumnElement[bool]:
        return _place(events.c) <= _at(self.tail(keep_events))

    def _prune_events(self, before: float, keep_events: int) -> int:
        """Whole days are dropped. Row by row go those of today and yesterday, of which there are none in a log that
        keeps more than that, and those that have no partition of their own."""
        last, gone = self.tail(keep_events), 0
        with self._write() as db:
            postgres_partitions.prepare(db)
            opened = postgres_partitions.today(db) - 1
            past_days = postgres_partitions.past_partitions(db, before, last)
        for name in past_days:
            with self._write() as db:
                count = postgres_partitions.drop(db, name)
            if count is None:
                break  # the older ones first: no reader may miss what lies between
            gone += count
        rest, past = postgres_partitions.rest, (events.c.at < before) | (_place(events.c) <= _at(last))
        gone += self._delete(events, events.c.seq, past & ((events.c.day < 1) | (events.c.day >= opened)))
        return gone + self._delete(rest, rest.c.seq, (rest.c.at < before) | (_place(rest.c) <= _at(last)))

    @contextmanager
    def _erase(self) -> Iterator[sa.Connection]:
        with self._written(PATIENT) as db:
            yield db

    def _overwrite(self) -> None:
        """PostgreSQL's own vacuum frees deleted rows; nothing can overwrite them at once."""

    def _write(self) -> AbstractContextManager[sa.Connection]:
        return self._written(PATIENT)

    def _write_soon(self) -> AbstractContextManager[sa.Connection]:
        return self._written(SOON)

    def _write_now(self) -> AbstractContextManager[sa.Connection]:
        return self._written(self._now)

    def _read(self) -> AbstractContextManager[sa.Connection]:
        return self._looked_at(PATIENT)

    def _read_soon(self) -> AbstractContextManager[sa.Connection]:
        return self._looked_at(SOON)

    def _read_now(self) -> AbstractContextManager[sa.Connection]:
        return self._looked_at(self._now)

    @contextmanager
    def _written(self, limits: Limits) -> Iterator[sa.Connection]:
        try:
            with self._server.reached(), deadline(limits.wait_s), self._server.engine.begin() as db:
                db.exec_driver_sql(limits.sql)
                yield db
        except FAILURES as e:
            mark_incomplete(self.path)
            kind = Unstorable if is_refusal(e) else StoreError
            raise kind(f"{self.name} cannot be written: {why(e)}") from e
        except StoreError:
            mark_incomplete(self.path)
            raise

    @contextmanager
    def _looked_at(self, limits: Limits) -> Iterator[sa.Connection]:
        try:
            with self._server.reached(), deadline(limits.wait_s), self._server.engine.connect() as db:
                db.exec_driver_sql(limits.sql)
                yield db
        except FAILURES as e:
            kind = Unstorable if is_refusal(e) else StoreError
            raise kind(f"{self.name} cannot be read: {why(e)}") from e

    def _on_answer(self) -> None:
        if not self._is_open:
            self._make_ready()
        self._drop_unconfirmed()

    def _drop_unconfirmed(self) -> None:
        """Drop what may have landed unnoticed."""
        for one in self._unconfirmed.all():
            with deadline(SOON.wait_s), self._server.engine.begin() as db:
                db.exec_driver_sql(SOON.sql)
                postgres_leases.drop(db, one)
            self._unconfirmed.settled(one)

    def _make_ready(self) -> None:
        """Create or migrate the tables. Raises `StoreError` for tables that this version cannot use, and what the
        driver raises."""
        limits = SOON if self.readonly else PATIENT
        with deadline(limits.wait_s), self._server.engine.begin() as db:
            db.exec_driver_sql(limits.sql)
            if not self.readonly:
                # Several proxies may start at once; it is released with the transaction, also behind a pooler.
                db.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATING)))
            if not self._is_migrating:
                refuse_unfinished(db, self.name)
            if not self.readonly:
                self._migrate(db)
        self._is_open = True

    def _migrate(self, db: sa.Connection) -> None:
        try:
            apply_migrations(db, Path(__file__).parent / "migrations", metadata, VERSIONS)
        except UnknownRevision as e:
            raise StoreError(f"{self.name} was written by a newer version of Penstock ({e})") from e
        postgres_partitions.prepare(db)
        settle_restored(db)
        self.identity_key = identity_key(db)


def _place(columns: Any) -> sa.Tuple:
    return sa.tuple_(columns.xid, columns.seq)


def _at(cursor: Cursor) -> sa.Tuple:
    return sa.tuple_(sa.cast(sa.cast(str(cursor.transaction), sa.Text), XID8), cursor.seq)
