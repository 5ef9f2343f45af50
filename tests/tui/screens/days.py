"""`a_day`: writes a day's work into a log, with something of everything that the views show; `books` writes budgets."""

from __future__ import annotations

from typing import Any

from penstock.budget.amount import Amount
from penstock.budget.budgets import Budgets
from penstock.budget.scopes import BudgetOwner, Scope
from penstock.budget.settings import Budget, Limit
from penstock.events.event import EventKind
from tests.budgets_stored import save_in
from tests.tui.logs import Facts, Log, paid_life

__all__ = ["a_day", "books", "compacting", "tagged"]

K = EventKind


def tagged(*names: str, facts: Facts | None = None, **more: Any) -> Facts:
    """A life whose turn got tags."""
    tags = {"tags": list(names), "primary": names[0], "broad": False, "temporal": False, "active": list(names)}
    return [*(facts or paid_life(0.04, 0.01, **more)), (K.TAGGED, {"of": "turn", **tags})]


def compacting(state: str = "landed", why: str = "the cache is cold", **more: Any) -> Facts:
    """A life in which old turns are compacted."""
    facts = paid_life(0.04, 0.01, **more)
    compact = {"stage": "compaction", "op": "compact", "reason": "turns 2 to 9 are old", "before": 9000, "after": 700}
    flush = [(K.FLUSH, {"why": why, "edits": 2})] if state == "landed" else []
    return [*facts[:2], *flush, (K.EDIT, compact | {"state": state, "m": 1, "b": 0, "place": "p.0"}), *facts[2:]]


def a_day(log: Log) -> None:
    """Two sessions; one lost money."""
    log.started()
    log.exchange(tagged("database", "timeouts", words="why is it slow?", session="morning", project="/src/kiln"))
    log.exchange(compacting(words="and now?", session="morning", project="/src/kiln"), id="compacted")
    log.exchange(tagged("docs", facts=paid_life(0.02, 0.05, words="write it down", client="codex", session="evening")))
    log.write(K.FAULT, where="memory", error="no room on the disk")


def books(log: Log, *limits: tuple[Scope, Limit]) -> None:
    """What two agents of a session spent, under `limits`."""
    now = log.clock.now()
    budgets = Budgets(now=now, save=save_in(log.store))
    for scope, limit in limits:
        budgets.set(scope, "", limit)
    for name, is_main in (("main-talk", True), ("sub-talk", False)):
        who = BudgetOwner(name, "morning", "claude-code", "/src/kiln", is_main=is_main)
        budgets.settle(f"paid-{name}", who, Budget(), Amount(dollars=1.5, tokens=1000, requests=1), now)
