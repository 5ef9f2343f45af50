"""The SQL table of jobs. A change here needs a migration in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, Index, MetaData, Table, Text, text

from penstock.base.sql_types import Name, Number

__all__ = ["jobs", "metadata"]

metadata = MetaData()
_OPEN = text("twin != '' AND state IN ('waiting', 'running')")
_WAITING = text("state = 'waiting'")

jobs = Table(
    "jobs",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("queue", Name(40), nullable=False),
    Column("kind", Name(40), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("state", Name(10), nullable=False),
    Column("tries", Number, nullable=False),
    Column("run_after", Float, nullable=False),
    Column("holder", Name(40), nullable=False),
    Column("fence", Number, nullable=False),
    Column("heartbeat_at", Float),
    Column("cancel", Boolean, nullable=False),
    Column("twin", Name(200), nullable=False),
    Column("result", JSON),
    Column("error", Text, nullable=False),
    Column("progress", JSON),
    Column("at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Index("jobs_twin", "twin", unique=True, sqlite_where=_OPEN, postgresql_where=_OPEN),
    Index("jobs_due", "queue", "run_after", sqlite_where=_WAITING, postgresql_where=_WAITING),
    Index("jobs_state", "state", "id"),
    sqlite_autoincrement=True,
)
"""`holder`: the process that runs it; `fence` rises with each that does. `twin`: while one of this name waits or runs,
no second is added; empty: any number. Times are seconds since the epoch."""
