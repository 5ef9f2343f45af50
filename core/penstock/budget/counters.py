"""`CounterTable`: what each budget has spent and reserved in each period (`Counter`), for `Budgets`. Stores each
counter, counts an exchange only once, releases reservations that are 15 minutes old, and drops counters that are old or
too many."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.base.increment import FactChange, Increment
from penstock.budget.amount import MEASURES, Amount, number
from penstock.budget.scopes import BudgetOwner, Key, Scope, period_of, session_of
from penstock.budget.settings import Budget, Level
from penstock.budget.unwritten import Unwritten

__all__ = ["Counter", "CounterTable"]

HOLD_S = 900.0
"""Seconds after which the reservation of a request that never finished is released."""
KEEP_S = 30 * 86400.0
KEEP = 5_000
"""Counters that are kept. Beyond that, the least recently used are dropped: a client without session ids starts a
session with each request."""
ENDED = 10_000
"""Ended exchanges that are remembered, so that an answer that is reported twice is counted once."""
_SUMS = ("used", "own", "raised")
"""The amounts of a counter to which all proxies on a store add."""
_NOTHING = Amount()
Save = Callable[[str, FactChange], None]
"""Adds to a counter under a name; None deletes it."""


@dataclass(slots=True)
class Counter:
    """What was spent of one budget in one period. Everything but the reserved amounts outlives a restart."""

    used: Amount = _NOTHING
    held: Amount = _NOTHING
    """The estimated cost of the requests that are under way."""
    own: Amount = _NOTHING
    """The part of `used` by the client's own calls (titles, its compaction)."""
    own_held: Amount = _NOTHING
    raised: Amount = _NOTHING
    """What a person added to the limits, for this period."""
    level: Level = Level.NORMAL
    share_level: Level = Level.NORMAL
    """For a conversation: how close it is to the end of its share of the session's budget."""
    at: float = 0.0
    """When something was counted last."""
    session: str = ""
    """For a conversation: the session whose budget it shares."""
    is_main: bool = True
    is_over: bool = False
    """For a subagent: it has given its answer. It may be called again."""
    limits: Mapping[str, float] | None = None
    """The limits by which `level` was determined: other profiles may have others for the same budget. None: a person
    changed them, or there was a restart; the next request determines them."""

    _stored: dict[str, Amount] = field(default_factory=dict, compare=False, repr=False)
    """The sums as they were given to the store last."""
    unwritten: Unwritten = field(default_factory=Unwritten, compare=False, repr=False)
    """What the store has not confirmed yet."""
    _shared: Amount | None = field(default=None, compare=False, repr=False)

    @property
    def shared(self) -> Amount:
        """What the agents used or hold: all but the client's own calls. Kept until something changes, since a session's
        budget reads it with each request of each of its agents."""
        if self._shared is None:
            self._shared = self.used - self.own + (self.held - self.own_held)
        return self._shared

    @property
    def taken(self) -> Amount:
        """The amount used and the amount held, added."""
        return self.used + self.held

    def hold(self, amount: Amount, *, is_own: bool) -> None:
        """Hold `amount` for a request that is under way."""
        self.held += amount
        if is_own:
            self.own_held += amount
        self._shared = None

    def let_go(self, amount: Amount, *, is_own: bool) -> None:
        """Release `amount` that was held."""
        self.held -= amount
        if is_own:
            self.own_held -= amount
        self._shared = None

    def spend(self, amount: Amount, *, is_own: bool) -> None:
        """Count `amount` as used."""
        self.used += amount
        if is_own:
            self.own += amount
        self._shared = None

    def reset(self) -> None:
        """Count from zero. What is held stays held."""
        self.used = self.own = self.raised = Amount()
        self._shared = None

    def payload(self) -> dict[str, Any]:
        """The counter as plain data to store."""
        return {
            "used": self.used.payload(),
            "own": self.own.payload(),
            "raised": self.raised.payload(),
            "level": int(self.level),
            "share_level": int(self.share_level),
            "at": self.at,
            "session": self.session,
            "main": self.is_main,
            "over": self.is_over,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Counter:
        """The counter that `payload` gave; fields of another version are left out."""
        sums = {part: Amount.read(stored.get(part)) for part in _SUMS}
        return cls(
            used=sums["used"],
            own=sums["own"],
            raised=sums["raised"],
            _stored=sums,
            level=_level(stored.get("level")),
            share_level=_level(stored.get("share_level")),
            at=number(stored.get("at")),
            session=str(stored.get("session") or ""),
            is_main=stored.get("main") is not False,
            is_over=stored.get("over") is True,
        )

    def increment(self) -> Increment:
        """What has changed since the last call, to be stored: other proxies may count in the same counter."""
        now, stored = {"used": self.used, "own": self.own, "raised": self.raised}, self._stored
        before = ((p, one, stored.get(p, _NOTHING)) for p, one in now.items())
        added = {p: _difference(one, old) for p, one, old in before if one is not old}
        self._stored = now
        self.unwritten.add(added)
        return Increment(self.payload(), added, _SUMS, on_written=self.unwritten.confirm)

    def adopt(self, stored: Counter) -> None:
        """Take over the sums that are stored, in which other proxies have counted, too; what is not written yet is
        added to them."""
        sums = {"used": stored.used, "own": stored.own, "raised": stored.raised}
        for part, amount in self.unwritten.onto(sums).items():
            rest = _difference(getattr(self, part), self._stored.get(part, Amount()))
            setattr(self, part, Amount(**{m: max(0.0, amount.of(m) + rest[m]) for m in MEASURES}))
            self._stored = {**self._stored, part: amount}
        self.at = max(self.at, stored.at)
        self._shared = None


@dataclass(slots=True)
class _Hold:
    keys: tuple[Key, ...]
    amount: Amount
    is_own: bool
    at: float


class CounterTable:
    """All counters. Not thread-safe."""

    def __init__(
        self,
        stored: Mapping[str, Mapping[str, Any]],
        now: float,
        save: Save = lambda *_: None,
        *,
        later: Callable[[], None] | None = None,
        is_shared: bool = False,
    ) -> None:
        """`stored`: the counters that `save` stored in earlier runs, by name. `later`: called when counters have
        changed; what stores them calls `changes` then; without it, `save` is called with each change. `is_shared`:
        other proxies use the store, too, and only counters that are old are deleted from it."""
        self._save, self._later, self._is_shared = save, later, is_shared
        self._changed: dict[Key, Counter] = {}
        """Whose changes are still to be stored."""
        self._elsewhere: dict[str, Mapping[str, Any]] = {}
        """All counters as they were adopted last."""
        self._counters: OrderedDict[Key, Counter] = OrderedDict()
        """In the order of their last use, the newest last."""
        self._members: dict[tuple[str, str], dict[Key, Counter]] = {}
        """By session and period."""
        self._holds: OrderedDict[str, _Hold] = OrderedDict()
        self._ended: OrderedDict[str, bool] = OrderedDict()
        """Exchanges, and whether they were paid for."""
        read = ((text, Key.read(text), Counter.read(values)) for text, values in stored.items())
        for text, key, counter in sorted(read, key=lambda one: one[2].at):
            if key is None:
                save(text, None)
            else:
                self._counters[key] = counter
                self._join(key, counter)
        self._forget_old(now)

    def find(self, key: Key) -> Counter:
        """The counter of `key`; a new, empty one if there is none."""
        return self._counters.get(key) or Counter()

    def open(self, key: Key, who: BudgetOwner, now: float) -> Counter:
        """The counter of `key`, for a request of `who`."""
        counter = self._counters.get(key)
        if counter is None:
            stored = self._elsewhere.get(str(key)) if self._elsewhere else None
            counter = self._counters[key] = Counter() if stored is None else Counter.read(stored)
            counter.at = max(counter.at, now)
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
        """All counters of the current periods."""
        periods = {scope: period_of(budget, scope, now) for scope in Scope}
        yield from [(key, counter) for key, counter in self._counters.items() if key.period == periods[key.scope]]

    def note(self, key: Key) -> None:
        """Store a counter that changed, soon: several changes of it are stored as one."""
        if self._later is not None and not self._changed:
            self._later()
        self._changed[key] = self._counters[key]
        if self._later is None:
            for name, change in self.changes().items():
                self._save(name, change)

    def changes(self) -> dict[str, FactChange]:
        """What is to be stored of the counters that changed since the last call, by name."""
        changed, self._changed = self._changed, {}
        return {str(key): counter.increment() for key, counter in changed.items()}

    def adopt(self, stored: Mapping[str, Mapping[str, Any]]) -> None:
        """Take over the sums of the counters of other proxies on the same store. New counters are opened when they are
        asked for."""
        self._elsewhere = dict(stored)
        for key, counter in list(self._counters.items()):
            values = stored.get(str(key))
            if values is not None:
                before = counter.at
                counter.adopt(Counter.read(values))
                if counter.at > before:
                    self._counters.move_to_end(key)

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
        """Release what is held for an exchange. Returns the keys of the counters that held it."""
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

    def end(self, exchange: str, *, is_paid: bool) -> bool:
        """Remember that an exchange ended. False: it was counted already."""
        if self._ended.get(exchange):
            return False
        self._ended[exchange] = is_paid
        while len(self._ended) > ENDED:
            self._ended.popitem(last=False)
        return True

    def has_ended(self, exchange: str) -> bool:
        """Whether an exchange ended, paid for or not."""
        return exchange in self._ended

    def forget(self, scope: Scope, names: Collection[str]) -> None:
        """Drop the counters of these names in a scope, in all periods."""
        for key in [key for key in self._counters if key.scope is scope and key.name in names]:
            self._drop(key)

    def forget_limits(self, scope: Scope, name: str) -> None:
        """Drop what was added to the limits of a scope, or of one name in it, since new limits were set."""
        for key, counter in self._counters.items():
            if key.scope is scope and name in ("", key.name):
                counter.limits = None
                counter.raised = Amount()
                self.note(key)

    def _join(self, key: Key, counter: Counter) -> None:
        if key.scope is Scope.CONVERSATION and counter.session:
            self._members.setdefault((counter.session, key.period), {})[key] = counter

    def _forget_old(self, now: float) -> None:
        while self._counters:
            key, counter = next(iter(self._counters.items()))
            is_old = counter.at < now - KEEP_S
            is_kept = not is_old and len(self._counters) <= KEEP
            if is_kept or counter.held != Amount():
                return
            if is_old or not self._is_shared:
                self._drop(key)
            elif counter.unwritten or key in self._changed:
                return
            else:
                self._elsewhere[str(key)] = counter.payload()
                self._leave(key)

    def _drop(self, key: Key) -> None:
        self._leave(key)
        self._elsewhere.pop(str(key), None)
        self._changed.pop(key, None)
        self._save(str(key), None)

    def _leave(self, key: Key) -> None:
        """Forget a counter that stays stored."""
        counter = self._counters.pop(key)
        members = self._members.get((counter.session, key.period), {})
        members.pop(key, None)
        if not members:
            self._members.pop((counter.session, key.period), None)


def _difference(now: Amount, before: Amount) -> dict[str, float]:
    """By measure. Below nothing where a person has reset the counter."""
    return {
        "dollars": now.dollars - before.dollars,
        "tokens": now.tokens - before.tokens,
        "requests": now.requests - before.requests,
    }


def _level(stored: object) -> Level:
    return Level(stored) if isinstance(stored, int) and stored in set(Level) else Level.NORMAL
