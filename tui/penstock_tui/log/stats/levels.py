"""`Levels`: the levels of budgets and their changes (`LevelChange`), and providers' rate limits (`ProviderLimit`), as
the log last reported them."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from penstock.base.readable import one_line
from penstock.budget.settings import Level
from penstock.events.event import Event, EventKind
from penstock.events.proxy_events import BudgetEvent
from penstock.events.response_events import AnsweredEvent, FailedEvent
from penstock_tui.log.row import Row

__all__ = ["LevelChange", "Levels", "ProviderLimit"]

Held = TypeVar("Held")
KEPT = 200
LABELS = 500
PROVIDERS = 50
LIMITS = 20


@dataclass(frozen=True, slots=True)
class LevelChange:
    """A budget's change from one level to another."""

    at: float
    budget: str
    before: str
    level: str
    why: str
    period: str = ""
    """The hour, day or month that the level is of, as `BudgetEvent` has it."""

    def is_over(self, now: float) -> bool:
        """Whether the period has ended. The next one logs nothing before its first request."""
        return not datetime.fromtimestamp(now).strftime("%Y-%m-%dT%H").startswith(self.period)


@dataclass(frozen=True, slots=True)
class ProviderLimit:
    """One of a provider's rate limits, as its latest answer reported it."""

    provider: str
    name: str
    at: float
    limit: float | None = None
    remaining: float | None = None
    used: float | None = None
    resets_at: float | None = None


class Levels:
    """Levels of the profile's budgets, and rate limits of providers, from the latest events."""

    KINDS = (EventKind.BUDGET, EventKind.ANSWERED, EventKind.FAILED)

    def __init__(self) -> None:
        self.changes: deque[LevelChange] = deque(maxlen=KEPT)
        """Changes of budget levels, the oldest first."""
        self._levels: OrderedDict[str, LevelChange] = OrderedDict()
        self._limits: OrderedDict[str, list[ProviderLimit]] = OrderedDict()

    @property
    def limits(self) -> list[ProviderLimit]:
        """The rate limits by provider, the one that answered last first."""
        return [limit for told in reversed(self._limits.values()) for limit in told]

    def worst(self, now: float) -> LevelChange | None:
        """The latest event about the budget that is nearest its limit. None: all are normal, as far as is known."""
        known = [one for one in self._levels.values() if _rank(one.level) and not one.is_over(now)]
        return max(known, key=lambda one: (_rank(one.level), one.at), default=None)

    def fold(self, event: Event, row: Row | None) -> None:
        """Take in an event of one of `KINDS`."""
        said = event.data
        if isinstance(said, AnsweredEvent | FailedEvent) and said.limits:
            provider = (row.provider or row.dialect or row.host if row is not None else "") or "?"
            told = [
                ProviderLimit(
                    provider, one_line(one.name, 40), event.at, one.limit, one.remaining, one.used, one.resets_at
                )
                for one in said.limits[:LIMITS]
            ]
            _put(self._limits, provider, told, PROVIDERS)
        elif isinstance(said, BudgetEvent):
            names = (one_line(said.budget, 200), one_line(said.before, 20), one_line(said.level, 20))
            change = LevelChange(event.at, *names, one_line(said.why, 200), one_line(said.period, 20))
            self.changes.append(change)
            _put(self._levels, change.budget, change, LABELS)


def _rank(level: str) -> int:
    return Level[level] if level in Level.__members__ else 0


def _put(held: OrderedDict[str, Held], name: str, value: Held, limit: int) -> None:
    held[name] = value
    held.move_to_end(name)
    while len(held) > limit:
        held.popitem(last=False)
