"""Bring a database to the newest of the migrations in a folder."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

__all__ = ["migrate"]

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration it is at in modules of its own: two threads would take each other's."""


# What Alembic says of each step, and of the plugins it looks for, is nothing to a person who starts a proxy.
logging.getLogger("alembic").setLevel(logging.WARNING)


def migrate(db: sa.Connection, folder: Path) -> None:
    """Run what is missing, and commit. Any thread may call. Raises what Alembic and the driver raise."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = db
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")
    db.commit()
