"""Databases that are brought up to date at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from penstock.memory.records import Records
from penstock.store.sql import SqlStore


def test_stores_and_memories_are_made_at_the_same_time(tmp_path: Path) -> None:
    """By as many threads as there are: none takes another's migration for its own."""

    def make(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        made = SqlStore(folder / "penstock.db") if number % 2 else Records(folder / "memory.db")
        made.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make, range(24)))
