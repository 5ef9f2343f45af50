"""What a store in PostgreSQL notes of itself in its facts: `identity_key`, by which all proxies of the database name
conversations alike; and the server it is on: `settle_restored` finds that it was restored on another one, and places
its events before all that this one writes."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from penstock.events.cursor import START
from penstock.store.postgres_schema import IDENTITY, RELAYS, events
from penstock.store.schema import facts

__all__ = ["identity_key", "settle_restored"]

_SERVER = sa.text("SELECT system_identifier FROM pg_control_system()")
"""A number that `initdb` gave the server's files."""


def identity_key(db: sa.Connection) -> bytes:
    """The key in the database, made by the first proxy that opens it."""
    return bytes.fromhex(_first(db, "key", secrets.token_hex(32)))


def settle_restored(db: sa.Connection) -> None:
    """Place the events of a dump from another server before all that this one writes: its transactions have other
    numbers, and what is beyond them could not be read."""
    here = str(db.execute(_SERVER).scalar_one())
    if _first(db, "server", here) != here:
        db.execute(events.update().values(xid="0"))
        # Brokers get events twice rather than never: what a relay has published is not known by these numbers.
        relays = facts.c.kind == RELAYS
        for row in db.execute(facts.select().where(relays)).all():
            again = row.value | {"cursor": str(START)}
            db.execute(facts.update().where(relays & (facts.c.key == row.key)).values(value=again))
        mine = (facts.c.kind == IDENTITY) & (facts.c.key == "server")
        db.execute(facts.update().where(mine).values(value={"server": here}))


def _first(db: sa.Connection, name: str, value: str) -> str:
    """What the first proxy that opened the database has noted by this name: `value`, if it is this one."""
    mine = (facts.c.kind == IDENTITY) & (facts.c.key == name)
    found = db.execute(sa.select(facts.c.value).where(mine)).scalar()
    if found is None:
        found = {name: value}
        db.execute(facts.insert().values(kind=IDENTITY, key=name, value=found))
    return str(found[name])
