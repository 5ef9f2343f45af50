"""`open_database`: the memory's database: a SQLite file of this machine, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from penstock.memory.database import MemoryDatabase

__all__ = ["open_database"]


def open_database(file: Path, url: str = "") -> MemoryDatabase:
    """The database at `url`; without one, the file. Raises `MemoryDown`."""
    if url:
        from penstock.memory.postgres import PostgresMemoryDatabase  # not imported by those who do without

        return PostgresMemoryDatabase(file, url)
    return MemoryDatabase(file)
