"""`BudgetCommands`: the commands `show`, `set`, `raise` and `reset` of budgets, with plain data in and out. They run in
a proxy (`run_budget_command`) and, where none runs, on the store. Raises `PenstockError`, with a text for the person
who asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from penstock.base.dispatch import run_command
from penstock.base.errors import PenstockError
from penstock.budget.amount import MEASURES, Amount
from penstock.budget.budgets import Budgets
from penstock.budget.rate_limiter import RateLimiter
from penstock.budget.scopes import Scope
from penstock.budget.settings import Budget, Limit
from penstock.engine.admission import AdmissionControl

__all__ = ["COMMANDS", "BudgetCommands", "run_budget_command"]

Answer = dict[str, Any]
_More = Annotated[float, Field(ge=0, allow_inf_nan=False)]
COMMANDS = frozenset({"show", "set", "raise", "reset"})


def run_budget_command(
    admission: AdmissionControl, command: str, arguments: Mapping[str, object], budget: Budget
) -> Answer:
    """Run a command on the budgets of a running engine. Raises `PenstockError`."""
    done = BudgetCommands(admission.budgets, budget, admission.clock.now, admission.speed).do(command, arguments)
    admission.raised(done.get("raised", ()))
    return done


class BudgetCommands:
    """Runs commands for one set of budgets, under the limits of one profile."""

    def __init__(
        self, budgets: Budgets, budget: Budget, now: Callable[[], float], speed: RateLimiter | None = None
    ) -> None:
        self._budgets, self._budget, self._now, self._speed = budgets, budget, now, speed or RateLimiter()

    def do(self, command: str, arguments: Mapping[str, object]) -> Answer:
        """Carry a command out. Raises `PenstockError`, with a text for the person who asked."""
        return run_command(self, COMMANDS, command, arguments)

    def _show(self) -> Answer:
        now = self._now()
        is_limited = self._budgets.is_limited(self._budget)
        return {
            "budgets": self._budgets.show(self._budget, now),
            "limited": is_limited,
            "rates": self._speed.show(now),
        }

    def _set(
        self,
        scope: Scope,
        name: str = "",
        dollars: float | None = None,
        tokens: float | None = None,
        requests: float | None = None,
        none: bool = False,
    ) -> Answer:
        if scope is Scope.DAY and name:
            raise PenstockError(f"set: there is but one day, and none called {name!r}")
        limit = Limit(dollars=dollars, tokens=tokens, requests=requests)
        if not none and not any(limit.of(measure) for measure in MEASURES):
            raise PenstockError("say how much: --dollars, --tokens or --requests; or --none for the profile's limits")
        self._budgets.set(scope, name, None if none else limit)
        return {"set": f"{scope} {name}".strip()}

    def _raise(
        self,
        scope: Scope | None = None,
        name: str = "",
        dollars: _More = 0.0,
        tokens: _More = 0.0,
        requests: _More = 0.0,
    ) -> Answer:
        by = Amount(dollars, tokens, requests)
        given = by if by != Amount() else None
        return {"raised": self._budgets.raise_(self._budget, self._now(), scope, name, by=given)}

    def _reset(self, scope: Scope | None = None, name: str = "") -> Answer:
        return {"reset": self._budgets.reset(self._budget, self._now(), scope, name)}
