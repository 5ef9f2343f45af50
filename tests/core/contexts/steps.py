"""Counts what SQLite does, which is the same on every machine."""

from __future__ import annotations

from collections.abc import Callable

from penstock.base.prepared import driver
from penstock.contexts.contexts import Contexts


def steps(contexts: Contexts, work: Callable[[], object]) -> int:
    """Hundreds of steps of SQLite's machine that something takes."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    with contexts.snapshot() as db:  # the connection that the next snapshot has, too
        connection = driver(db)
    connection.set_progress_handler(count, 100)
    work()
    connection.set_progress_handler(None, 0)
    return taken
