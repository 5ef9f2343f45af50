"""SQLite databases of ours: opened for their owner alone, and brought to the newest of their migrations."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event

from penstock.base.paths import make_private
from penstock.base.private_files import create

__all__ = ["connect", "migrate", "why"]

logger = logging.getLogger(__name__)

_ONE_AT_A_TIME = threading.Lock()
"""Alembic keeps the migration it is at in modules of its own: two threads would take each other's."""


# What Alembic says of each step, and of the plugins it looks for, is nothing to a person who starts a proxy.
logging.getLogger("alembic").setLevel(logging.WARNING)


def connect(path: Path, busy_ms: int, *pragmas: str) -> sa.Engine:
    """The engine of a database that one process writes; made if there is none. `busy_ms`: how long a write waits for
    another. Raises `OSError`."""
    make_private(path.parent)
    with suppress(FileExistsError):
        create(path).close()  # SQLite would make it with the permissions of the umask
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": busy_ms / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _(connection: Any, _record: Any) -> None:
        # NORMAL: a commit survives a killed process; the last ones may be lost with the machine's power.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", *pragmas):
            connection.execute(f"PRAGMA {pragma}")
        try:
            path.chmod(0o600)  # it holds what people said; SQLite gives the files beside it the same permissions
        except OSError as e:
            logger.warning("%s can be read by others: %s", path, e)

    return engine


def why(e: Exception) -> str:
    """What went wrong, in a line: the driver's own words where there are some."""
    return (str(e.__cause__ or e).strip() or type(e).__name__).splitlines()[0]


def migrate(db: sa.Connection, folder: Path) -> None:
    """Run what is missing, and commit. Any thread may call. Raises what Alembic and the driver raise."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.attributes["connection"] = db
    with _ONE_AT_A_TIME:
        command.upgrade(config, "head")
    db.commit()
