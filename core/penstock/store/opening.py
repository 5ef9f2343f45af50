"""`open_store`: opens the store at a path, to write or only to read: in PostgreSQL if the file holds the URL of a
database (`store_file.py`), else in SQLite in the file itself."""

from __future__ import annotations

from pathlib import Path

from penstock.base.store_url import url_in
from penstock.store.base import Store

__all__ = ["open_store"]


def open_store(
    path: Path, *, readonly: bool = False, wait_ms: float | None = None, awaits_server: bool = False
) -> Store:
    """The store at `path`. `wait_ms`: how long one call of a request waits for a database server; None: the store's own
    limit. `awaits_server`: where the server cannot be reached, the store opens itself when it can (`is_awaited`).
    Raises `StoreError`."""
    url = url_in(path)
    if url:
        from penstock.store.postgres import PostgresStore  # imported where it is used: it takes as long as SQLite's

        return PostgresStore(url, path, readonly=readonly, wait_ms=wait_ms, awaits_server=awaits_server)
    from penstock.store.sql import SqlStore  # SQLAlchemy takes longer to import than most commands take to run

    return SqlStore(path, readonly=readonly)
