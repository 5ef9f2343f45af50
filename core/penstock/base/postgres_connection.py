"""`engine_of`: the SQLAlchemy engine of a PostgreSQL database, whose waits can be bounded: by `deadline` for the
calling thread, by `wait_at_most` for each statement of a connection, and by `Limits` (`PATIENT`, `SOON`) for a
transaction.

A server may stop answering without closing its connections: its machine is frozen, or the network drops what is sent.
Its own time limits do not end a wait then, so connections from here end theirs themselves.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.store_url import refuse_unclear

__all__ = ["CONNECT_S", "PATIENT", "SOON", "Limits", "deadline", "engine_of", "wait_at_most"]

CONNECT_S = 2
"""Seconds that a connection may take where no deadline is nearer."""
_MORE = 24
"""Connections beyond those that are kept: as many as there are threads that may ask at once, so that none waits for
another's."""
_KEPT_S = 300
"""Seconds after which an unused connection is made again."""
_KEEPALIVES = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
"""Seconds, and how often: a machine that is gone is noticed while its answer is waited for."""
_LOOK_S = 0.05
"""Seconds between two looks at the clock while a server is silent."""


class _Until(threading.local):
    at = math.inf


_until = _Until()


class Limits(NamedTuple):
    """How long a transaction may take. What the server does is limited there; it may be silent, so that the wait for
    its answers is limited here."""

    sql: str
    """Run this first in each transaction: behind pgbouncer the next one may have another connection."""
    wait_s: float

    @classmethod
    def of(cls, lock_ms: float, statement_ms: float, wait_s: float, idle_ms: int = 10_000) -> Limits:
        limits = f"SET LOCAL lock_timeout = {lock_ms:.0f}; SET LOCAL statement_timeout = {statement_ms:.0f}; "
        return cls(limits + f"SET LOCAL idle_in_transaction_session_timeout = {idle_ms}", wait_s)


PATIENT = Limits.of(60_000, 600_000, 610)
"""For what nothing waits for: an index of a large table, a deletion, a page of the log."""
SOON = Limits.of(5_000, 10_000, 15)
"""For what the log's thread waits for, behind which events gather."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """What this thread asks of a database in the block ends after `seconds`, or at the deadline of a block around it.
    A connection that is late is closed, and the call raises SQLAlchemy's `OperationalError`."""
    before = _until.at
    _until.at = min(before, time.monotonic() + seconds)
    try:
        yield
    finally:
        _until.at = before


def wait_at_most(db: sa.Connection, seconds: float) -> None:
    """From now on each statement of this connection, its commit too, gets its answer within `seconds`, whatever thread
    waits for it and however many there are, or ends as one that meets its `deadline`."""
    driver: Any = db.connection.driver_connection
    driver.answer_s = seconds


def engine_of(url: str, connections: int = 8) -> sa.Engine:
    """The SQLAlchemy engine of a PostgreSQL database; it connects when it is used. `connections`: how many stay open.
    Raises `StoreError`."""
    refuse_unclear(url)
    try:
        named = sa.make_url(url).set(drivername="postgresql+psycopg")
        engine = sa.create_engine(
            named,
            # Behind pgbouncer a statement prepared on one connection is missing on the next.
            connect_args={
                "prepare_threshold": None,
                "connect_timeout": CONNECT_S,
                "tcp_user_timeout": 5000,
                **_KEEPALIVES,
            },
            poolclass=_Pool,
            pool_size=connections,
            max_overflow=_MORE,
            pool_use_lifo=True,
            # What a firewall or an administrator closed meanwhile is an error on its next use, and an outage of a
            # second. To ask each time whether a connection still lives would cost every request a round trip.
            pool_recycle=_KEPT_S,
        )
    except ImportError as e:
        raise StoreError("a store in PostgreSQL needs its driver: pip install 'penstock[postgres]'") from e
    except (sa.exc.ArgumentError, ValueError) as e:
        raise StoreError("this is no URL of a database: postgresql://USER@HOST/DATABASE was expected") from e
    sa.event.listen(engine, "do_connect", _connect)
    return engine


class _Pool(sa.QueuePool):
    """Waits for a connection that others use until the deadline of the thread, and `CONNECT_S` at most."""

    @property
    def _timeout(self) -> float:
        return max(0.0, min(float(CONNECT_S), _until.at - time.monotonic()))

    @_timeout.setter
    def _timeout(self, seconds: float) -> None:
        """The base class sets its own."""


def _connect(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> Any:
    if math.isinf(_until.at):
        return _driver().connect(*arguments, **named)
    return _Connecting(arguments, named).connection()


class _Connecting:
    """A connection that is made in a thread of its own: the look-up of a name cannot be given up, and the driver waits
    two seconds at least."""

    def __init__(self, arguments: list[Any], named: dict[str, Any]) -> None:
        self._arguments, self._named = arguments, named
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._is_late = False
        self._made: Any = None
        self._error: Exception | None = None
        threading.Thread(target=self._make, name="penstock-connect", daemon=True).start()

    def connection(self) -> Any:
        """The connection, if it is made before the thread's deadline. Raises what the driver raises."""
        self._done.wait(max(0.0, _until.at - time.monotonic()))
        with self._lock:
            if self._error is not None:
                raise self._error
            if self._made is None:
                self._is_late = True
                raise _late("no connection within the time that there was")
            return self._made

    def _make(self) -> None:
        try:
            made = _driver().connect(*self._arguments, **self._named)
        except Exception as e:  # noqa: BLE001 - raised where the connection is waited for
            self._error = e
        else:
            with self._lock:
                self._made = made
                if self._is_late:
                    made.close()
        self._done.set()


@cache
def _driver() -> Any:
    """The driver's class of connections, whose waits end at the deadline of their thread."""
    import psycopg

    class Connection(psycopg.Connection[Any]):
        answer_s = math.inf

        def wait(self, gen: Generator[Any, Any, Any], *args: Any, **named: Any) -> Any:
            until = min(_until.at, time.monotonic() + self.answer_s)
            if math.isinf(until):
                return super().wait(gen, *args, **named)
            return super().wait(self._in_time(gen, until), _LOOK_S)

        def _in_time(self, gen: Generator[Any, Any, Any], until: float) -> Generator[Any, Any, Any]:
            try:
                wanted = next(gen)
                while True:
                    ready = yield wanted
                    if time.monotonic() >= until:  # also while an answer trickles in
                        self.close()  # what it is in the middle of cannot be ended otherwise
                        raise _late("no answer within the time that there was")
                    wanted = gen.send(ready)
            except StopIteration as end:
                return end.value

    return Connection


def _late(what: str) -> Exception:
    import psycopg

    return psycopg.OperationalError(what)
