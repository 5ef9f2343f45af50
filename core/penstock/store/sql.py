"""`SqlStore`: the `Store` interface on one SQLite file in WAL mode, through SQLAlchemy Core with Alembic migrations. It
keeps events in the order of their numbers, reopens a file that was deleted or replaced, and renames a damaged one and
begins a new one. What it shares with PostgreSQL is in `sql_tables.py`."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, SQLAlchemyError

from penstock.base import sqlite
from penstock.base.errors import StoreError, Unstorable
from penstock.base.migrations import VERSION_TABLE
from penstock.base.sql_refusal import is_refusal
from penstock.edits.edit import Landed
from penstock.events.cursor import START, Cursor
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.events.kinds import stored_names
from penstock.events.proxy_events import FaultEvent
from penstock.store.complete import mark_incomplete
from penstock.store.known_names import KnownNames
from penstock.store.lease import SoleOwner
from penstock.store.lock import StoreLock, was_taken
from penstock.store.schema import conversations, edits, events, metadata
from penstock.store.sql_tables import FAILURES, KINDS, SqlTables, event_of, insert_events
from penstock.store.store_file import refuse_no_file

__all__ = ["SqlStore"]

logger = logging.getLogger(__name__)
BUSY_MS = 150
"""Milliseconds that a write waits for another process. Short: edits are stored while a request waits."""
OURS_S = 0.05
"""Seconds for which a look at whether the file is this process's alone holds: a proxy that takes it over needs longer
to start. Each look gives the interpreter's lock away twice, and waits for it behind the other requests."""
_NOT_OURS = "is no store of Penstock, and was left as it is: name another file"


class SqlStore(SqlTables, SoleOwner):
    """The store in one SQLite file. Owned by one proxy process; others open it with `readonly=True`."""

    identity_key = None

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        refuse_no_file(path)
        self.path = path
        self.readonly = readonly
        self._inode = 0
        self._ours_until = 0.0
        self._known = KnownNames()
        self._mending = threading.Lock()
        self.is_missing = False
        self.is_still = readonly and _is_still(path)
        """What is read is as it was when this was opened: see `_is_still`."""
        self._engine = _connect(path, readonly)
        _check_ours(path)
        if readonly:
            return
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

    def events_after(self, cursor: Cursor = START, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        after = events.c.seq > cursor.seq
        with self._read() as db:
            found = events.select().where(after & events.c.kind.in_(stored_names(kinds) or KINDS))
            rows = db.execute(found.order_by(events.c.seq).limit(limit))
            return [event_of(row) for row in rows]

    def events_upto(self, cursor: Cursor, limit: int = 1000, kinds: Collection[EventKind] = ()) -> list[Event]:
        upto = events.c.seq <= cursor.seq
        with self._read() as db:
            found = events.select().where(upto & events.c.kind.in_(stored_names(kinds) or KINDS))
            rows = db.execute(found.order_by(events.c.seq.desc()).limit(limit))
            return [event_of(row) for row in rows]

    def knows(self, conversation: str) -> bool:
        may_have = not self._is_ours() or self._known.may_have(conversation, self._names)
        return may_have and super().knows(conversation)

    def _is_ours(self) -> bool:
        """Whether no other process writes to the file, and none has put another one in its place."""
        now = time.monotonic()
        if now >= self._ours_until:
            is_held = not self.readonly and self._lock.is_held()
            if not is_held or _inode(self.path) != self._inode:
                return False
            self._ours_until = now + OURS_S
        return True

    def add_edits(self, conversation: str, landed: Sequence[Landed], at: float) -> None:
        with self._known_by([conversation]):
            super().add_edits(conversation, landed, at)

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        with self._known_by([conversation]):
            super().set_tip(conversation, tip, at)

    def set_tips(self, tips: Mapping[str, PrefixHash], at: float) -> None:
        with self._known_by(tips):
            super().set_tips(tips, at)

    @contextmanager
    def _known_by(self, names: Collection[str]) -> Iterator[None]:
        """Note the names of conversations that the block writes: before it, since it may be seen at once, and after it,
        since it forgets what was noted where the file was replaced."""
        self._known.add(names)
        yield
        self._known.add(names)

    def end(self) -> Cursor:
        with self._read() as db:
            return Cursor(seq=int(db.execute(sa.select(sa.func.max(events.c.seq))).scalar() or 0))

    def tail(self, count: int) -> Cursor:
        return Cursor(seq=max(0, self.end().seq - count))

    def count_after(self, cursor: Cursor) -> int:
        return max(0, self.end().seq - cursor.seq)

    def note_missing(self) -> None:
        self.is_missing = True
        mark_incomplete(self.path)

    def _beyond(self, keep_events: int) -> sa.ColumnElement[bool]:
        return events.c.seq <= self.tail(keep_events).seq

    def _names(self, limit: int) -> list[str]:
        every = sa.union(sa.select(conversations.c.id), sa.select(edits.c.conversation))
        with self._read() as db:
            return list(db.scalars(every.limit(limit)))

    @contextmanager
    def _erase(self) -> Iterator[sa.Connection]:
        with self._write() as db:
            db.exec_driver_sql("PRAGMA secure_delete=ON")
            yield db

    def _overwrite(self) -> None:
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
                db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        except FAILURES as e:
            raise StoreError(f"{self.path} cannot be cleaned: {_why(e)}") from e

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
            self._known.clear()
            self._ours_until = 0.0
            self._inode = -1  # the new file may get the number of the old one: whoever comes waits here all the same
            self._engine.dispose()
            self._engine = _connect(self.path, self.readonly)
            self._lock.renew()
            self._open()
            said = f"{self.path} was deleted or replaced while in use; a new one was begun"
            logger.warning("%s", said)
            try:
                with self._engine.begin() as db:
                    insert_events(db, [Event.of(FaultEvent("store", said), time.time())])
            except FAILURES as e:
                raise StoreError(f"{self.path} cannot be written: {_why(e)}") from e
            self._inode = _inode(self.path)

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        self._mend()
        try:
            with self._engine.begin() as db:
                yield db
        except FAILURES as e:
            mark_incomplete(self.path)
            kind = Unstorable if is_refusal(e) else StoreError
            raise kind(f"{self.path} cannot be written: {_why(e)}") from e

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        self._mend()
        try:
            with self._engine.connect() as db:
                yield db
        except FAILURES as e:
            raise StoreError(f"{self.path} cannot be read: {_why(e)}") from e


def _connect(path: Path, readonly: bool) -> sa.Engine:
    if not readonly:
        try:
            # Else what an insert of several rows may have to undo, the pages with what people said, goes to /var/tmp.
            return sqlite.connect(path, BUSY_MS, "temp_store=MEMORY")
        except OSError as e:
            raise StoreError(f"{path} cannot be made: {e}") from e
    if not path.exists():
        raise StoreError(
            f"{path} does not exist: no proxy has written there yet. `penstock run -- CLIENT` begins it; --store names "
            "another one, such as the demo's"
        )
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
    """Raises `StoreError` for a file that is no store of Penstock, such as another program's database. SQLite is asked,
    since to open the file here would cost this process its locks on it; see `url_in`. As immutable, so that nothing is
    made beside it."""
    if not path.is_file():
        return
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as e:  # what else is wrong will be told by opening it
        if e.sqlite_errorcode == sqlite3.SQLITE_NOTADB and not was_taken(path):
            raise StoreError(f"{path} {_NOT_OURS}") from e
        return
    if tables and tables.isdisjoint({VERSION_TABLE, *metadata.tables}) and not was_taken(path):
        raise StoreError(f"{path} {_NOT_OURS}")


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
