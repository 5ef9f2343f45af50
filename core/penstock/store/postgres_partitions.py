"""The partitions of the event table in PostgreSQL, one for each day: `prepare` makes those of the days that come,
`past_partitions` and `drop` drop those that are past their time, which costs no more than to delete a file. A day is
one of the server's clock, in UTC, so that no proxy's clock decides. What has no day of its own, such as events of
before there were partitions, is in the partitions `events_before` and `events_rest`, and is deleted row by row."""

from __future__ import annotations

import datetime
import logging
import re

import sqlalchemy as sa

from penstock.base.postgres import LOCKED, state_of
from penstock.events.cursor import Cursor
from penstock.store.postgres_schema import events

__all__ = ["drop", "past_partitions", "prepare", "rest", "today"]

logger = logging.getLogger(__name__)
_AHEAD = 2
"""Days for which partitions are made before they begin."""
_BEFORE, _REST = "events_before", "events_rest"
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_DAY_S = 86_400.0
_MAKING = 0x70656E7061
"""The number of the advisory lock under which one process makes or drops partitions."""
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = 2000"
"""Who reads the log holds up a change of its partitions, and whoever writes or reads next waits behind that."""
_IS_PARTITIONED = sa.text("SELECT relkind = 'p' FROM pg_class WHERE oid = CAST('events' AS regclass)")
_NAMES = sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST('events' AS regclass)")
_TODAY = sa.select(sa.cast(sa.func.floor(sa.extract("epoch", sa.func.clock_timestamp()) / _DAY_S), sa.BigInteger))
_MAX = "SELECT xid::text::bigint, seq FROM {} ORDER BY xid DESC, seq DESC LIMIT 1"
_ROWS = sa.text("SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass(:name)")
_DATED = re.compile(r"events_(\d{8})")
rest = events.to_metadata(sa.MetaData(), name=_REST)
"""Events of days whose partition could not be made in time."""


def prepare(db: sa.Connection) -> None:
    """Make the partitions of today and the next days, where they lack; an event table of an earlier version becomes
    the first partition. Where others hold the table for longer, that is left for the next call: events go to
    `events_rest` meanwhile."""
    _alone(db)
    if not db.execute(_IS_PARTITIONED).scalar_one():
        _partition(db)
    there, first = set(db.scalars(_NAMES)), today(db)
    if _BEFORE not in there:
        db.exec_driver_sql(f"CREATE TABLE {_BEFORE} PARTITION OF events FOR VALUES FROM (MINVALUE) TO (1)")
        db.exec_driver_sql(f"CREATE TABLE {_REST} PARTITION OF events DEFAULT")
    for day in range(first, first + _AHEAD + 1):
        if _name(day) not in there and not _make(db, day):
            return


def today(db: sa.Connection) -> int:
    """The server's day: how many have been since 1970."""
    return int(db.execute(_TODAY).scalar_one())


def past_partitions(db: sa.Connection, before: float, upto: Cursor) -> list[str]:
    """The partitions of days that ended before the time `before`, or whose events are none after `upto`, the oldest
    first; none of today and yesterday, where events may still come. To be called in the transaction of `prepare`: until
    it ends, no other process drops one."""
    found, closed = [], today(db) - 2
    for name in sorted(db.scalars(_NAMES)):
        if (named := _DATED.fullmatch(name)) is None or (day := _day(named[1])) > closed:
            continue
        newest = db.exec_driver_sql(_MAX.format(name)).first()
        if newest is None or (day + 1) * _DAY_S <= before or Cursor(*newest) <= upto:
            found.append(name)
    return found


def drop(db: sa.Connection, name: str) -> int | None:
    """Drop one of `past_partitions`. Returns about how many events it had, 0 if another process has dropped it; None:
    others hold the table, and it is still there."""
    _alone(db)
    rows = db.execute(_ROWS, {"name": name}).scalar()
    if rows is None:
        return 0
    try:
        db.exec_driver_sql(f"{_LOCK_TIMEOUT}; DROP TABLE {name}")
    except sa.exc.OperationalError as e:
        if state_of(e) != LOCKED:
            raise
        db.rollback()
        logger.info("%s is dropped later: others hold the table", name)
        return None
    return int(rows)


def _alone(db: sa.Connection) -> None:
    """Until the transaction ends, no other process makes or drops partitions."""
    db.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))


def _make(db: sa.Connection, day: int) -> bool:
    """Make the partition of a day. Returns whether the next ones may be made: others do not hold the table."""
    if db.execute(sa.select(rest.c.seq).where(rest.c.day == day).limit(1)).first() is not None:
        return True  # its events have begun there
    name = _name(day)
    try:
        with db.begin_nested():
            # To attach a table holds up no other writers; to create it as a partition would.
            db.exec_driver_sql(f"{_LOCK_TIMEOUT}; CREATE TABLE {name} (LIKE events INCLUDING ALL)")
            db.exec_driver_sql(f"ALTER TABLE events ATTACH PARTITION {name} FOR VALUES FROM ({day}) TO ({day + 1})")
    except sa.exc.OperationalError as e:
        if state_of(e) != LOCKED:
            raise
        logger.info("%s is made later: others hold the table", name)
        return False
    except sa.exc.IntegrityError:
        logger.info("%s is not made: events of its day have come to %s meanwhile", name, _REST)
    return True


def _partition(db: sa.Connection) -> None:
    """Make the event table of an earlier version the first partition of a new one, in place."""
    for statement in (
        f"ALTER TABLE events RENAME TO {_BEFORE}",
        f"ALTER TABLE {_BEFORE} ADD COLUMN day bigint NOT NULL DEFAULT 0",
        f"ALTER TABLE {_BEFORE} DROP CONSTRAINT events_pkey",
        *(f"ALTER INDEX {one.name} RENAME TO {one.name}_before" for one in events.indexes),
        "ALTER SEQUENCE events_seq_seq OWNED BY NONE",
        "ALTER SEQUENCE events_seq_seq RENAME TO events_seq_before",
    ):
        db.exec_driver_sql(statement)
    events.create(db)
    for statement in (
        "SELECT setval('events_seq_seq', last_value, is_called) FROM events_seq_before",
        f"ALTER TABLE {_BEFORE} ALTER COLUMN seq SET DEFAULT nextval('events_seq_seq')",
        f"ALTER TABLE {_BEFORE} ALTER COLUMN day DROP DEFAULT",
        "DROP SEQUENCE events_seq_before",
        f"ALTER TABLE events ATTACH PARTITION {_BEFORE} FOR VALUES FROM (MINVALUE) TO (1)",
        f"CREATE TABLE {_REST} PARTITION OF events DEFAULT",
    ):
        db.exec_driver_sql(statement)


def _name(day: int) -> str:
    return f"events_{datetime.date.fromordinal(_EPOCH + day):%Y%m%d}"


def _day(date: str) -> int:
    return datetime.datetime.strptime(date, "%Y%m%d").toordinal() - _EPOCH
