"""Counts what SQLite does, which is the same on every machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from penstock.contexts.contexts import Contexts


def steps(contexts: Contexts, work: Callable[[], object]) -> int:
    """Hundreds of steps of SQLite's machine that something takes."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    def bound(raw: Any, *_: object) -> None:
        raw.set_progress_handler(count, 100)

    sa.event.listen(contexts._tables.engine, "checkout", bound)
    work()
    sa.event.remove(contexts._tables.engine, "checkout", bound)
    return taken
