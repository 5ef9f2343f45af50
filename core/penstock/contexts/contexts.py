"""`Contexts`: the store of named JSON values in a SQLite file or a PostgreSQL database, each with versions, expiry,
tags and a history. Reads, searches and follows them, deletes what has expired, and counts their use.

Changes are made by the `Writer` of `writing.py`, which `write` opens with a transaction. Several processes may use the
tables; one of them writes at a time, so that changes are numbered in the order in which readers see them.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from penstock.base import sqlite
from penstock.base.clock import Clock, SystemClock
from penstock.base.errors import StoreError
from penstock.base.shared_sqlite import BUSY_MS, FAILURES, SharedSqlite
from penstock.base.shared_tables import TableSet, open_tables
from penstock.base.store_url import url_in
from penstock.contexts import words
from penstock.contexts.filters import alive, fitting
from penstock.contexts.finding import find, head_of, read, read_short, read_text
from penstock.contexts.records import (
    Change,
    ContextHead,
    ContextText,
    ContextValue,
    Filter,
    Hit,
    Page,
    Retention,
    Version,
)
from penstock.contexts.renewal import Renewal
from penstock.contexts.schema import changes, context_versions, contexts, data_keys, idempotency, metadata
from penstock.contexts.usage import By, UsageCounter, UsageRow, usage_rows
from penstock.contexts.writing import KEPT_DELETED_S, Writer
from penstock.sealing.master_key import MasterKeys

__all__ = ["FILE_NAME", "TABLES", "Contexts"]

logger = logging.getLogger(__name__)

FILE_NAME = "contexts.db"
"""Beside the proxy's store."""
_LAST = 2**63 - 1
"""The largest number that the database can be asked for."""
_LITTLE = 1 << 20
"""Free bytes on the disk below which a trial write is made."""
_TRIED = 64 << 10
"""Bytes of that trial write."""


class Contexts:
    """The contexts of all workspaces. Any thread may call. Every method raises `StoreError` when they cannot be read or
    written."""

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        retention: Retention = Retention(),  # noqa: B008
        url: str = "",
    ) -> None:
        """Those in the file at `path`, or in the database at `url`. Made where there are none."""
        self.path, self.url, self.retention = path, url, retention
        self.masters = MasterKeys(path.parent)
        """The master key of sealed contexts: beside the file, or where the environment says."""
        self.clock = clock or SystemClock()
        self._has_purged = False
        self._disk_failed = False
        self._usage = UsageCounter()
        self._listeners: list[Callable[[], None]] = []
        self._tables = open_tables(path, TABLES, url)
        self._renewal = Renewal(self._tables, self.clock)
        self._empty_log()  # a process that was killed may have left there what was purged or sealed

    @classmethod
    def beside(cls, store: Path, clock: Clock | None = None, retention: Retention = Retention()) -> Contexts:  # noqa: B008
        """The contexts of a proxy's store: in the database that `store` names, else in the file beside it."""
        return cls(store.parent / FILE_NAME, clock, retention, url_in(store))

    @property
    def is_server(self) -> bool:
        """Whether they are in a database server, which may take long to answer, and not in a file of this machine."""
        return self._tables.is_server

    def close(self) -> None:
        """Close the file, or the connections."""
        try:
            self._add_usage()
        except StoreError as e:
            logger.warning("what was counted of %s is lost: %s", self._tables.name, e)
        self._tables.close()

    def get(self, workspace: str, key: str, version: int | None = None) -> ContextValue:
        """The newest version, or an older one that is still kept. Raises `NoContext`, `Expired`, `InvalidContext`,
        `Sealed`."""
        with self._tables.reading() as db:
            found = read(db, self.masters, workspace, key, version, self.clock.now())
        self._count_read(workspace, found.head)
        return found

    def text(self, workspace: str, key: str, version: int | None = None) -> ContextText:
        """As `get`, with the value as JSON. Raises as `get` does."""
        with self._tables.reading() as db:
            found = read_text(db, self.masters, workspace, key, version, self.clock.now())
        self._count_read(workspace, found.head)
        return found

    def short_text(self, workspace: str, key: str) -> ContextText | None:
        """The newest version, where that takes one short look: fit for the thread of an event loop, since readers wait
        for no writer. None where the value is long or sealed, and where `text` would raise; and of a database, whose
        server may take long to answer."""
        if self._tables.is_server:
            return None
        with self._tables.reading() as db:
            found = read_short(db, workspace, key, self.clock.now())
        if found is not None:
            self._count_read(workspace, found.head)
        return found

    def _count_read(self, workspace: str, head: ContextHead) -> None:
        self._usage.count(self.clock.now(), workspace, [head.key], reads=1, size=head.size)

    def head(self, workspace: str, key: str) -> ContextHead:
        """The newest version without its value. Raises as `get` does."""
        with self._tables.reading() as db:
            return head_of(find(db, workspace, key, self.clock.now()))

    def versions(self, workspace: str, key: str) -> list[Version]:
        """The versions that are kept, the newest first. Raises as `get` does."""
        with self._tables.reading() as db:
            row = find(db, workspace, key, self.clock.now())
            kept = context_versions.select().where(context_versions.c.context == row.id)
            rows = db.execute(kept.order_by(context_versions.c.version.desc())).all()
        return [Version(one.version, one.at, one.by, one.change, one.size, one.digest) for one in rows]

    def page(self, workspace: str, wanted: Filter = Filter(), *, limit: int = 50, after: str | None = None) -> Page:  # noqa: B008
        """Contexts that fit `wanted`, by key. `after`: the `next` of the page before."""
        chosen = contexts.select().where(self._alive(workspace), *fitting(wanted))
        if after is not None:
            chosen = chosen.where(contexts.c.key > after)
        with self._tables.reading() as db:
            rows = db.execute(chosen.order_by(contexts.c.key).limit(limit + 1)).all()
        more = len(rows) > limit
        return Page([head_of(row) for row in rows[:limit]], rows[limit - 1].key if more else None)

    def search(self, workspace: str, query: str, wanted: Filter = Filter(), *, limit: int = 20) -> list[Hit]:  # noqa: B008
        """Contexts with any of the words of `query` in their key, tags or value, the best first."""
        with self._tables.reading() as db:
            found = words.search(db, workspace, query, wanted, self.clock.now(), limit)
        self.count_hits(workspace, [hit.head.key for hit in found])
        return found

    def renew_words(self, seconds: float) -> bool:
        """Index contexts again whose words another version of Penstock has indexed, for about so many seconds. Returns
        whether all are indexed as this version does. Until then a search may miss some of them."""
        return self._renewal.run(seconds)

    def count_hits(self, workspace: str, keys: Sequence[str]) -> None:
        """Count for each of these contexts that a search found it."""
        self._usage.count(self.clock.now(), workspace, keys, hits=1)

    def changes_after(self, workspace: str, cursor: int, limit: int = 500) -> list[Change]:
        """The changes after `cursor`, in order."""
        fit = (changes.c.workspace == workspace) & (changes.c.seq > min(cursor, _LAST))
        with self._tables.reading() as db:
            rows = db.execute(changes.select().where(fit).order_by(changes.c.seq).limit(limit)).all()
        return [Change(r.seq, r.at, r.kind, r.key, r.version, r.by, tuple(r.tags)) for r in rows]

    def resume(self, cursor: int) -> tuple[int, bool]:
        """The cursor from which a subscriber goes on, and whether changes before it are missing: they are no longer
        kept, or `cursor` is of another file."""
        with self._tables.reading() as db:
            oldest, newest = db.execute(sa.select(sa.func.min(changes.c.seq), sa.func.max(changes.c.seq))).one()
        first = (oldest or 1) - 1
        is_kept = first <= cursor <= (newest or 0)
        return (cursor, False) if is_kept else (first, True)

    def cursor(self) -> int:
        """The cursor of the last change of all."""
        with self._tables.reading() as db:
            return int(db.execute(sa.select(sa.func.max(changes.c.seq))).scalar() or 0)

    @contextmanager
    def write(self, workspace: str, by: str, *, is_durable: bool = False) -> Iterator[Writer]:
        """One transaction: the changes of the `Writer` are committed at the end of the block, or rolled back if it
        raises. `by`: who makes them, for the history. `is_durable`: they survive a power cut."""
        try:
            with self._tables.writing(is_durable=is_durable) as db:
                writer = Writer(db, self.masters, self.retention, workspace, by, self.clock.now())
                yield writer
        except StoreError as e:
            self._disk_failed |= self._tables.is_server or sqlite.is_of_disk(e.__cause__)
            raise
        self._has_purged |= writer.has_purged
        for key, size in writer.written:
            self._usage.count(self.clock.now(), workspace, [key], writes=1, size=size)
        if self._has_purged:
            self._empty_log()
        self._disk_failed = False
        for listener in tuple(self._listeners):
            try:
                listener()
            except Exception:  # the write is committed, whatever a listener does
                logger.exception("a listener of %s failed", self._tables.name)

    def check_writable(self) -> None:
        """Raises `StoreError` if nothing can be written: the last write failed, or the disk is nearly full, and a trial
        write fails too; or if the database's server does not answer."""
        if self._tables.is_server:
            with self._tables.reading() as db:
                db.execute(sa.select(1))
        is_full = not self._tables.is_server and _free(self.path.parent) < _LITTLE
        if self._disk_failed or is_full:
            for trial in (bytes(_TRIED), b""):
                with self.write("", "trial") as writer:
                    writer.remember_answer("trial", "", 0, trial)

    def _empty_log(self) -> None:
        """Remove purged values from the write-ahead log. While another process reads an older state, that is not
        possible, and is done after the next write or when the file is closed. No reader sees purged values. The log of
        PostgreSQL is its own."""
        if not isinstance(self._tables, SharedSqlite):
            self._has_purged = False
            return
        try:
            with self._tables.engine.connect() as db:
                db.exec_driver_sql("PRAGMA busy_timeout=0")
                try:
                    self._has_purged = bool(db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar())
                finally:  # on a full disk, too: the next one who writes may get this connection
                    db.exec_driver_sql(f"PRAGMA busy_timeout={BUSY_MS}")
        except FAILURES as e:
            logger.warning("%s: the write-ahead log could not be emptied after a purge: %s", self.path, sqlite.why(e))

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every write of this process, in the thread that wrote: it must be quick and not raise.
        Returns a function that removes it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def sealed(self) -> list[tuple[str, str, str]]:
        """Workspace and key of every sealed context that can be read, and the id of the master key that it needs."""
        found = self._sealed(contexts.c.workspace, contexts.c.key, data_keys.c.master)
        with self._tables.reading() as db:
            return [(row.workspace, row.key, row.master) for row in db.execute(found)]

    def _sealed(self, *columns: Any) -> sa.Select[Any]:
        lasting = contexts.c.expires_at.is_(None) | (contexts.c.expires_at > self.clock.now())
        both = contexts.join(data_keys, data_keys.c.id == contexts.c.data_key)
        return sa.select(*columns).select_from(both).where(contexts.c.deleted_at.is_(None), lasting)

    def sealed_under(self) -> dict[str, int]:
        """How many sealed contexts can be read, by the id of the master key that they need."""
        found = self._sealed(data_keys.c.master, sa.func.count().label("contexts")).group_by(data_keys.c.master)
        with self._tables.reading() as db:
            return {row.master: row.contexts for row in db.execute(found)}

    def expire(self) -> int:
        """Delete expired contexts, and remove for good contexts deleted 30 days ago and old changes and answers.
        Returns how many contexts expired."""
        with self._tables.reading() as db:
            due = sa.select(contexts.c.workspace).where(
                contexts.c.deleted_at.is_(None), contexts.c.expires_at <= self.clock.now()
            )
            spaces: Sequence[str] = db.scalars(due.distinct()).all()
        ended = 0
        for workspace in spaces:
            with self.write(workspace, "expiry") as writer:
                ended += writer.expire()
        if self._has_purged or self._is_unclean():
            with self.write("", "expiry") as writer:
                writer.clean()
        self._add_usage()
        return ended

    def usage(self, workspace: str, by: By, first: str, last: str, *, limit: int = 1000) -> list[UsageRow]:
        """How contexts were used on the days `first` to `last` (as 2026-11-22, UTC), by day, key, session or agent."""
        self._add_usage()
        with self._tables.reading() as db:
            return usage_rows(db, workspace, by, first, last, limit)

    def _add_usage(self) -> None:
        if not self._usage.is_empty:
            with self.write("", "usage") as writer:
                writer.add_usage(self._usage.take())

    def _is_unclean(self) -> bool:
        """Whether there is anything to remove for good. Asked first, since a write makes all others wait."""
        now = self.clock.now()
        with self._tables.reading() as db:
            oldest, newest = db.execute(sa.select(sa.func.min(changes.c.seq), sa.func.max(changes.c.seq))).one()
            gone = sa.select(contexts.c.id).where(contexts.c.deleted_at < now - KEPT_DELETED_S)
            old = sa.select(idempotency.c.name).where(idempotency.c.until <= now)
            kept = (newest or 0) - (oldest or 0)
            return kept >= self.retention.changes or any(db.execute(one.limit(1)).first() for one in (gone, old))

    def _alive(self, workspace: str) -> sa.ColumnElement[bool]:
        return alive(workspace, self.clock.now())

    def snapshot(self) -> AbstractContextManager[sa.Connection]:
        """A connection that reads one state of the file, for the modules of this folder."""
        return self._tables.reading()


def _free(folder: Path) -> int:
    """Bytes that are free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def _in_postgres() -> sa.MetaData:
    from penstock.contexts.postgres_schema import metadata  # not imported by those who do without

    return metadata


TABLES = TableSet(
    "contexts",
    Path(__file__).parent / "migrations",
    metadata,
    _in_postgres,
    words.create,
    ("foreign_keys=ON", "secure_delete=ON"),
)
