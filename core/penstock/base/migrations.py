"""`apply_migrations`: brings the tables of a database to the newest revision, with Alembic; raises `UnknownRevision` if
a newer version of Penstock has migrated the database. `newest`: the last revision in a folder of migrations."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import sqlalchemy as sa

__all__ = ["UnknownRevision", "apply_migrations", "newest"]

VERSION_TABLE = "alembic_version"
"""The table in which Alembic keeps the revision."""
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration it is at in modules of its own: two threads would take each other's."""

# What Alembic says of each step, and of the plugins it looks for, is nothing to a person who starts a proxy.
logging.getLogger("alembic").setLevel(logging.WARNING)


class UnknownRevision(Exception):
    """The database was migrated by a newer version of Penstock."""


def newest(folder: Path) -> str:
    """The revision of the last migration in `folder`, whose files are called REVISION_WORDS.py and sort in order."""
    return max(file.stem.partition("_")[0] for file in (folder / "versions").glob("[0-9]*.py"))


def apply_migrations(
    db: sa.Connection, folder: Path, metadata: sa.MetaData, version_table: str = VERSION_TABLE
) -> None:
    """Run the migrations in `folder` that a database lacks, in the transaction of `db`; a database without any of the
    tables gets those of `metadata`, which are the same ones. `version_table`: the table that keeps the revision; a
    database with several sets of tables has one for each. Any thread may call. Raises `UnknownRevision`, and what the
    driver raises."""
    versions = sa.Table(
        version_table,
        sa.MetaData(),
        sa.Column("version_num", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("version_num", name=f"{version_table}_pkc"),
    )
    tables = set(sa.inspect(db).get_table_names())
    if tables.isdisjoint({version_table, *metadata.tables}):
        metadata.create_all(db, checkfirst=False)
        versions.create(db)
        db.execute(versions.insert().values(version_num=newest(folder)))
    elif version_table not in tables or db.scalars(sa.select(versions)).all() != [newest(folder)]:
        _upgrade(db, folder, version_table)


def _upgrade(db: sa.Connection, folder: Path, version_table: str) -> None:
    # Takes a quarter of a second to import: only a start with an old database pays for it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = db
    config.attributes["version_table"] = version_table
    try:
        with _ONE_AT_A_TIME:
            command.upgrade(config, "head")
    except CommandError as e:
        raise UnknownRevision(str(e)) from e
