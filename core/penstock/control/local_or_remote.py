"""Commands about budgets and sessions: given to the proxy that has the store; where none is up, done in the store."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from penstock.base.errors import PenstockError
from penstock.budget.settings import Budget
from penstock.control.remote import NotUp, Remote

__all__ = ["do_budget", "do_sessions"]

WAIT_S = 60.0
"""For sessions: a whole log is read, and part of it deleted."""


def do_budget(
    store: Path, budget: Callable[[], Budget], command: str, arguments: Mapping[str, object]
) -> dict[str, Any]:
    """A command of `penstock.control.budget_commands`. `budget`: the limits that count where no proxy is up. Raises
    `PenstockError`."""
    where = store.expanduser().absolute()
    try:
        return Remote(where).do(f"/budget/{command}", arguments)
    except NotUp:
        pass  # nobody else counts: it is done here
    if not where.exists() and command != "set":
        raise PenstockError(f"nothing was spent yet: {where} is not there. `penstock up` begins it")
    from penstock.control.budget_commands import BudgetCommands
    from penstock.engine import budget_store
    from penstock.store.sql import SqlStore

    if command == "show":
        with closing(SqlStore(where, readonly=True)) as held:
            budgets = budget_store.load(held, time.time())
            return BudgetCommands(budgets, budget(), time.time).do(command, arguments)
    with closing(SqlStore(where)) as held:
        budgets = budget_store.load(held, time.time(), save=budget_store.save_in(held))
        return BudgetCommands(budgets, budget(), time.time).do(command, arguments)


def do_sessions(store: Path, command: str, arguments: Mapping[str, object]) -> dict[str, Any]:
    """A command of `penstock.control.session_commands`. Raises `PenstockError`."""
    where = store.expanduser().absolute()
    try:
        return Remote(where).do(f"/sessions/{command}", arguments, WAIT_S)
    except NotUp:
        pass  # nobody works at them: it is done here
    if not where.exists():
        raise PenstockError(f"there is no session yet: {where} is not there. `penstock up` begins it")
    from penstock.control.session_commands import SessionCommands
    from penstock.store.sql import SqlStore

    with closing(SqlStore(where, readonly=command in ("list", "show"))) as held:
        return SessionCommands(held).do(command, arguments)
