"""`open_store`: opens a store for writing, in the database that its file names, or in the file itself."""

from __future__ import annotations

from pathlib import Path

from penstock.base.store_url import url_in
from penstock.store.base import Store

__all__ = ["open_store"]


def open_store(path: Path, *, readonly: bool = False) -> Store:
    """The store at `path`. Raises `StoreError`."""
    url = url_in(path)
    if url:
        from penstock.store.postgres import PostgresStore  # imported where it is used: it takes as long as SQLite's

        return PostgresStore(url, path, readonly=readonly)
    from penstock.store.sql import SqlStore  # SQLAlchemy takes longer to import than most commands take to run

    return SqlStore(path, readonly=readonly)
