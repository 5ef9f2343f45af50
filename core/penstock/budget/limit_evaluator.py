"""`LimitEvaluator`: how close each counter is to its limits, and which level that is (`LimitStatus`, with the message
for a client that is refused); reports each change of level (`Change`). `shares`: how a session's budget is divided
among its agents."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from penstock.base.format import printable
from penstock.budget.amount import MEASURES, Amount, part_in_words
from penstock.budget.chat_command import CHAT_ORDER
from penstock.budget.counters import Counter, CounterTable
from penstock.budget.scopes import Key, Scope, limit_of
from penstock.budget.settings import Budget, Level, Limit

__all__ = ["IDLE_S", "Change", "LimitEvaluator", "LimitStatus", "Member", "is_over", "nearest", "shares"]

IDLE_S = 600.0
"""Seconds without a request after which a subagent counts as finished."""
_WHOSE = {
    Scope.DAY: "the budget for everything",
    Scope.PROJECT: "the budget of project {name}",
    Scope.AGENT: "the budget of {name}",
    Scope.SESSION: "the budget of this session",
    Scope.CONVERSATION: "the budget of this conversation",
}
_SPANS = {10: "today", 7: "this month", 13: "this hour", 0: ""}
"""The wording of a period, by the length of its text: `2026-01-31` has 10 characters."""


@dataclass(frozen=True, slots=True)
class LimitStatus:
    """How close a request is to the end of the budgets it counts for."""

    level: Level = Level.NORMAL
    why: str = ""
    """Whose budget it is, and how much of it is used; a message for the client if the level is BLOCKED."""
    is_final: bool = True
    """False: it is BLOCKED by what is held for requests that are under way, and may cost less."""


@dataclass(frozen=True, slots=True)
class Change:
    """A budget that reached another level."""

    label: str
    before: Level
    level: Level
    why: str
    period: str = ""
    """The one that it is the budget of, as `Key` has it."""


class LimitEvaluator:
    """Compares counters with their limits. Not thread-safe."""

    def __init__(self, books: CounterTable, limits: dict[str, Limit], on_change: Callable[[Change], None]) -> None:
        """`limits`: the limits that a person set, by scope, or by scope and name."""
        self.limits = limits
        self._books, self._on_change = books, on_change

    def look(self, key: Key, counter: Counter, budget: Budget, *, is_calm: bool = False) -> LimitStatus:
        """How near `counter` is to the limits of `key`; a change of its level is reported to `on_change`. `is_calm`: a
        person changed a limit or a counter, so that the margin does not keep an old level up."""
        limits = self._amounts(key, budget)
        if not limits:
            return LimitStatus()
        share, measure, limit = nearest(counter.taken, limits)
        if counter.limits is None:
            counter.limits = limits
        is_its_own = counter.limits == limits
        before = counter.level if is_its_own and not is_calm else Level.NORMAL
        level = budget.next_level(share, before)
        why = f"{key.label}: {_part(share)}"
        if is_its_own and level is not counter.level:
            before, counter.level = counter.level, level
            self._tell(key, Change(key.label, before, level, why, key.period))
        if level is not Level.BLOCKED:
            return LimitStatus(level, why)
        used_up = {m: most for m, most in limits.items() if counter.used.of(m) >= most}
        if used_up:
            _, measure, limit = nearest(counter.used, used_up)
        said = _blocked(key, measure, counter.taken.of(measure), limit, chat=budget.chat)
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
        share, measure, limit = nearest(counter.shared, pool.get(key, {}))
        level = budget.next_level(share, Level.NORMAL if is_calm else counter.share_level)
        level = min(level, Level.MINIMAL) if counter.is_main else level
        why = f"share of {session.label}: {_part(share)}"
        if level is not counter.share_level:
            before, counter.share_level = counter.share_level, level
            self._tell(key, Change(key.label, before, level, why, key.period))
        if level is not Level.BLOCKED:
            return LimitStatus(level, why)
        used = (counter.used - counter.own).of(measure)
        # Others may end, and what is held for them may cost less: then there is more for this one.
        return LimitStatus(level, _share_blocked(measure, used, limit), is_final=used >= limit > 0)

    def has_room(self, key: Key, budget: Budget, more: Amount) -> bool:
        """Whether something of the budget of `key` is left after `more` is used."""
        return nearest(self._books.find(key).taken + more, self._amounts(key, budget))[0] < 1

    def _tell(self, key: Key, change: Change) -> None:
        self._books.note(key)
        self._on_change(change)

    def pool(
        self, session: Key, budget: Budget, now: float, asking: Counter | None = None
    ) -> dict[Key, dict[str, float]]:
        """What each conversation of a session may use of its budget, by measure. `asking`: the counter of the one that
        sends a request now. Empty: there are no shares."""
        limits, sharing = self._amounts(session, budget), self._books.members(session)
        if not limits or len(sharing) < 2:
            return {}
        whole = self._books.find(session)
        own_calls = whole.own + whole.own_held
        agents = [
            (budget.main_weight if one.is_main else 1.0, one.shared, one is not asking and is_over(one, now))
            for one in sharing.values()
        ]
        out: dict[Key, dict[str, float]] = {key: {} for key in sharing}
        for measure, limit in limits.items():
            members = [Member(weight, getattr(shared, measure), is_over) for weight, shared, is_over in agents]
            own = max(budget.reserve * limit, own_calls.of(measure))
            for given, amount in zip(out.values(), shares(max(0.0, limit - own), members), strict=True):
                given[measure] = amount
        return out

    def _amounts(self, key: Key, budget: Budget) -> dict[str, float]:
        limit, raised = self._limit(key, budget), self._books.find(key).raised
        return {m: most + raised.of(m) for m in MEASURES if (most := limit.of(m)) is not None}

    def known(self, key: Key, counter: Counter, budget: Budget) -> dict[str, float]:
        """The limits of a counter: those of `budget`, else those of the profile by which it was counted last."""
        return self._amounts(key, budget) or dict(counter.limits or {})

    def _limit(self, key: Key, budget: Budget) -> Limit:
        own = self.limits.get(f"{key.scope}|{key.name}") or self.limits.get(str(key.scope))
        return own or limit_of(budget, key.scope)


class Member(NamedTuple):
    """One agent of a session."""

    weight: float
    used: float
    """The amount it has used, and what is reserved for it."""
    is_over: bool = False
    """It has finished its work: what it did not use goes to the others."""


def shares(limit: float, members: Sequence[Member]) -> list[float]:
    """What each member may use of `limit` in all. Finished members get what they used. The rest is shared by weight,
    and a member that has used more already keeps what it used, at the expense of the others.

    The shares add up to `limit`, or to what was used where that is more, while there is a member to have them.
    """
    out = [member.used for member in members]
    open_ = [at for at, member in enumerate(members) if not member.is_over]
    left = max(0.0, limit - sum(member.used for member in members if member.is_over))
    # Whoever used most for its weight first: where that one is not beyond its share, nobody is.
    open_.sort(key=lambda at: members[at].used / members[at].weight, reverse=True)
    weights = list(accumulate(members[at].weight for at in reversed(open_)))
    for rank, at in enumerate(open_):
        weight = weights[-1 - rank]  # of this one and all after it
        if members[at].used <= left * members[at].weight / weight:
            for fits in open_[rank:]:
                out[fits] = left * members[fits].weight / weight
            return out
        left = max(0.0, left - members[at].used)
    return out


def is_over(one: Counter, now: float) -> bool:
    """Whether a subagent has finished, so that what it did not use is for the others."""
    return not one.is_main and (one.is_over or (one.at < now - IDLE_S and one.held == Amount()))


def nearest(taken: Amount, limits: Mapping[str, float]) -> tuple[float, str, float]:
    """The largest used share of a limit, its measure and the limit. The measure is empty if there are no limits."""
    found = [(taken.of(m) / limit if limit > 0 else math.inf, m, limit) for m, limit in limits.items()]
    return max(found, default=(0.0, "", 0.0))


def _part(share: float) -> str:
    return f"{min(share, 9.99):.0%} used"


def _blocked(key: Key, measure: str, used: float, limit: float, *, chat: bool) -> str:
    """Why a request is refused, and what lifts it: one sentence each. `chat`: a message may."""
    whose = _WHOSE[key.scope].format(name=printable(key.name))
    span = _SPANS.get(len(key.period), "")
    say = f", or say here: {CHAT_ORDER}" if chat else ""
    return (
        f"Penstock: {whose}{f' {span}' if span else ''} is used up ({part_in_words(measure, used, limit)}). "
        f"To go on, run `penstock budget raise`{say}"
    )


def _share_blocked(measure: str, used: float, limit: float) -> str:
    """The same for a subagent. Its agent reads that, and a person has to decide: no command is named."""
    figures = part_in_words(measure, used, limit)
    return f"Penstock: this subagent's share of the session's budget is used up ({figures}). Ask the person"
