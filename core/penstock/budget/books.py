"""The books: what was spent and what is held, by whom and when."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.budget.amount import Amount
from penstock.budget.counter import Counter
from penstock.budget.scopes import Key, Scope, Who, period_of
from penstock.budget.settings import Budget

__all__ = ["Books"]

HOLD_S = 900.0
"""A request that was never heard of again holds nothing any more."""
KEEP_S = 30 * 86400.0
SETTLED = 10_000


@dataclass(slots=True)
class _Hold:
    keys: tuple[Key, ...]
    amount: Amount
    at: float


class Books:
    """Not for several threads at once."""

    def __init__(self, stored: Mapping[str, Mapping[str, Any]], now: float) -> None:
        """`stored`: what `changed` gave in earlier lives."""
        self._counters: dict[Key, Counter] = {}
        self._members: dict[str, set[Key]] = {}
        self._holds: OrderedDict[str, _Hold] = OrderedDict()
        self._settled: OrderedDict[str, None] = OrderedDict()
        self._changed: dict[str, dict[str, Any] | None] = {}
        for text, values in stored.items():
            key, counter = Key.read(text), Counter.read(values)
            if key is None or counter.at < now - KEEP_S:
                self._changed[text] = None
            else:
                self._counters[key] = counter
                self._join(key, counter)

    def find(self, key: Key) -> Counter:
        """The counter of `key`; one that counted nothing where there is none."""
        return self._counters.get(key) or Counter()

    def open(self, key: Key, who: Who, now: float) -> Counter:
        """The counter of `key`, for a request of `who`."""
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = Counter()
        if key.scope is Scope.CONVERSATION:
            counter.session, counter.is_main = who.session or who.conversation, who.is_main
            self._join(key, counter)
        counter.at = max(counter.at, now)
        return counter

    def members(self, session: str) -> dict[Key, Counter]:
        """The conversations of a session."""
        return {key: self._counters[key] for key in self._members.get(session, ())}

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

    def hold(self, exchange: str, keys: Iterable[Key], amount: Amount, now: float) -> None:
        """Hold `amount` for an exchange, in counters that are open."""
        hold = self._holds[exchange] = _Hold(tuple(keys), amount, now)
        for key in hold.keys:
            self._counters[key].held += amount

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
            self._counters[key].held -= hold.amount
        return hold.keys

    def let_go_of_old(self, now: float) -> None:
        """Of those that were never heard of again."""
        while self._holds:
            exchange, hold = next(iter(self._holds.items()))
            if hold.at > now - HOLD_S:
                return
            self.let_go(exchange)

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
            self._members.setdefault(counter.session, set()).add(key)
