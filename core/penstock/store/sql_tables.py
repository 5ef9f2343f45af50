"""`SqlTables`: what stores in SQL databases have in common: the ledger, originals, tips and facts, and all of the event
log but the order of its events."""

from __future__ import annotations

import logging
import sqlite3
import zlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.increment import FactChange, Increment
from penstock.base.prepared import Prepared
from penstock.base.upsert import upsert
from penstock.edits.edit import Edit, Landed, Op, Place
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.events.kinds import stored_names
from penstock.store import deleting, originals_table
from penstock.store.base import Deletion, DeletionCounts
from penstock.store.originals import Original, RetentionPolicy, digest_of
from penstock.store.schema import conversations, edits, events, facts
from penstock.store.schema import originals as _originals

__all__ = [
    "FAILURES",
    "KINDS",
    "PRUNE_ROWS",
    "SqlTables",
    "event_of",
    "facts_of",
    "insert_edits",
    "insert_events",
    "write_tip",
]

logger = logging.getLogger(__name__)
PRUNE_ROWS = 2000
EXCHANGES = 500
"""How many exchanges one query asks for."""
FAILURES = (sa.exc.SQLAlchemyError, sqlite3.Error, OSError, ValueError, OverflowError, zlib.error)
"""Errors that the driver raises for values that cannot be written (a lone surrogate, too large a number) or read
(damaged, of another version)."""
_ADD_EDITS = edits.insert()
# Asked for every new conversation: built once, since building a query takes longer than running it.
_EDITS_OF = edits.select().where(edits.c.conversation == sa.bindparam("name")).order_by(edits.c.id)
_TIP_OF = conversations.select().where(conversations.c.id == sa.bindparam("name"))
_KNOWS = Prepared(
    sa.select(
        (
            sa.exists().where(edits.c.conversation == sa.bindparam("name"))
            | sa.exists().where(conversations.c.id == sa.bindparam("name"))
        ).label("known")
    )
)
# The payload is JSON text already, from `Event.text`. A cast in SQLite would read a number out of it.
_ADD_EVENTS_SQLITE = Prepared(
    events.insert().values(payload=sa.bindparam("text", type_=sa.Text)), "at", "exchange", "kind", "payload"
)
_EVENT_COLUMNS = ("at", "exchange", "kind", "payload")
_ADD_EVENTS = sa.text(
    "INSERT INTO events (at, exchange, kind, payload) SELECT at, exchange, kind, CAST(payload AS json) FROM unnest("
    "CAST(:at AS float8[]), CAST(:exchange AS text[]), CAST(:kind AS text[]), CAST(:payload AS text[])) "
    "WITH ORDINALITY AS new (at, exchange, kind, payload, nth) ORDER BY nth"
)
"""One statement for all: a dozen a request, one by one, take PostgreSQL twice the time."""
KINDS = stored_names(EventKind)
# Kinds that another version wrote are passed over in the query, so that a page of a log never consists of them alone.


class SqlTables(ABC):
    """The part of a store that is the same in each SQL database. Each opens its own connections."""

    @abstractmethod
    def _write(self) -> AbstractContextManager[sa.Connection]:
        """A transaction. Makes a `StoreError` of what the driver raises."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[sa.Connection]:
        """A connection for reading. Makes a `StoreError` of what the driver raises."""

    def _write_now(self) -> AbstractContextManager[sa.Connection]:
        """`_write` where a request waits for it."""
        return self._write()

    def _read_now(self) -> AbstractContextManager[sa.Connection]:
        """`_read` where a request waits for it."""
        return self._read()

    def _write_soon(self) -> AbstractContextManager[sa.Connection]:
        """`_write` where the log waits for it."""
        return self._write()

    def _read_soon(self) -> AbstractContextManager[sa.Connection]:
        """`_read` where the log waits for it."""
        return self._read()

    @abstractmethod
    def _erase(self) -> AbstractContextManager[sa.Connection]:
        """A transaction whose deleted rows leave nothing in the database's files, as far as the database can do so."""

    @abstractmethod
    def _overwrite(self) -> None:
        """Remove what `_erase` deleted from the database's journals. Raises `StoreError`."""

    @abstractmethod
    def _beyond(self, keep_events: int) -> sa.ColumnElement[bool]:
        """The condition of events that are not among the newest `keep_events`."""

    def add_events(self, new: Sequence[Event]) -> None:
        with self._write_soon() as db:
            if new:
                insert_events(db, new)

    def events_of(self, exchange: str) -> list[Event]:
        with self._read() as db:
            found = events.select().where((events.c.exchange == exchange) & events.c.kind.in_(KINDS))
            rows = db.execute(found.order_by(events.c.seq))
            return [event_of(row) for row in rows]

    def sizes(self, exchanges: Collection[str]) -> dict[str, tuple[int, int]]:
        every, out = sorted(exchanges), dict[str, tuple[int, int]]()
        size = sa.func.sum(sa.func.length(sa.cast(events.c.payload, sa.Text)))
        found = sa.select(events.c.exchange, sa.func.count(), size).group_by(events.c.exchange)
        with self._read() as db:
            for i in range(0, len(every), EXCHANGES):
                rows = db.execute(found.where(events.c.exchange.in_(every[i : i + EXCHANGES])))
                out |= {row[0]: (int(row[1]), int(row[2] or 0)) for row in rows}
        return out

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        with self._write_now() as db:
            insert_edits(db, conversation, landed, at)

    def drop_edits(self, conversation: str, revision: int) -> None:
        with self._write_now() as db:
            db.execute(edits.delete().where((edits.c.conversation == conversation) & (edits.c.revision == revision)))

    def knows(self, conversation: str) -> bool:
        with self._read_now() as db:
            return bool(_KNOWS.run(db, name=conversation)[0][0])

    def edits_of(self, conversation: str) -> list[Landed]:
        with self._read_now() as db:
            rows = db.execute(_EDITS_OF, {"name": conversation})
            return [_landed(row) for row in rows]

    def add_original(self, conversation: str, text: str, why: str, at: float) -> None:
        taken = Original(digest_of(text), text, conversation, "", "", why, at)
        with self._write_soon() as db:
            originals_table.keep(db, [taken])

    def find_originals(self, handle: str = "", limit: int = 50) -> list[Original]:
        with self._read() as db:
            return originals_table.find(db, handle, limit)

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        with self._write_soon() as db:
            write_tip(db, conversation, tip, at)

    def set_tips(self, tips: Mapping[str, PrefixHash], at: float) -> None:
        with self._write_soon() as db:
            write_tips(db, dict(sorted(tips.items())), at)

    def tip_of(self, conversation: str) -> PrefixHash | None:
        with self._read_now() as db:
            row = db.execute(_TIP_OF, {"name": conversation}).first()
            return None if row is None else PrefixHash(row.epoch, row.tip, row._mapping["count"])

    def set_values(self, kind: str, values: Mapping[str, FactChange], *, batch: str = "") -> None:
        increments = {key: one for key, one in values.items() if isinstance(one, Increment)}
        new = {key: dict(one) for key, one in values.items() if one is not None and not isinstance(one, Increment)}
        gone = [key for key, one in values.items() if one is None]
        with self._write_soon() as db:
            if increments and batch and not self._is_first(db, kind, batch):
                return
            if increments:
                new |= self._added(db, kind, increments)
            if gone:
                db.execute(facts.delete().where((facts.c.kind == kind) & facts.c.key.in_(gone)))
            if new:
                rows = [{"kind": kind, "key": key, "value": new[key]} for key in sorted(new)]
                _SET_VALUE.run_each(db, rows)

    def _is_first(self, db: sa.Connection, kind: str, batch: str) -> bool:
        """Whether facts of this kind are stored in this batch for the first time; noted with them."""
        return True

    def _added(self, db: sa.Connection, kind: str, increments: Mapping[str, Increment]) -> dict[str, dict[str, Any]]:
        """The values that facts have after `increments`, until the transaction of `db` ends."""
        return {key: dict(one.value) for key, one in increments.items()}

    def values_of(self, kind: str) -> dict[str, dict[str, Any]]:
        with self._read_soon() as db:
            return facts_of(db, facts.c.kind == kind)

    def weigh(self, doomed: Deletion) -> DeletionCounts:
        with self._read() as db:
            return deleting.weigh(db, doomed)

    def forget_originals(self, texts: Sequence[str]) -> int:
        digests, gone = sorted({digest_of(text) for text in texts}), 0
        for i in range(0, len(digests), PRUNE_ROWS):
            with self._erase() as db:
                some = _originals.c.digest.in_(digests[i : i + PRUNE_ROWS])
                gone += db.execute(_originals.delete().where(some)).rowcount
        if gone:
            self._overwrite()
        return gone

    def delete(self, doomed: Deletion, told: Event) -> DeletionCounts:
        with self._erase() as db:
            insert_events(db, [told])  # first: from here on no other writer comes in between
            gone = self._delete_rows(db, doomed)
        try:
            self._overwrite()
        except StoreError as e:  # it is gone all the same; SQLite overwrites its journal soon
            logger.warning("%s", e)
        return gone

    def _delete_rows(self, db: sa.Connection, doomed: Deletion) -> DeletionCounts:
        return deleting.delete(db, doomed)

    def prune(self, *, before: float, keep_events: int, originals: RetentionPolicy | None = None) -> int:
        old = sa.select(conversations.c.id).where(conversations.c.seen_at < before)
        known = sa.select(conversations.c.id)
        orphaned = edits.c.conversation.in_(old) | (edits.c.conversation.not_in(known) & (edits.c.at < before))
        gone = self._prune_events(before, keep_events) + self._delete(edits, edits.c.id, orphaned)
        gone += self._delete(_originals, _originals.c.digest, originals_table.past(originals or RetentionPolicy()))
        return gone + self._delete(conversations, conversations.c.id, conversations.c.seen_at < before)

    def _prune_events(self, before: float, keep_events: int) -> int:
        return self._delete(events, events.c.seq, (events.c.at < before) | self._beyond(keep_events))

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


_SET_TIP = Prepared(
    lambda dialect: upsert(dialect, conversations, ["id"], ["epoch", "tip", "count", "seen_at"]),
    *("id", "epoch", "tip", "count", "seen_at"),
)


def facts_of(db: sa.Connection, which: sa.ColumnElement[bool]) -> dict[str, dict[str, Any]]:
    """The facts that a condition selects, by key."""
    return {row.key: dict(row.value) for row in db.execute(facts.select().where(which))}


_SET_VALUE = Prepared(lambda dialect: upsert(dialect, facts, ["kind", "key"], ["value"]), "kind", "key", "value")


def insert_events(db: sa.Connection, new: Sequence[Event]) -> None:
    """Insert events, of which there is at least one, in the transaction of `db`."""
    if db.dialect.name == "postgresql":
        columns = [[e.at for e in new], [e.exchange for e in new], [e.kind for e in new], [e.text for e in new]]
        db.execute(_ADD_EVENTS, dict(zip(_EVENT_COLUMNS, columns, strict=True)))
    else:
        rows = [{"at": e.at, "exchange": e.exchange, "kind": e.kind, "text": e.text} for e in new]
        _ADD_EVENTS_SQLITE.run_each(db, rows)


def insert_edits(db: sa.Connection, conversation: str, landed: Sequence[Landed], at: float) -> None:
    """Insert edits and their originals, in the transaction of `db`."""
    digests = [digest_of(one.edit.original) if one.edit.original else "" for one in landed]
    pairs = [(digest, one.edit) for digest, one in zip(digests, landed, strict=True) if digest]
    taken = [Original(d, e.original, conversation, e.stage, e.op, e.reason, at) for d, e in pairs]
    originals_table.keep(db, taken)
    db.execute(_ADD_EDITS, [_row(conversation, one, d, at) for d, one in zip(digests, landed, strict=True)])


def write_tip(db: sa.Connection, conversation: str, tip: PrefixHash, at: float) -> None:
    """Store what was last sent in a conversation, in the transaction of `db`."""
    write_tips(db, {conversation: tip}, at)


def write_tips(db: sa.Connection, tips: Mapping[str, PrefixHash], at: float) -> None:
    """`write_tip` of several conversations."""
    rows = [{"id": name, "epoch": t.epoch, "tip": t.chain, "count": t.count, "seen_at": at} for name, t in tips.items()]
    _SET_TIP.run_each(db, rows)


def event_of(row: Any) -> Event:
    """The event of a row of the table `events`."""
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
