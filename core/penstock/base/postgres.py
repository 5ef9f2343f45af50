"""`PostgresServer`: the connections to a PostgreSQL database. While its server cannot be reached, its method `reached`
raises `ServerAway` at once. `why`, `why_unopened`, `state_of` and `is_unsure` say what an error means. Works behind
pgbouncer in transaction mode: nothing is set for longer than a transaction. `postgres_connection` makes the
connections."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from penstock.base.errors import ServerAway, StoreError
from penstock.base.outage import ASKED_AGAIN, Outage
from penstock.base.postgres_connection import CONNECT_S, deadline, engine_of

__all__ = ["LOCKED", "MIGRATING", "PostgresServer", "is_unsure", "state_of", "why", "why_unopened"]

MIGRATING = 0x70656E73746F636B
"""The number of the advisory lock under which one process creates or migrates tables, whichever they are."""
LOCKED = "55P03"
"""The SQLSTATE of a lock that was not free in time."""
_NO_DATABASE = re.compile(r'FATAL: +database "(.+)" does not exist')
"""What a server says that speaks English: no SQLSTATE comes with a refused connection."""
_PREFIX = re.compile(r"connection (failed|is bad): (?=connection )")
"""What the driver puts before the same words of the library below it."""


class PostgresServer:
    """A database at its server. Any thread may call."""

    def __init__(
        self,
        url: str,
        connections: int = 8,
        on_answer: Callable[[], None] = lambda: None,
        *,
        is_awaited: bool = False,
        meanwhile: str = ASKED_AGAIN,
    ) -> None:
        """Connects when it is used. `connections`: how many stay open; `on_answer` is called, in a thread of its own,
        when the server answers after an outage. `is_awaited`: one that never answered is waited for, too; else that
        is an error of the caller's alone. `meanwhile`: what goes on during an outage, for the log. Raises
        `StoreError`."""
        self.engine = engine_of(url, connections)
        self.name = _shown(self.engine.url)
        """The database for people, without a password."""
        self._on_answer, self._has_answered = on_answer, is_awaited
        self.outage = Outage(self._probe, self.name, meanwhile)

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Within the block, an error of the connection is noted: until the server answers again, this raises
        `ServerAway` at once."""
        if self.outage.why:
            raise ServerAway(self.outage.why)
        try:
            yield
        except sa.exc.DBAPIError as e:
            # A SQLSTATE is an answer, even to what took too long: a deadline here notices a server that is silent.
            is_away = e.connection_invalidated or (isinstance(e, sa.exc.OperationalError) and not state_of(e))
            if is_away and self._has_answered:
                self.outage.begin(f"{self.name} cannot be reached: {why(e)}")
            raise
        self._has_answered = True

    def close(self) -> None:
        """Close the connections."""
        self.outage.close()
        self.engine.dispose()

    def _probe(self) -> None:
        try:
            with deadline(CONNECT_S), self.engine.connect() as db:
                db.detach()  # closed with the block: in the pool it would stay open where `close` came first
                db.execute(sa.select(1))
            self._on_answer()
        except sa.exc.SQLAlchemyError as e:
            raise StoreError(f"{self.name} cannot be reached: {why(e)}") from e


def state_of(e: sa.exc.DBAPIError) -> str:
    """The SQLSTATE of an error; empty if no server said it: the connection was refused or lost."""
    return getattr(e.orig, "sqlstate", None) or ""


def why(e: Exception) -> str:
    """The first line of what the server or the driver said, and the next step where there is no such database, or where
    it may be the password."""
    found = getattr(e, "orig", None) or e
    said = _PREFIX.sub("", (str(found).strip() or type(found).__name__).splitlines()[0])
    if missing := _NO_DATABASE.search(said):
        return f"{said}: `createdb {missing[1]}` on that server makes it, or correct its URL"
    return f"{said}: if it is about user or password, correct them in its URL" if _has_asked(found) else said


def why_unopened(e: Exception) -> str:
    """`why`, with the next step also where a database cannot be opened since there is no connection."""
    said = why(e)
    is_away = isinstance(e, sa.exc.OperationalError) and not state_of(e) and not said.endswith("its URL")
    return f"{said}: see that its server is up and has this database, or correct its URL" if is_away else said


def _has_asked(e: BaseException | None) -> bool:
    """Whether the server has asked for a password and then refused the connection, for whatever reason: its words may
    be in any language, and no SQLSTATE comes with them."""
    link = getattr(e, "pgconn", None)
    is_asked = getattr(link, "used_password", False) or getattr(link, "needs_password", False)
    return bool(is_asked) and str(e).startswith("connection failed")


def is_unsure(e: StoreError) -> bool:
    """Whether the server may have done what failed: the connection was lost before it said that it could not."""
    cause = e.__cause__
    if isinstance(cause, sa.exc.OperationalError) and not state_of(cause):
        return True
    return isinstance(cause, sa.exc.DBAPIError) and cause.connection_invalidated


def _shown(url: sa.URL) -> str:
    """What a URL says of the place of a database, without anything that may be secret: a query may have a password."""
    hosts, ports = url.host or url.query.get("host", ""), str(url.port or url.query.get("port", ""))
    host = hosts if isinstance(hosts, str) else ",".join(hosts)
    return f"postgresql://{host}{':' if ports else ''}{ports}/{url.database or url.query.get('dbname', '')}"
