"""Holds, settlements and limits against a model of them in plain Python, by two stores on one file."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from penstock.base.clock import ManualClock
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.errors import QuotaFull
from penstock.gateway.holds import HOLD_S, Call, hold, keep_holds, settle, sweep
from penstock.gateway.keys import add_key
from penstock.gateway.periods import day_of, end_of, period_of
from penstock.gateway.quotas import raise_limit, set_limits, show_limits
from penstock.gateway.records import BILLION, PERIODS, UNITS, Limit, Period, Reached, Unit, Usage
from tests.core.gateway.tables import call, dump, rows
from tests.sizing import examples

MODELS = ("m1", "m2")
TIMES = (1.0, 30.0, 60.0, HOLD_S + 1, 3600.0, 86_400.0, 32 * 86_400.0)

Row = tuple[str, str, Unit]
"""A counter: scope, period, unit."""


@dataclass
class Counted:
    """A counter in the model."""

    ends_at: float
    spent: int = 0
    held: int = 0
    raised: int = 0


@dataclass
class Open:
    """A hold in the model."""

    call: Call
    at: float
    until: float
    rows: list[Row]


_limits = st.builds(Limit, st.sampled_from(PERIODS), st.sampled_from(UNITS), st.integers(2, 120))
_asks = st.tuples(st.integers(0, 1), st.sampled_from(MODELS), st.integers(0, 40), st.integers(0, 40))


class HoldsMachine(RuleBasedStateMachine):
    """Calls, and after each of them a look at every table."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / FILE_NAME
        self.clock = ManualClock(1_701_388_700.0)  # 100 seconds before a minute, a day and a month end together
        self.stores = [GatewayStore(self.path, self.clock) for _ in range(2)]
        self.keys = [add_key(self.stores[0], "default", name, "me")[0].id for name in ("one", "two")]
        self.caps: dict[tuple[str, Period, Unit], int] = {}
        self.counters: dict[Row, Counted] = {}
        self.open: dict[str, Open] = {}
        self.lines: dict[str, tuple[Open, Usage]] = {}
        self.told: set[tuple[Row, int]] = set()
        self.numbers = 0

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        shutil.rmtree(self.folder)

    @initialize(limits=st.lists(_limits, min_size=1, max_size=3))
    def begin(self, limits: list[Limit]) -> None:
        self._limit(0, "workspace:default", limits)

    @rule(which=st.integers(0, 1), asks=st.lists(_asks, min_size=1, max_size=5))
    def let_in(self, which: int, asks: list[tuple[int, str, int, int]]) -> None:
        for key, model, tokens, dollars in asks:
            self._let_in(which, key, model, tokens, dollars)

    def _let_in(self, which: int, key: int, model: str, tokens: int, dollars: int) -> None:
        self.numbers += 1
        asked = call(f"r{self.numbers}", self.keys[key], tokens=tokens, dollars=dollars, model=model)
        now, before = self.clock.now(), dump(self.stores[0])
        mine = [one for one in self.caps if one[0] in asked.scopes]
        full = [one for one in mine if self._used(one) + asked.of(one[2]) > self._cap(one)]
        refused: list[QuotaFull] = []
        try:
            hold(self.stores[which], asked)
        except QuotaFull as full_limit:
            refused.append(full_limit)
        for e in refused:
            named = (e.scope, e.limit.per, e.limit.unit)
            assert named in full
            assert (e.cap, e.resets_at) == (self._cap(named), end_of(e.limit.per, now))
            assert e.resets_at == max(end_of(per, now) for _, per, _ in full), "the one that lasts longest is named"
            after = dump(self.stores[0])
            for row in (*before["counters"], *after["counters"]):
                row.pop("announced")
            assert after == before
            if e.reached is not None:
                self._tell([e.reached])
            return
        assert not full
        taken = [self._row(one) for one in mine]
        for one in mine:
            self._opened(one).held += asked.of(one[2])
            assert self._used(one) <= self._cap(one)
        self.open[asked.id] = Open(asked, now, now + HOLD_S, taken)

    @rule(
        which=st.integers(0, 1),
        data=st.data(),
        usage=st.none() | st.builds(Usage, *[st.integers(0, 30)] * 5),
        tries=st.integers(1, 2),
    )
    def end(self, which: int, data: st.DataObject, usage: Usage | None, tries: int) -> None:
        """Requests of the past too, and each up to twice: it counts once."""
        number = data.draw(st.sampled_from([*self.open, "none", *self.lines][:8]))
        for attempt in range(tries):
            reached = settle(self.stores[which - attempt], number, usage, "e")
            self._tell(reached)
            assert number in self.open or number in self.lines or not reached
            self._settled(number, usage)

    @rule(data=st.data())
    def still_under_way(self, data: st.DataObject) -> None:
        kept = data.draw(st.lists(st.sampled_from([*self.open, "none"]), unique=True))
        keep_holds(self.stores[0], kept)
        for one in kept:
            if one in self.open:
                self.open[one].until = self.clock.now() + HOLD_S

    @rule(which=st.integers(0, 1))
    def kill(self, which: int) -> None:
        """What it held stays."""
        self.stores[which].close()
        self.stores[which] = GatewayStore(self.path, self.clock)

    @rule(which=st.integers(0, 1))
    def sweep(self, which: int) -> None:
        now = self.clock.now()
        dead = [number for number, one in self.open.items() if one.until < now]
        assert sweep(self.stores[which]) == len(dead)
        for number in dead:
            asked = self.open[number].call
            estimate = Usage(asked.input_tokens, dollars=asked.input_dollars, how="estimated", status=0)
            self._settled(number, estimate)
        for row, one in list(self.counters.items()):
            if one.ends_at < now - 86400 and not one.held:
                del self.counters[row]

    @rule(which=st.integers(0, 1), data=st.data(), limits=st.lists(_limits, max_size=3))
    def limit(self, which: int, data: st.DataObject, limits: list[Limit]) -> None:
        self._limit(which, data.draw(st.sampled_from(self._scopes())), limits)

    def _limit(self, which: int, scope: str, limits: list[Limit]) -> None:
        found = set_limits(self.stores[which], scope, limits, "me")
        self.caps = {one: cap for one, cap in self.caps.items() if one[0] != scope}
        self.caps |= {(scope, one.per, one.unit): one.cap for one in limits}
        assert {(scope, one.per, one.unit): one.cap for one in found} == {
            one: cap for one, cap in self.caps.items() if one[0] == scope
        }

    @rule(data=st.data(), more=st.integers(1, 50))
    def add_to_a_limit(self, data: st.DataObject, more: int) -> None:
        if not self.caps:
            return
        one = data.draw(st.sampled_from(sorted(self.caps)))
        scope, per, unit = one
        said = raise_limit(self.stores[1], scope, per, unit, more / BILLION if unit == "dollars" else more, "me")
        self._opened(one).raised += more
        self.told -= {(self._row(one), percent) for percent in (80, 100)}
        assert (said.cap, said.spent) == (self._cap(one), self._opened(one).spent)

    @rule(which=st.integers(0, 1))
    def show(self, which: int) -> None:
        """Makes no counter."""
        shown = {(one.scope, one.per, one.unit): one for one in show_limits(self.stores[which])}
        assert set(shown) == set(self.caps)
        for one, state in shown.items():
            counted = self._counted(one)
            assert (state.cap, state.spent, state.held) == (self._cap(one), counted.spent, counted.held)
            assert state.resets_at == counted.ends_at

    @rule(seconds=st.sampled_from(TIMES))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def counters_say_what_was_spent_and_is_held(self) -> None:
        found = {
            (row["scope"], row["period"], row["unit"]): (row["spent"], row["held"], row["raised"])
            for row in rows(self.stores[0], "counters")
        }
        assert found == {row: (one.spent, one.held, one.raised) for row, one in self.counters.items()}
        for (scope, period, unit), (spent, held, _) in found.items():
            of_holds = [one.call.of(unit) for one in self.open.values() if (scope, period, unit) in one.rows]
            assert held == sum(of_holds)
            if not period.startswith("minute"):  # that of a minute begins when it is first asked for
                assert spent == self._ever(scope, period, unit)

    @invariant()
    def holds_and_lines_are_there_once(self) -> None:
        assert {row["id"]: row["until"] for row in rows(self.stores[0], "holds")} == {
            number: one.until for number, one in self.open.items()
        }
        lines = rows(self.stores[0], "usage_lines")
        assert {row["id"]: (row["at"], row["how"], row["input"], row["dollars"]) for row in lines} == {
            number: (one.at, usage.how, usage.input, usage.dollars) for number, (one, usage) in self.lines.items()
        }

    @invariant()
    def days_are_the_sums_of_lines(self) -> None:
        names = ("workspace", "key", "provider", "model", "session")
        units = ("input", "cache_read", "cache_write", "output", "dollars")
        sums: dict[tuple[str, ...], Counter[str]] = {}
        for line in rows(self.stores[0], "usage_lines"):
            day = sums.setdefault((*(line[name] for name in names), day_of(line["at"])), Counter())
            day.update({"requests": 1, **{unit: line[unit] for unit in units}})
        days = rows(self.stores[0], "usage_days")
        assert len(days) == len(sums)
        for row in days:
            mine = sums[(*(row[name] for name in names), row["day"])]
            assert all(row[unit] == mine[unit] for unit in ("requests", *units))

    def _scopes(self) -> list[str]:
        return [*(f"key:{key}" for key in self.keys), "workspace:default", *(f"model:default/p/{m}" for m in MODELS)]

    def _row(self, one: tuple[str, Period, Unit]) -> Row:
        scope, per, unit = one
        return scope, period_of(per, self.clock.now()), unit

    def _opened(self, one: tuple[str, Period, Unit]) -> Counted:
        """The counter of a limit in the period of now, which is made if there is none."""
        return self.counters.setdefault(self._row(one), self._counted(one))

    def _counted(self, one: tuple[str, Period, Unit]) -> Counted:
        """The same, where it is there; else what it would begin with."""
        row, now = self._row(one), self.clock.now()
        spent = 0 if one[1] == "minute" else self._ever(*row)
        return self.counters.get(row) or Counted(end_of(one[1], now), spent)

    def _used(self, one: tuple[str, Period, Unit]) -> int:
        counted = self._counted(one)
        return counted.spent + counted.held

    def _cap(self, one: tuple[str, Period, Unit]) -> int:
        counted = self.counters.get(self._row(one))
        return self.caps[one] + (counted.raised if counted else 0)

    def _ever(self, scope: str, period: str, unit: Unit) -> int:
        """What all lines of a period sum up to."""
        return sum(_of(unit, usage) for one, usage in self.lines.values() if _counts(one, scope, period))

    def _settled(self, number: str, usage: Usage | None) -> None:
        one = self.open.pop(number, None)
        if one is None:
            self._corrected(number, usage)
            return
        for row in one.rows:
            self.counters[row].held -= one.call.of(row[2])
        if usage is None:
            return
        self.lines[number] = (one, usage)
        for (scope, period, unit), counted in self.counters.items():
            if _counts(one, scope, period):
                counted.spent += _of(unit, usage)

    def _corrected(self, number: str, usage: Usage | None) -> None:
        """What was swept is replaced by what its proxy, which lives, says of it."""
        one, swept = self.lines.get(number, (None, Usage()))
        if one is None or (swept.how, swept.status) != ("estimated", 0):
            return
        for (scope, period, unit), counted in self.counters.items():
            if _counts(one, scope, period):
                counted.spent += (_of(unit, usage) if usage is not None else 0) - _of(unit, swept)
        if usage is None:
            del self.lines[number]
        else:
            self.lines[number] = (one, usage)

    def _tell(self, reached: list[Reached]) -> None:
        """No share of a limit is announced twice, unless more was added to it in between."""
        for one in reached:
            said = ((one.scope, one.period, one.unit), one.percent)
            assert said not in self.told
            self.told.add(said)


def _counts(one: Open, scope: str, period: str) -> bool:
    return scope in one.call.scopes and period in [period_of(per, one.at) for per in PERIODS]


def _of(unit: Unit, usage: Usage) -> int:
    return {"requests": 1, "tokens": usage.tokens, "dollars": usage.dollars}[unit]


HoldsMachine.TestCase.settings = settings(max_examples=examples(8), stateful_step_count=25)
TestHolds = HoldsMachine.TestCase
