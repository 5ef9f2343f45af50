"""`Budgets`: all budgets of a proxy. Admits or refuses a request before it is forwarded (`Admission`), counts its cost
after the answer, and sets, raises, resets and lists limits for a person.

The estimated cost of a request is reserved in the same step in which it is admitted, so that of many simultaneous
requests only as many pass as the budget allows. After the answer the real cost is counted in its place, once.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from penstock.base.increment import FactChange
from penstock.budget.amount import Amount
from penstock.budget.counters import Counter, CounterTable
from penstock.budget.limit_evaluator import Change, LimitEvaluator, LimitStatus, is_over, nearest
from penstock.budget.rate_limiter import RateDecision
from penstock.budget.scopes import BudgetOwner, Key, Scope, keys_of, member_of, period_of, storable
from penstock.budget.settings import Budget, Level, Limit

__all__ = ["COUNTERS", "LIMITS", "Admission", "Budgets", "Save", "SaveLater"]

COUNTERS, LIMITS = "budget", "budget-limit"
"""Kinds of facts in a store."""

RETRY_S = 600
"""Seconds in `retry-after`: a person may have raised the budget by then. Clients that wait five minutes and more tell
their user."""
SOON_S = 5
"""Seconds in `retry-after` where requests that are under way hold what is left."""
SHOWN = 1000
RAISE = 0.5
"""The share of a limit by which it is raised, where a person does not say by how much."""
Save = Callable[[str, str, FactChange], None]
"""Stores a fact of a kind under a name, or adds to it; None deletes it. Called with the lock held: it must not wait.
Whoever stores an `Increment` calls its `written` afterwards; until then `adopt` counts it in addition."""
SaveLater = Callable[[str, Callable[[], None]], None]
"""Has the function store facts of a kind soon, on another thread."""


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a request may be forwarded."""

    is_allowed: bool
    message: str = ""
    """Why the request is refused, for the client."""
    retry_after: int = 0
    """Seconds after which the client may try again."""
    wait_s: float = 0.0
    """Seconds that the request must wait before it is forwarded."""
    is_final: bool = False
    """Trying again soon would be refused too: a person has to change something."""


class Budgets:
    """All budgets. Any thread may call. Each call brings the limits of its profile, and all profiles share the
    counters; only limits with another `per` have counters of their own."""

    def __init__(
        self,
        counters: Mapping[str, Mapping[str, Any]] | None = None,
        limits: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        now: float = 0.0,
        on_change: Callable[[Change], None] = lambda _: None,
        save: Save = lambda *_: None,
        save_later: SaveLater | None = None,
        is_shared: bool = False,
    ) -> None:
        """`counters` and `limits`: the facts that `save` stored in earlier runs, by name. `save_later`: has
        the counters that have changed saved later; without it `save` is called with each change at once. `is_shared`:
        other proxies use the store, too."""
        self._lock, self._save = threading.RLock(), save
        later = partial(save_later, COUNTERS, self._save_changes) if save_later is not None else None
        self._books = CounterTable(counters or {}, now, partial(save, COUNTERS), later=later, is_shared=is_shared)
        self._judge = LimitEvaluator(
            self._books, {name: _limit(values) for name, values in (limits or {}).items()}, on_change
        )
        self._stored_limits = dict(limits or {})
        """As the store had them when it was last read."""

    # ---------------------------------------------------------------- the request path

    def standing(self, who: BudgetOwner, budget: Budget, now: float) -> LimitStatus:
        """The level of the budgets that a request of `who` counts for."""
        if not self.is_limited(budget):
            return LimitStatus()
        with self._lock:
            keys = keys_of(who, budget, now)
            found = [self._judge.look(key, self._books.open(key, who, now), budget) for key in keys]
            if not who.is_own:
                member = member_of(who, budget, now)
                sharing = self._books.open(member, who, now)
                found.append(self._judge.look_at_share(keys[-2], member, sharing, budget, now))
            return max(found, key=lambda standing: (standing.level, standing.is_final))

    def is_limited(self, budget: Budget) -> bool:
        """Whether anything is limited, by the profile or by a person's command."""
        return budget.has_limits or bool(self._judge.limits)

    def admit(
        self,
        exchange: str,
        who: BudgetOwner,
        budget: Budget,
        estimate: Amount,
        now: float,
        turn: Callable[[], RateDecision] = RateDecision,
        *,
        is_spare: bool = False,
    ) -> Admission:
        """Admit or refuse a request; if admitted, `estimate` is held for it until it is settled or released. A second
        call for the same exchange changes nothing. `turn` decides by the rate limits, is called if no budget refuses,
        and may take long. `is_spare`: the request is refused if it would use a budget up, since the client's next one
        would be refused then."""
        with self._lock:
            # A thread that was given up may ask when the answer has come already.
            if self._books.held(exchange) is not None or self._books.has_ended(exchange):
                return Admission(True)
            self._books.let_go_of_old(now)
            standing = self.standing(who, budget, now)
            if standing.level is Level.BLOCKED:
                retry_s = RETRY_S if standing.is_final else SOON_S
                return Admission(False, standing.why, retry_s, is_final=standing.is_final)
            if is_spare and not all(self._judge.has_room(key, budget, estimate) for key in keys_of(who, budget, now)):
                return Admission(False, "it would use up what is left")
            member = member_of(who, budget, now)
            agent = self._books.open(member, who, now)
            if agent.is_over:  # whoever asks is at work again, after a restart too
                agent.is_over = False
                self._books.note(member)
            self._books.hold(exchange, dict.fromkeys((*keys_of(who, budget, now), member)), who, estimate, now)
        # Held first, and asked without the lock: the turn may be decided by another machine, and the event loop takes
        # the lock with each answer.
        is_given = False
        try:
            given = turn()
            is_given = given.is_given
        finally:
            if not is_given:
                with self._lock:
                    self._books.let_go(exchange)
        if not is_given:
            return Admission(False, given.message, math.ceil(given.wait_s))
        return Admission(True, wait_s=given.wait_s)

    def settle(self, exchange: str, who: BudgetOwner, budget: Budget, amount: Amount, now: float) -> None:
        """Count what an answer cost, once for each exchange, whether it was admitted or not."""
        with self._lock:
            if not self._books.end(exchange, is_paid=True):
                return
            held = self._books.let_go(exchange)
            for key in held or dict.fromkeys((*keys_of(who, budget, now), member_of(who, budget, now))):
                self._books.open(key, who, now).spend(amount, is_own=who.is_own)
                self._books.note(key)
            self.standing(who, budget, now)

    def release(self, exchange: str) -> None:
        """Release what is held for a request that cost nothing: it was not sent, or the provider refused it."""
        with self._lock:
            self._books.let_go(exchange)
            self._books.end(exchange, is_paid=False)

    def held(self, exchange: str) -> Amount | None:
        """What is held for a request that is under way. None: it was not admitted, or too long ago."""
        with self._lock:
            return self._books.held(exchange)

    def ended(self, who: BudgetOwner, budget: Budget, now: float) -> None:
        """Note that a subagent has finished: what it did not use goes back to the session."""
        if who.is_main:
            return
        with self._lock:
            key = member_of(who, budget, now)
            self._books.open(key, who, now).is_over = True
            self._books.note(key)

    def adopt(self, counters: Mapping[str, Mapping[str, Any]], limits: Mapping[str, Mapping[str, Any]]) -> None:
        """Take over the counters as the store has them now, in which other proxies count, too, and the limits that
        were set or removed there since the last call. Raises `ValueError` for a limit of another version."""
        with self._lock:
            self._books.adopt(counters)
            before, self._stored_limits = self._stored_limits, dict(limits)
            for place in {*before, *limits}:
                # What was set here and is not stored yet stays: the store does not have another one for it.
                if limits.get(place) != before.get(place):
                    self._adopt_limit(place, limits.get(place))

    def _adopt_limit(self, place: str, values: Mapping[str, Any] | None) -> None:
        limit = None if values is None else _limit(values)
        if limit == self._judge.limits.get(place):
            return  # it was set here
        if limit is None:
            del self._judge.limits[place]
        else:
            self._judge.limits[place] = limit
        scope, _, name = place.partition("|")
        self._books.forget_limits(Scope(scope), name)

    # ---------------------------------------------------------------- what a person asks

    def set(self, scope: Scope, name: str, limit: Limit | None) -> None:
        """Set `limit` in place of the profile's, for a whole scope or for one name in it. None: the profile's again."""
        with self._lock:
            name = storable(name)
            place = f"{scope}|{name}" if name else str(scope)
            if limit is None:
                self._judge.limits.pop(place, None)
            else:
                self._judge.limits[place] = limit
            self._save(LIMITS, place, None if limit is None else limit.model_dump(exclude_none=True))
            self._books.forget_limits(scope, name)

    def raise_(
        self,
        budget: Budget,
        now: float,
        scope: Scope | None = None,
        name: str = "",
        *,
        by: Amount | None = None,
        who: BudgetOwner | None = None,
    ) -> list[str]:
        """Add `by` to the limits of this period; without `by`, so much that half of each limit is free. Without a name:
        the limits of every budget that blocks, or that blocks `who`. Returns the labels of the raised budgets."""
        with self._lock:
            out = []
            for key, counter in self._meant(budget, now, scope, name, who):
                limits = {m: most - counter.raised.of(m) for m, most in self._judge.known(key, counter, budget).items()}
                beyond = counter.taken - Amount(**limits) - counter.raised
                given = {m: by.of(m) if by is not None else RAISE * limits[m] + beyond.of(m) for m in limits}
                more = Amount(**given)
                if more != Amount():
                    counter.raised += more
                    self._calm(key, counter, budget, now)
                    out.append(key.label)
            return out

    def reset(self, budget: Budget, now: float, scope: Scope | None = None, name: str = "") -> list[str]:
        """Count from zero again: one budget, those of a scope, or all, in the current periods. A session's reset
        includes its agents' parts of it. Returns their labels."""
        with self._lock:
            out = []
            for key, counter in self._books.of_now(budget, now):
                if scope in (None, key.scope) and name in ("", key.name):
                    counter.reset()
                    if key.scope is Scope.SESSION:
                        for member in self._books.members(key).values():
                            member.reset()
                    self._calm(key, counter, budget, now)
                    out.append(key.label)
            return out

    def forget(self, session: str, conversations: Collection[str]) -> None:
        """Drop the counters and limits of a deleted session. What it used of wider budgets stays counted."""
        with self._lock:
            for scope, names in ((Scope.SESSION, {session}), (Scope.CONVERSATION, set(conversations))):
                stored = {storable(name) for name in names}
                self._books.forget(scope, stored)
                for place in {f"{scope}|{name}" for name in stored} & self._judge.limits.keys():
                    del self._judge.limits[place]
                    self._save(LIMITS, place, None)

    def show(self, budget: Budget, now: float) -> list[dict[str, Any]]:
        """The budgets that were used in the current periods, as plain data: the last used ones, sorted by scope, the
        widest first."""
        with self._lock:
            newest = sorted(self._books.of_now(budget, now), key=lambda one: one[1].at)[-SHOWN:]
            keys = {key for key, _ in newest}
            keys.add(Key(Scope.DAY, "", period_of(budget, Scope.DAY, now)))
            order = list(Scope)
            sessions = [key for key in keys if key.scope is Scope.SESSION]
            given = [self._judge.pool(session, budget, now) for session in sessions]
            pools = {member.name: amounts for pool in given for member, amounts in pool.items()}
            rows = [self._row(key, budget, now, pools) for key in keys]
            return sorted(rows, key=lambda row: (order.index(row["scope"]), -row["share"], -row["at"], row["name"]))

    # ---------------------------------------------------------------- within

    def _save_changes(self) -> None:
        with self._lock:  # until all are passed on: one that is dropped meanwhile would come back
            for name, change in self._books.changes().items():
                self._save(COUNTERS, name, change)

    def _meant(
        self, budget: Budget, now: float, scope: Scope | None, name: str, who: BudgetOwner | None
    ) -> list[tuple[Key, Counter]]:
        found = [one for one in self._books.of_now(budget, now) if scope in (None, one[0].scope)]
        if scope is Scope.DAY or (scope is not None and name):
            return [(key, counter) for key, counter in found if name in ("", key.name)]
        keys = {key for key, _ in found} if who is None else set(keys_of(who, budget, now))
        return [(key, one) for key, one in found if key in keys and self._blocks(key, one, budget, now, who)]

    def _blocks(self, key: Key, counter: Counter, budget: Budget, now: float, who: BudgetOwner | None) -> bool:
        if nearest(counter.taken, self._judge.known(key, counter, budget))[0] >= 1:
            return True
        if key.scope is not Scope.SESSION:
            return False
        one = None if who is None else member_of(who, budget, now)
        pool = self._judge.pool(key, budget, now)
        return any(
            not sharing.is_main and not is_over(sharing, now) and nearest(sharing.shared, pool.get(member, {}))[0] >= 1
            for member, sharing in self._books.members(key).items()
            if one in (None, member)
        )

    def _calm(self, key: Key, counter: Counter, budget: Budget, now: float) -> None:
        """Determine the levels again after a person changed a limit or a counter."""
        self._books.note(key)
        counter.limits = None
        self._judge.look(key, counter, budget, is_calm=True)
        if key.scope is Scope.SESSION:
            for member, sharing in self._books.members(key).items():
                self._books.note(member)
                if sharing.share_level is not Level.NORMAL:
                    self._judge.look_at_share(key, member, sharing, budget, now, is_calm=True)

    def _row(self, key: Key, budget: Budget, now: float, pools: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
        counter = self._books.find(key)
        limits = self._judge.known(key, counter, budget)
        share = nearest(counter.taken, limits)[0]
        level = budget.next_level(share, counter.level)
        if key.scope is Scope.CONVERSATION:
            member = self._books.find(member_of(BudgetOwner(key.name), budget, now))
            near = budget.next_level(nearest(member.shared, pools.get(key.name, {}))[0], Level.NORMAL)
            if not member.is_over:
                level = max(level, min(near, Level.MINIMAL) if member.is_main else near)
        row: dict[str, Any] = {
            "scope": str(key.scope),
            "name": key.name,
            "period": key.period,
            "used": counter.used.payload(),
            "held": counter.held.payload(),
            "raised": counter.raised.payload(),
            "limits": limits,
            "share": round(share, 4),
            "level": str(level),
            "at": counter.at,
        }
        if key.scope is Scope.CONVERSATION:
            pool = {m: round(amount, 6) for m, amount in pools.get(key.name, {}).items()}
            row |= {"session": counter.session, "main": counter.is_main, "over": counter.is_over, "pool": pool}
        return row


def _limit(values: Mapping[str, Any]) -> Limit:
    """The stored limit; fields of another version are left out."""
    return Limit(**{name: values[name] for name in set(Limit.model_fields) & values.keys()})
