"""`RelayLead`: which of several processes publishes the log of a PostgreSQL store to a broker, and how far it has."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.postgres_connection import SOON, deadline, engine_of
from penstock.base.upsert import upsert
from penstock.events.cursor import Cursor
from penstock.store import postgres_leases
from penstock.store.postgres_schema import RELAYS, leases
from penstock.store.schema import facts

__all__ = ["RelayLead"]

logger = logging.getLogger(__name__)
LEAD_S = 30.0
"""Seconds after which another process may take over from one that does not say that it lives."""
_SET_PLACE = upsert("postgresql", facts, ["kind", "key"], ["value"])


class RelayLead:
    """A lease named `relay:NAME`, and the place that only its holder moves. A process that stalled past its lease moves
    nothing when it wakes."""

    def __init__(self, url: str, name: str) -> None:
        """Raises `StoreError` where the driver is missing."""
        self._engine, self._name = engine_of(url), name
        self._id, self._me = f"relay:{name}", secrets.token_hex(8)
        self._fence: int | None = None

    def take(self) -> bool:
        """Become or stay the one that publishes. False: another process is. Raises `StoreError`."""
        with self._connected() as db:
            self._fence = postgres_leases.take(db, self._id, self._me, LEAD_S)
        return self._fence is not None

    def read(self) -> Cursor | None:
        """The place of the last published event. None: there is none yet. Raises `StoreError`."""
        with self._connected() as db:
            said = db.scalar(sa.select(facts.c.value).where((facts.c.kind == RELAYS) & (facts.c.key == self._name)))
        return Cursor.read(said["cursor"]) if said else None

    def move(self, cursor: Cursor, broker: str) -> None:
        """Note that all up to a place is published. Raises `StoreError` where another process has taken over."""
        with self._connected() as db:
            mine = (leases.c.id == self._id) & (leases.c.holder == self._me) & (leases.c.fence == self._fence)
            if not db.execute(leases.update().where(mine).values(seen_at=sa.func.clock_timestamp())).rowcount:
                raise StoreError("another relay has taken over")
            value = {"broker": broker, "cursor": str(cursor)}
            db.execute(_SET_PLACE, {"kind": RELAYS, "key": self._name, "value": value})

    def close(self) -> None:
        """Let another process take over at once. Never raises: the lease ends by itself, too."""
        mine = (leases.c.id == self._id) & (leases.c.holder == self._me) & (leases.c.fence == self._fence)
        try:
            if self._fence is not None:
                with self._connected() as db:
                    db.execute(leases.update().where(mine).values(until=None))
        except StoreError as e:
            logger.info("the lease of a relay ends by itself: %s", e)
        self._engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[sa.Connection]:
        """A transaction."""
        try:
            with deadline(SOON.wait_s), self._engine.begin() as db:
                db.exec_driver_sql(SOON.sql)
                yield db
        except sa.exc.SQLAlchemyError as e:
            raise StoreError(f"how far the log was published cannot be read or written: {e}") from e
