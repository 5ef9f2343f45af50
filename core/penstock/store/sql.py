"""`SqlStore`: the `Store` interface on one SQLite file in WAL mode, through SQLAlchemy Core with Alembic migrations. It
keeps events, ledgers, conversations, originals and facts, and reopens a file that was deleted or replaced."""

from __future__ import annotations

import logging
import os
import threading
import time
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from penstock.base import sqlite
from penstock.base.errors import StoreError
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.events.kinds import stored_names
from penstock.events.proxy_events import FaultEvent
from penstock.store import deleting, originals_table
from penstock.store.base import Deletion, DeletionCounts
from penstock.store.complete import mark_incomplete
from penstock.store.lock import StoreLock, was_taken
from penstock.store.originals import Original, RetentionPolicy, digest_of
from penstock.store.schema import conversations, edits, events, facts, metadata
from penstock.store.schema import originals as _originals

__all__ = ["SqlStore"]

logger = logging.getLogger(__name__)
PRUNE_ROWS = 2000
EXCHANGES = 500
"""How many exchanges one query asks for."""
BUSY_MS = 150
"""Milliseconds that a write waits for another process. Short: edits are stored while a request waits."""
_FAILURES = (SQLAlchemyError, OSError, ValueError, OverflowError, zlib.error)
"""Errors that the driver raises for values that cannot be written (a lone surrogate, too large a number) or read
(damaged, of another version)."""
_MAGIC = b"SQLite format 3\0"
_ADD_EDITS = edits.insert()
_ADD_EVENTS = events.insert().values(payload=sa.bindparam("text", type_=sa.Text))
"""The payload is JSON text already, from `Event.text`."""
_TIP, _VALUE = insert(conversations), insert(facts)
_SET_TIP = _TIP.on_conflict_do_update(["id"], set_={c: _TIP.excluded[c] for c in ("epoch", "tip", "count", "seen_at")})
_SET_VALUE = _VALUE.on_conflict_do_update(["kind", "key"], set_={"value": _VALUE.excluded.value})
_KINDS = stored_names(EventKind)
# Kinds that another version wrote are passed over in the query, so that a page of a log never consists of them alone.


class SqlStore:
    """The store in one SQLite file. Owned by one proxy process; others open it with `readonly=True`."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        _refuse_folder(path)
        self.path = path
        self.readonly = readonly
        self._inode = 0
        self._mending = threading.Lock()
        self.is_missing = False
        self.is_still = readonly and _is_still(path)
        """What is read is as it was when this was opened: see `_is_still`."""
        self._engine = _connect(path, readonly)
        if readonly:
            return
        _check_ours(path)
        self._lock = StoreLock(path)
        try:
            self._open()
        except StoreError:
            self.close()
            raise
        self._inode = _inode(path)

    def _open(self) -> None:
        path, readonly = self.path, self.readonly
        try:
            self._migrate()
        except DatabaseError as e:
            if "malformed" not in str(e) and "not a database" not in str(e):
                raise StoreError(f"{path} cannot be opened: {_why(e)}") from e
            self._engine.dispose()
            _set_aside(path)
            self._engine = _connect(path, readonly)
            self._migrate()
        except SQLAlchemyError as e:
            raise StoreError(f"{path} cannot be opened: {_why(e)}") from e
        except sqlite.UnknownRevision as e:
            raise StoreError(f"{path} was written by a newer version: give this one its own --store ({e})") from e

    def add_events(self, new: Sequence[Event]) -> None:
        with self._write() as db:
            if new:
                db.execute(_ADD_EVENTS, [_event_row(one) for one in new])

    def events_after(self, cursor: Cursor = START, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        after = events.c.seq > cursor.seq
        with self._read() as db:
            found = events.select().where(after & events.c.kind.in_(stored_names(kinds) or _KINDS))
            rows = db.execute(found.order_by(events.c.seq).limit(limit))
            return [_event(row) for row in rows]

    def events_upto(self, cursor: Cursor, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        upto = events.c.seq <= cursor.seq
        with self._read() as db:
            found = events.select().where(upto & events.c.kind.in_(stored_names(kinds) or _KINDS))
            rows = db.execute(found.order_by(events.c.seq.desc()).limit(limit))
            return [_event(row) for row in rows]

    def events_of(self, exchange: str) -> list[Event]:
        with self._read() as db:
            found = events.select().where((events.c.exchange == exchange) & events.c.kind.in_(_KINDS))
            rows = db.execute(found.order_by(events.c.seq))
            return [_event(row) for row in rows]

    def sizes(self, exchanges: Collection[str]) -> dict[str, tuple[int, int]]:
        every, out = sorted(exchanges), dict[str, tuple[int, int]]()
        size = sa.func.sum(sa.func.length(sa.type_coerce(events.c.payload, sa.String)))
        found = sa.select(events.c.exchange, sa.func.count(), size).group_by(events.c.exchange)
        with self._read() as db:
            for i in range(0, len(every), EXCHANGES):
                rows = db.execute(found.where(events.c.exchange.in_(every[i : i + EXCHANGES])))
                out |= {row[0]: (int(row[1]), int(row[2] or 0)) for row in rows}
        return out

    def end(self) -> Cursor:
        with self._read() as db:
            return Cursor(seq=int(db.execute(sa.select(sa.func.max(events.c.seq))).scalar() or 0))

    def tail(self, count: int) -> Cursor:
        return Cursor(seq=max(0, self.end().seq - count))

    def count_after(self, cursor: Cursor) -> int:
        return max(0, self.end().seq - cursor.seq)

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        digests = [digest_of(one.edit.original) if one.edit.original else "" for one in landed]
        pairs = [(digest, one.edit) for digest, one in zip(digests, landed, strict=True) if digest]
        taken = [Original(d, e.original, conversation, e.stage, e.op, e.reason, at) for d, e in pairs]
        rows = [_row(conversation, one, digest, at) for digest, one in zip(digests, landed, strict=True)]
        with self._write() as db:
            originals_table.keep(db, taken)
            db.execute(_ADD_EDITS, rows)

    def note_missing(self) -> None:
        self.is_missing = True
        mark_incomplete(self.path)

    def drop_edits(self, conversation: str, revision: int) -> None:
        with self._write() as db:
            db.execute(edits.delete().where((edits.c.conversation == conversation) & (edits.c.revision == revision)))

    def edits_of(self, conversation: str) -> list[Landed]:
        with self._read() as db:
            rows = db.execute(edits.select().where(edits.c.conversation == conversation).order_by(edits.c.id))
            return [_landed(row) for row in rows]

    def add_original(self, conversation: str, text: str, why: str, at: float) -> None:
        taken = Original(digest_of(text), text, conversation, "", "", why, at)
        with self._write() as db:
            originals_table.keep(db, [taken])

    def find_originals(self, handle: str = "", limit: int = 50) -> list[Original]:
        with self._read() as db:
            return originals_table.find(db, handle, limit)

    def forget_originals(self, texts: Sequence[str]) -> int:
        digests, gone = sorted({digest_of(text) for text in texts}), 0
        for i in range(0, len(digests), PRUNE_ROWS):
            with self._write() as db:
                db.exec_driver_sql("PRAGMA secure_delete=ON")
                some = _originals.c.digest.in_(digests[i : i + PRUNE_ROWS])
                gone += db.execute(_originals.delete().where(some)).rowcount
        if gone:
            self._truncate_wal()
        return gone

    def _truncate_wal(self) -> None:
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
                db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except _FAILURES as e:
            raise StoreError(f"{self.path} cannot be cleaned: {_why(e)}") from e

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        values = {"epoch": tip.epoch, "tip": tip.chain, "count": tip.count, "seen_at": at}
        with self._write() as db:
            db.execute(_SET_TIP, {"id": conversation, **values})

    def tip_of(self, conversation: str) -> PrefixHash | None:
        with self._read() as db:
            row = db.execute(conversations.select().where(conversations.c.id == conversation)).first()
            return None if row is None else PrefixHash(row.epoch, row.tip, row._mapping["count"])

    def set_values(self, kind: str, values: Mapping[str, Mapping[str, Any] | None]) -> None:
        rows = [{"kind": kind, "key": k, "value": dict(v)} for k, v in values.items() if v is not None]
        gone = [key for key, value in values.items() if value is None]
        with self._write() as db:
            if gone:
                db.execute(facts.delete().where((facts.c.kind == kind) & facts.c.key.in_(gone)))
            if rows:
                db.execute(_SET_VALUE, rows)

    def values_of(self, kind: str) -> dict[str, dict[str, Any]]:
        with self._read() as db:
            rows = db.execute(facts.select().where(facts.c.kind == kind))
            return {row.key: dict(row.value) for row in rows}

    def weigh(self, doomed: Deletion) -> DeletionCounts:
        with self._read() as db:
            return deleting.weigh(db, doomed)

    def delete(self, doomed: Deletion, told: Event) -> DeletionCounts:
        with self._write() as db:
            db.exec_driver_sql("PRAGMA secure_delete=ON")
            db.execute(_ADD_EVENTS, [_event_row(told)])  # first: from here on no other writer comes in between
            gone = deleting.delete(db, doomed)
        try:
            self._truncate_wal()
        except StoreError as e:  # it is gone all the same; SQLite overwrites its journal soon
            logger.warning("%s", e)
        return gone

    def prune(self, *, before: float, keep_events: int, originals: RetentionPolicy | None = None) -> int:
        old = sa.select(conversations.c.id).where(conversations.c.seen_at < before)
        known = sa.select(conversations.c.id)
        past = (events.c.at < before) | (events.c.seq <= self.tail(keep_events).seq)
        orphaned = edits.c.conversation.in_(old) | (edits.c.conversation.not_in(known) & (edits.c.at < before))
        gone = self._delete(events, events.c.seq, past) + self._delete(edits, edits.c.id, orphaned)
        gone += self._delete(_originals, _originals.c.digest, originals_table.past(originals or RetentionPolicy()))
        return gone + self._delete(conversations, conversations.c.id, conversations.c.seen_at < before)

    def _delete(self, table: sa.Table, key: sa.Column[Any], which: sa.ColumnElement[bool]) -> int:
        """Delete a few rows at a time, since requests wait only a short time until their edits are stored."""
        gone = 0
        while True:
            with self._write() as db:
                some = sa.select(key).where(which).limit(PRUNE_ROWS)
                done = db.execute(table.delete().where(key.in_(some))).rowcount
            gone += done
            if done < PRUNE_ROWS:
                return gone

    def close(self) -> None:
        self._engine.dispose()
        if not self.readonly:
            self._lock.release()

    def _migrate(self) -> None:
        with self._engine.connect() as db:
            sqlite.migrate(db, Path(__file__).parent / "migrations", metadata)

    def _mend(self) -> None:
        """Open the file again if it was deleted or replaced: SQLite would go on with the old one, or find no tables in
        a new one. Readers wait for that too."""
        if self.readonly or _inode(self.path) == self._inode:
            return
        with self._mending:
            if _inode(self.path) == self._inode:
                return
            self._inode = -1  # the new file may get the number of the old one: whoever comes waits here all the same
            self._engine.dispose()
            self._engine = _connect(self.path, self.readonly)
            self._lock.renew()
            self._open()
            said = f"{self.path} was deleted or replaced while in use; a new one was begun"
            logger.warning("%s", said)
            try:
                with self._engine.begin() as db:
                    db.execute(_ADD_EVENTS, [_event_row(Event.of(FaultEvent("store", said), time.time()))])
            except _FAILURES as e:
                raise StoreError(f"{self.path} cannot be written: {_why(e)}") from e
            self._inode = _inode(self.path)

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        self._mend()
        try:
            with self._engine.begin() as db:
                yield db
        except _FAILURES as e:
            mark_incomplete(self.path)
            raise StoreError(f"{self.path} cannot be written: {_why(e)}") from e

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        self._mend()
        try:
            with self._engine.connect() as db:
                yield db
        except _FAILURES as e:
            raise StoreError(f"{self.path} cannot be read: {_why(e)}") from e


def _refuse_folder(path: Path) -> None:
    if not path.is_dir():
        return
    inside = (path / "penstock.db", path / "state" / "penstock.db")
    log = next((file for file in inside if file.is_file()), inside[0])
    raise StoreError(f"{path} is a folder, where the file of a log was expected: {log}")


def _connect(path: Path, readonly: bool) -> sa.Engine:
    if not readonly:
        try:
            return sqlite.connect(path, BUSY_MS)
        except OSError as e:
            raise StoreError(f"{path} cannot be made: {e}") from e
    if not path.exists():
        raise StoreError(f"{path} does not exist: no proxy has written there yet")
    query = {"mode": "ro", "uri": "true"} | ({"immutable": "1"} if _is_still(path) else {})
    url = sa.URL.create("sqlite", database=f"file:{quote(str(path))}", query=query)
    return sa.create_engine(url, connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False})


def _is_still(path: Path) -> bool:
    """Whether the file is in a folder without write access and has no write-ahead log: a copy, or another user's.
    SQLite can read such a database only if it is opened as immutable."""
    return not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def _check_ours(path: Path) -> None:
    """Rename a damaged store. Raises `StoreError` for a file that is no store of Penstock, which is left alone."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
    except OSError:  # there is none, or it cannot be read: opening it will tell
        return
    if head and head != _MAGIC and not was_taken(path):
        raise StoreError(f"{path} is no store, and was left as it is: name another file")


def _set_aside(path: Path) -> None:
    """Rename a damaged file, with the time in its new name; nothing is deleted."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(path.with_name(f"{path.name}.damaged-{stamp}{suffix}"))
    logger.warning("%s is damaged; it was set aside as %s.damaged-%s and a new one begun", path, path.name, stamp)


def _why(e: Exception) -> str:
    why = sqlite.why(e)
    return f"{why}: an older version wrote it, and a proxy that starts on it renews it" if "no such" in why else why


def _event_row(event: Event) -> dict[str, Any]:
    return {"at": event.at, "exchange": event.exchange, "kind": event.kind, "text": event.text}


def _event(row: Any) -> Event:
    return Event(row.seq, row.at, row.exchange, EventKind(row.kind), row.payload)


def _row(conversation: str, landed: Landed, original: str, at: float) -> dict[str, Any]:
    e = landed.edit
    return {
        "conversation": conversation,
        "revision": landed.revision,
        "op": e.op,
        "key": e.place.key,
        "nth": e.place.nth,
        "chain": e.chain,
        "count": e.count,
        "stage": e.stage[:80],
        "reason": e.reason[:400],
        "text": zlib.compress(e.text.encode()),
        "original": original,
        "size": e.size,
        "at": at,
    }


def _landed(row: Any) -> Landed:
    text = zlib.decompress(row.text).decode()
    place, count = Place(row.key, row.nth), row._mapping["count"]  # a row is a tuple: `row.count` is its method
    edit = Edit(Op(row.op), place, text, row.stage, row.reason, "", row.chain, count, row.size)
    return Landed(row.revision, edit)
