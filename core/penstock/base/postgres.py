"""`PostgresServer`: the connections to a PostgreSQL database, and what is known of whether its server can be reached;
`why`, `state_of`: what an error says. Works behind pgbouncer in transaction mode: nothing is set for longer than a
transaction."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from penstock.base.errors import StoreError

__all__ = ["CANCELLED", "LOCKED", "MIGRATING", "PostgresServer", "engine_of", "limits", "state_of", "why"]

MIGRATING = 0x70656E73746F636B
"""The number of the advisory lock under which one process creates or migrates tables, whichever they are."""
LOCKED, CANCELLED = "55P03", "57014"
"""SQLSTATEs: a lock was not free in time; a statement took too long."""
_WAIT_S = 2
"""Seconds that a connection may take."""
_REST_S = 1.0
"""Seconds for which nothing is tried after the server could not be reached, so that no request waits for it."""


def limits(lock_ms: int, statement_ms: int, idle_ms: int = 10_000) -> str:
    """Statements that limit the waits of a transaction. They are sent with each as one message: behind pgbouncer the
    next transaction may have another connection."""
    return (
        f"SET LOCAL lock_timeout = {lock_ms}; SET LOCAL statement_timeout = {statement_ms}; "
        f"SET LOCAL idle_in_transaction_session_timeout = {idle_ms}"
    )


class PostgresServer:
    """A database at its server. Any thread may call."""

    def __init__(self, url: str, connections: int = 8) -> None:
        """Connects when it is used. `connections`: how many stay open. Raises `StoreError`."""
        self.engine = engine_of(url, connections)
        self.name = _shown(self.engine.url)
        """The database for people, without a password."""
        self._down, self._down_until = "", 0.0

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Within the block, an error of the connection is noted: for a second after it, this raises `StoreError` at
        once."""
        if time.monotonic() < self._down_until:
            raise StoreError(self._down)
        try:
            yield
        except sa.exc.DBAPIError as e:
            if e.connection_invalidated or (isinstance(e, sa.exc.OperationalError) and state_of(e) in ("", CANCELLED)):
                self._down = f"{self.name} cannot be reached: {why(e)}"
                self._down_until = time.monotonic() + _REST_S
            raise

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


def engine_of(url: str, connections: int = 8) -> sa.Engine:
    """The SQLAlchemy engine of a PostgreSQL database; it connects when it is used. Raises `StoreError`."""
    try:
        named = sa.make_url(url).set(drivername="postgresql+psycopg")
        return sa.create_engine(
            named,
            # Behind pgbouncer a statement prepared on one connection is missing on the next.
            connect_args={"prepare_threshold": None, "connect_timeout": _WAIT_S, "tcp_user_timeout": 5000},
            pool_size=connections,
            pool_timeout=_WAIT_S,
            pool_use_lifo=True,
        )
    except ImportError as e:
        raise StoreError("a store in PostgreSQL needs its driver: pip install 'penstock[postgres]'") from e
    except (sa.exc.ArgumentError, ValueError) as e:
        raise StoreError("this is no URL of a database: postgresql://USER@HOST/DATABASE was expected") from e


def state_of(e: sa.exc.DBAPIError) -> str:
    """The SQLSTATE of an error; empty if no server said it: the connection was refused or lost."""
    return getattr(e.orig, "sqlstate", None) or ""


def why(e: Exception) -> str:
    """The first line of what the server or the driver said."""
    said = str(getattr(e, "orig", None) or e).strip() or type(e).__name__
    return said.splitlines()[0]


def _shown(url: sa.URL) -> str:
    """What a URL says of the place of a database, without anything that may be secret: a query may have a password."""
    hosts, ports = url.host or url.query.get("host", ""), str(url.port or url.query.get("port", ""))
    host = hosts if isinstance(hosts, str) else ",".join(hosts)
    return f"postgresql://{host}{':' if ports else ''}{ports}/{url.database or url.query.get('dbname', '')}"
