"""Bring a database to the newest of the migrations in a folder."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import sqlalchemy as sa

__all__ = ["UnknownRevision", "migrate", "newest"]

_VERSIONS = sa.Table(
    "alembic_version",
    sa.MetaData(),
    sa.Column("version_num", sa.String(32), nullable=False),
    sa.PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Where Alembic keeps which migration was the last."""
_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration it is at in modules of its own: two threads would take each other's."""


# What Alembic says of each step, and of the plugins it looks for, is nothing to a person who starts a proxy.
logging.getLogger("alembic").setLevel(logging.WARNING)


class UnknownRevision(Exception):
    """A newer version of Penstock migrated the database."""


def newest(folder: Path) -> str:
    """The revision of the last migration in `folder`, whose files are called REVISION_WORDS.py and sort in order."""
    return max(file.stem.partition("_")[0] for file in (folder / "versions").glob("[0-9]*.py"))


def migrate(db: sa.Connection, folder: Path, metadata: sa.MetaData) -> None:
    """Run what is missing, and commit; a new database gets the tables of `metadata`, which are those the migrations
    make. Any thread may call. Raises `UnknownRevision`, and what the driver raises."""
    # What is interrupted leaves nothing behind: SQLite can, its driver does not by itself.
    db.exec_driver_sql("BEGIN")
    tables = sa.inspect(db).get_table_names()
    if not tables:
        metadata.create_all(db, checkfirst=False)
        _VERSIONS.create(db)
        db.execute(_VERSIONS.insert().values(version_num=newest(folder)))
    elif _VERSIONS.name not in tables or db.scalars(sa.select(_VERSIONS)).all() != [newest(folder)]:
        _upgrade(db, folder)
    db.commit()


def _upgrade(db: sa.Connection, folder: Path) -> None:
    # Takes a quarter of a second to import: only a start with an old database pays for it.
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = db
    try:
        with _ONE_AT_A_TIME:
            command.upgrade(config, "head")
    except CommandError as e:
        raise UnknownRevision(str(e)) from e
