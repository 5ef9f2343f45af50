"""The books: what was spent and what is held, by whom and when."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.budget.amount import Amount
from penstock.budget.counter import Counter
from penstock.budget.scopes import BudgetOwner, Key, Scope, period_of, session_of
from penstock.budget.settings import Budget

__all__ = ["CounterTable"]

HOLD_S = 900.0
"""A request that was never heard of again holds nothing any more."""
KEEP_S = 30 * 86400.0
KEEP = 5_000
"""Counters. Beyond, those that were not asked for longest are forgotten: a client without sessions begins one with
each request."""
SETTLED = 10_000


@dataclass(slots=True)
class _Hold:
    keys: tuple[Key, ...]
    amount: Amount
    is_own: bool
    at: float


class CounterTable:
    """Not for several threads at once."""

    def __init__(self, stored: Mapping[str, Mapping[str, Any]], now: float) -> None:
        """`stored`: what `changed` gave in earlier lives."""
        self._counters: OrderedDict[Key, Counter] = OrderedDict()
        """Last what was asked for last."""
        self._members: dict[tuple[str, str], dict[Key, Counter]] = {}
        """By session and period."""
        self._holds: OrderedDict[str, _Hold] = OrderedDict()
        self._settled: OrderedDict[str, None] = OrderedDict()
        self._released: OrderedDict[str, None] = OrderedDict()
        self._changed: dict[str, dict[str, Any] | None] = {}
        read = ((text, Key.read(text), Counter.read(values)) for text, values in stored.items())
        for text, key, counter in sorted(read, key=lambda one: one[2].at):
            if key is None:
                self._changed[text] = None
            else:
                self._counters[key] = counter
                self._join(key, counter)
        self._forget_old(now)

    def find(self, key: Key) -> Counter:
        """The counter of `key`; one that counted nothing where there is none."""
        return self._counters.get(key) or Counter()

    def open(self, key: Key, who: BudgetOwner, now: float) -> Counter:
        """The counter of `key`, for a request of `who`."""
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = Counter(at=now)
            self._forget_old(now)
        if key.scope is Scope.CONVERSATION:
            counter.session, counter.is_main = session_of(who), who.is_main
            self._join(key, counter)
        counter.at = max(counter.at, now)
        self._counters.move_to_end(key)
        return counter

    def members(self, session: Key) -> Mapping[Key, Counter]:
        """The conversations that share a session's budget, with what they took of it."""
        return self._members.get((session.name, session.period), {})

    def of_now(self, budget: Budget, now: float) -> Iterator[tuple[Key, Counter]]:
        """All counters of the periods that are now."""
        periods = {scope: period_of(budget, scope, now) for scope in Scope}
        yield from [(key, counter) for key, counter in self._counters.items() if key.period == periods[key.scope]]

    def note(self, key: Key) -> None:
        """A counter changed: it is to be stored."""
        self._changed[str(key)] = self._counters[key].payload()

    def changed(self) -> dict[str, dict[str, Any] | None]:
        """What is to be stored since this was asked last."""
        out, self._changed = self._changed, {}
        return out

    def unsaved(self, counters: Mapping[str, dict[str, Any] | None]) -> None:
        """What `changed` gave could not be stored: it is given again, unless it is out of date by then."""
        self._changed = {**counters, **self._changed}

    # ---------------------------------------------------------------- holds

    def hold(self, exchange: str, keys: Iterable[Key], who: BudgetOwner, amount: Amount, now: float) -> None:
        """Hold `amount` for an exchange of `who`."""
        hold = self._holds[exchange] = _Hold(tuple(keys), amount, who.is_own, now)
        for key in hold.keys:
            self.open(key, who, now).hold(amount, is_own=who.is_own)

    def held(self, exchange: str) -> Amount | None:
        """What is held for an exchange. None: nothing."""
        hold = self._holds.get(exchange)
        return hold.amount if hold is not None else None

    def let_go(self, exchange: str) -> tuple[Key, ...]:
        """Hold nothing for an exchange any more; where it was held."""
        hold = self._holds.pop(exchange, None)
        if hold is None:
            return ()
        for key in hold.keys:
            counter = self._counters.get(key)
            if counter is not None:
                counter.let_go(hold.amount, is_own=hold.is_own)
        return hold.keys

    def let_go_of_old(self, now: float) -> None:
        """Release holds that are older than `HOLD_S` and whose request never finished."""
        while self._holds:
            exchange, hold = next(iter(self._holds.items()))
            hold.at = min(hold.at, now)  # the clock may have been set back
            if hold.at > now - HOLD_S:
                return
            self.let_go(exchange)

    def release(self, exchange: str) -> None:
        """An exchange ended, and cost nothing."""
        self._released[exchange] = None
        while len(self._released) > SETTLED:
            self._released.popitem(last=False)

    def is_over(self, exchange: str) -> bool:
        """Whether an exchange ended: settled or released."""
        return exchange in self._settled or exchange in self._released

    def forget(self, keys: Collection[Key]) -> None:
        """Count nothing for `keys` any more."""
        for key in keys:
            counter = self._counters.pop(key, None)
            if counter is not None:
                self._changed[str(key)] = None
                self._part(key, counter)

    def named(self, scope: Scope, names: Collection[str]) -> list[Key]:
        """The counters of `scope` that are called so, in all periods."""
        return [key for key in self._counters if key.scope is scope and key.name in names]

    def forget_limits(self, scope: Scope, name: str) -> None:
        """The limits of a scope, or of one name in it, were set: what was added to the old ones is gone."""
        for key, counter in self._counters.items():
            if key.scope is scope and name in ("", key.name):
                counter.forget_limits()
                counter.raised = Amount()
                self.note(key)

    def is_new(self, exchange: str) -> bool:
        """Whether an exchange is settled for the first time; it is not from then on."""
        if exchange in self._settled:
            return False
        self._settled[exchange] = None
        while len(self._settled) > SETTLED:
            self._settled.popitem(last=False)
        return True

    def _join(self, key: Key, counter: Counter) -> None:
        if key.scope is Scope.CONVERSATION and counter.session:
            self._members.setdefault((counter.session, key.period), {})[key] = counter

    def _forget_old(self, now: float) -> None:
        while self._counters:
            key, counter = next(iter(self._counters.items()))
            is_kept = counter.at >= now - KEEP_S and len(self._counters) <= KEEP
            if is_kept or counter.held != Amount():
                return
            del self._counters[key]
            self._changed[str(key)] = None
            self._part(key, counter)

    def _part(self, key: Key, counter: Counter) -> None:
        members = self._members.get((counter.session, key.period), {})
        members.pop(key, None)
        if not members:
            self._members.pop((counter.session, key.period), None)
