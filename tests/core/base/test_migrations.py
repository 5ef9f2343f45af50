"""Migrations of several sets of tables."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

import penstock
from penstock.base.migrations import apply_migrations, newest
from penstock.jobs.schema import metadata as jobs
from penstock.store.schema import metadata as store

CORE = Path(penstock.__path__[0])
SETS = {"store": store, "jobs": jobs}


def test_several_sets_of_tables_in_one_database() -> None:
    """Each has a table of its own for its revision: what one says of itself is nothing to the others."""
    with sa.create_engine("sqlite://").connect() as db:
        for _ in range(2):
            for name, metadata in SETS.items():
                apply_migrations(db, CORE / name / "migrations", metadata, f"{name}_version")
        tables = set(sa.inspect(db).get_table_names())
        assert {*store.tables, *jobs.tables, "store_version", "jobs_version"} == tables
        for name in SETS:
            (revision,) = db.scalars(sa.text(f"SELECT version_num FROM {name}_version"))
            assert revision == newest(CORE / name / "migrations")


def test_an_old_set_is_migrated_beside_another() -> None:
    """Through the migrations, since its revision is there."""
    with sa.create_engine("sqlite://").connect() as db:
        apply_migrations(db, CORE / "store" / "migrations", store, "store_version")
        db.execute(sa.text("CREATE TABLE jobs_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        apply_migrations(db, CORE / "jobs" / "migrations", jobs, "jobs_version")
        assert set(jobs.tables) <= set(sa.inspect(db).get_table_names())
