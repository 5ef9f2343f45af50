"""How near each counter is to its limits, and what level that is."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from penstock.budget import messages
from penstock.budget.amount import MEASURES, Amount
from penstock.budget.counter import Counter
from penstock.budget.counter_table import CounterTable
from penstock.budget.level import Level, next_level
from penstock.budget.pool import Member, shares
from penstock.budget.scopes import Key, limit_of
from penstock.budget.settings import Budget, Limit

__all__ = ["IDLE_S", "Change", "LimitEvaluator", "LimitStatus", "is_over", "nearest"]

IDLE_S = 600.0
"""A subagent that asked for nothing so long has done its work."""


@dataclass(frozen=True, slots=True)
class LimitStatus:
    """How near a request is to the end of the budgets it counts for."""

    level: Level = Level.NORMAL
    why: str = ""
    """Whose budget, and how much of it is used. In words for the client where the level is BLOCKED."""
    is_final: bool = True
    """False: it is BLOCKED by what is held for requests that are under way, and may cost less."""


@dataclass(frozen=True, slots=True)
class Change:
    """A budget that is at another level now."""

    label: str
    before: Level
    level: Level
    why: str


class LimitEvaluator:
    """Not for several threads at once."""

    def __init__(self, books: CounterTable, limits: dict[str, Limit], on_change: Callable[[Change], None]) -> None:
        """`limits`: those that a person set, by scope, or scope and name."""
        self.limits = limits
        self._books, self._on_change = books, on_change

    def look(self, key: Key, counter: Counter, budget: Budget, *, is_calm: bool = False) -> LimitStatus:
        """How near `counter` is to the limits of `key`; a level that changed by it is told. `is_calm`: a
        person changed what counts, and no margin keeps a level up that is not right any more."""
        limits = self._amounts(key, budget)
        if not limits:
            return LimitStatus()
        share, measure, limit = nearest(counter.taken, limits)
        before = Level.NORMAL if is_calm or not counter.is_by(limits) else counter.level
        level = next_level(share, before, budget)
        why = f"{key.label}: {_part(share)}"
        if counter.adopts(limits) and level is not counter.level:
            before, counter.level = counter.level, level
            self._tell(key, Change(key.label, before, level, why))
        if level is not Level.BLOCKED:
            return LimitStatus(level, why)
        used_up = {m: most for m, most in limits.items() if counter.used.of(m) >= most}
        if used_up:
            _, measure, limit = nearest(counter.used, used_up)
        said = messages.blocked(key, measure, counter.taken.of(measure), limit, chat=budget.chat)
        return LimitStatus(level, said, is_final=bool(used_up))

    def look_at_share(
        self, session: Key, key: Key, counter: Counter, budget: Budget, now: float, *, is_calm: bool = False
    ) -> LimitStatus:
        """How near a conversation is to its share of a session. `key`: the conversation; `counter`: what it took of
        the session. A main agent is never stopped by what its subagents may need: the session's own budget does that.
        """
        pool = self.pool(session, budget, now, counter)
        if not pool and counter.share_level is Level.NORMAL:
            return LimitStatus()
        at = next(at for at, one in enumerate(self._books.members(session).values()) if one is counter)
        limits = {measure: given[at] for measure, given in pool.items()}
        share, measure, limit = nearest(counter.shared, limits)
        level = next_level(share, Level.NORMAL if is_calm else counter.share_level, budget)
        level = min(level, Level.MINIMAL) if counter.is_main else level
        why = f"share of {session.label}: {_part(share)}"
        if level is not counter.share_level:
            before, counter.share_level = counter.share_level, level
            self._tell(key, Change(key.label, before, level, why))
        if level is not Level.BLOCKED:
            return LimitStatus(level, why)
        used = (counter.used - counter.own).of(measure)
        # Others may end, and what is held for them may cost less: then there is more for this one.
        return LimitStatus(level, messages.share_blocked(measure, used, limit), is_final=used >= limit > 0)

    def _tell(self, key: Key, change: Change) -> None:
        self._books.note(key)
        self._on_change(change)

    def pool(self, session: Key, budget: Budget, now: float, asking: Counter | None = None) -> dict[str, list[float]]:
        """By measure, what each conversation of a session may use of it, in their order. Who is `asking` is at work.
        Empty: nobody has to share."""
        limits, mine = self._amounts(session, budget), self._books.members(session).values()
        if not limits or len(mine) < 2:
            return {}
        whole, out = self._books.find(session), {}
        own_calls = whole.own + whole.own_held
        agents = [
            (budget.main_weight if one.is_main else 1.0, one.shared, one is not asking and is_over(one, now))
            for one in mine
        ]
        for measure, limit in limits.items():
            members = [Member(weight, getattr(shared, measure), is_over) for weight, shared, is_over in agents]
            own = max(budget.reserve * limit, own_calls.of(measure))
            out[measure] = shares(max(0.0, limit - own), members)
        return out

    def _amounts(self, key: Key, budget: Budget) -> dict[str, float]:
        limit, raised = self._limit(key, budget), self._books.find(key).raised
        return {m: most + raised.of(m) for m in MEASURES if (most := limit.of(m)) is not None}

    def known(self, key: Key, counter: Counter, budget: Budget) -> dict[str, float]:
        """The limits that a person means: those of `budget`, else those of the profile whose client met them."""
        return self._amounts(key, budget) or dict(counter.limits or {})

    def _limit(self, key: Key, budget: Budget) -> Limit:
        own = self.limits.get(f"{key.scope}|{key.name}") or self.limits.get(str(key.scope))
        return own or limit_of(budget, key.scope)

    def pools(self, sessions: Iterable[Key], budget: Budget, now: float) -> dict[str, dict[str, float]]:
        """By conversation, what each may use of its session, once for all."""
        out: dict[str, dict[str, float]] = {}
        for session in sessions:
            given = self.pool(session, budget, now)
            for at, member in enumerate(self._books.members(session)):
                out[member.name] = {measure: amounts[at] for measure, amounts in given.items()}
        return out


def is_over(one: Counter, now: float) -> bool:
    """Whether a subagent has done its work, and what it did not use is for the others."""
    return not one.is_main and (one.is_over or (one.at < now - IDLE_S and one.held == Amount()))


def nearest(taken: Amount, limits: Mapping[str, float]) -> tuple[float, str, float]:
    """The largest used part of a limit, its measure and the limit. No measure: there is none."""
    found = [(taken.of(m) / limit if limit > 0 else math.inf, m, limit) for m, limit in limits.items()]
    return max(found, default=(0.0, "", 0.0))


def _part(share: float) -> str:
    return f"{min(share, 9.99):.0%} used"
