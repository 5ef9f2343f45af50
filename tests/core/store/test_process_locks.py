"""The locks of a process on its database outlast all that it does with that file."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from penstock.backup.snapshot import revision_of
from penstock.base.store_url import url_in
from penstock.contexts.contexts import Contexts
from penstock.gateway.database import GatewayStore, has_gateway
from penstock.jobs.jobs import Jobs
from penstock.store.opening import open_store
from penstock.store.reading import open_log

OTHER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("SELECT count(*) FROM events").fetchone()
db.close()
"""
"""What `penstock doctor` and `penstock backup` do in a process of their own."""


def read_log(path: Path) -> None:
    open_log(path).close()


def open_beside(path: Path) -> None:
    for tables in (GatewayStore.beside(path), Jobs.beside(path), Contexts.beside(path)):
        tables.close()


@pytest.mark.parametrize("look", [url_in, has_gateway, read_log, open_beside, revision_of])
def test_another_process_does_not_take_itself_for_the_only_one(look: Callable[[Path], object], tmp_path: Path) -> None:
    """P3, P8: POSIX drops the locks of a process when it closes any descriptor of the file. The next program to open
    the database would then delete the write-ahead log that is in use, with all that is written from then on."""
    path = tmp_path / "penstock.db"
    with closing(open_store(path)) as store:
        store.set_values("kind", {"name": {}})
        look(path)
        log = path.with_name("penstock.db-wal")
        before = log.stat().st_ino
        subprocess.run([sys.executable, "-c", OTHER, str(path)], check=True, timeout=60)
        assert log.exists()
        assert log.stat().st_ino == before
