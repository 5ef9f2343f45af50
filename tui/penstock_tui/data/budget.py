"""`read_budgets`: reads the budgets and what was spent of them (`BudgetSnapshot`, with a `BudgetRow` for each) from the
store, under the profile that the proxy uses. Blocking: call it on a thread."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penstock.base.errors import ProfileError, StoreError
from penstock.base.readable import one_line, readable
from penstock.budget.settings import Budget
from penstock.engine import budget_store
from penstock.profiles import profile as profiles
from penstock.settings.nesting import nested
from penstock.store.opening import open_store

__all__ = ["BudgetRow", "BudgetSnapshot", "read_budgets"]


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """A budget in its current period."""

    scope: str
    key: str
    """The budget's name in commands."""
    name: str
    """The budget's name, safe to display."""
    period: str
    used: Mapping[str, float]
    limits: Mapping[str, float]
    share: float
    """The used share of the limit that is used most."""
    level: str
    session: str = ""
    """For a conversation: the session it shares a budget with."""
    is_main: bool = True
    is_over: bool = False
    """Whether it is a subagent that has done its work."""
    pool: Mapping[str, float] = field(default_factory=dict)
    """For a conversation: what it may use of its session's budget."""

    @property
    def is_shown(self) -> bool:
        """Whether it is used or has a limit; the day's budget is always shown."""
        return self.scope == "day" or (any(self.used.values()) and bool(self.limits or self.pool))


@dataclass(frozen=True, slots=True)
class BudgetSnapshot:
    """All budgets at one time."""

    rows: tuple[BudgetRow, ...] = ()
    """The budgets to show, the widest scope first; agents that share a session's budget after their session."""
    error: str = ""
    """Why there are none, or why they are measured by no profile."""

    @property
    def is_limited(self) -> bool:
        return any(row.limits for row in self.rows)


def read_budgets(path: Path, profile: str, now: float, changed: Mapping[str, Any] | None = None) -> BudgetSnapshot:
    """The budgets in the store at `path`. `changed`: settings that the user changed in this run. Never raises: errors
    are in the result."""
    budget, error = _budget_of(profile, changed or {})
    try:
        with closing(open_store(path, readonly=True)) as store:
            store.end()  # `load` counts from nothing where a store does not answer; a screen must not
            found = budget_store.load(store, now).show(budget, now)
    # A store of another version, or one that is replaced meanwhile, shows as one of these.
    except (StoreError, OSError, ValueError, TypeError, KeyError, AttributeError) as e:
        return BudgetSnapshot(error=f"The budgets in the store cannot be read: {readable(str(e))}")
    return BudgetSnapshot(_in_order([row for row in map(_row, found) if row.is_shown]), error)


def _budget_of(profile: str, changed: Mapping[str, Any]) -> tuple[Budget, str]:
    """The limits of a profile, and a remark where they are not known."""
    if not profile:
        return Budget(), "No proxy has named its profile in this log: limits that it sets are not shown."
    try:
        ours = {key: value for key, value in changed.items() if key.startswith("budget.")}
        return profiles.changed(profiles.load(profile), nested(ours)).budget, ""
    except ProfileError as e:
        return Budget(), f"The limits of profile {profile} are not shown: {readable(str(e))}"


def _row(values: Mapping[str, Any]) -> BudgetRow:
    return BudgetRow(
        scope=values["scope"],
        key=values["name"],
        name=one_line(values["name"]),
        period=values["period"],
        used=values["used"],
        limits=values["limits"],
        share=values["share"],
        level=values["level"],
        session=values.get("session", ""),
        is_main=values.get("main", True),
        is_over=values.get("over", False),
        pool=values.get("pool", {}),
    )


def _in_order(rows: list[BudgetRow]) -> tuple[BudgetRow, ...]:
    sharing: dict[str, list[BudgetRow]] = {}
    for row in rows:
        if row.pool:
            sharing.setdefault(row.session, []).append(row)
    out: list[BudgetRow] = []
    for row in rows:
        if not row.pool:
            out.append(row)
        if row.scope == "session":
            out += sorted(sharing.pop(row.name, []), key=lambda one: not one.is_main)
    return (*out, *(row for rest in sharing.values() for row in rest))
