"""`hold` and `settle`: what a request (`Call`) may cost is held before it leaves, and what it did cost is counted after
its answer, once, in the place of what was held, and written to the usage; `book` counts one that could not be held.
Each notices when 80 or 100 % of a limit are spent (`Reached`), once in a period; `webhooks` of the addons posts that.
`sweep` counts what a proxy that died has held, three minutes later; `keep_holds` says that it lives. One that was only
taken for dead, since the database was away from it, settles later: what a request did cost replaces what was swept.

All counters of a request change in one transaction, so that of many requests at once only as many are let in as their
limits allow, whichever process lets them in. How long a hold lasts goes by the clock of the database server where there
is one, since the proxies' clocks may differ. `held` and `spent` of a counter never exceed its cap when a request is let
in; they can afterwards, when an answer costs more than was held for it, and then nothing more is let in.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.base.prepared import Prepared
from penstock.base.sql_functions import among
from penstock.base.upsert import upsert
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import QuotaFull, UnknownPrice
from penstock.gateway.periods import day_of, period_of, periods_of
from penstock.gateway.quotas import counted_limits, counter_row, in_words, open_counters, scopes_of
from penstock.gateway.records import UNITS, Limit, Reached, Unit, Usage
from penstock.gateway.schema import counters, holds, usage_days, usage_lines

__all__ = ["HOLD_S", "Call", "book", "hold", "keep_holds", "settle", "sweep"]

logger = logging.getLogger(__name__)
HOLD_S = 180.0
"""Seconds for which a hold lasts without its proxy saying that the request is still under way."""
_NEARLY = 95
_ALERTS = (100, 80)
"""Shares of a limit, in percent, that are announced once in a period."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request that asks to be let in."""

    id: str
    """Unique for each request."""
    workspace: str
    key: str
    """The key's id."""
    provider: str
    model: str
    """The model's name at the provider."""
    session: str
    input_tokens: int
    """An estimate."""
    input_dollars: int
    """Billionths."""
    tokens: int
    """The most that it is expected to use, with the answer."""
    dollars: int
    is_priced: bool = True
    """Somebody says what its model costs."""

    @property
    def scopes(self) -> Sequence[str]:
        """What it counts in."""
        return scopes_of(self.workspace, self.key, f"{self.provider}/{self.model}")

    def of(self, unit: Unit) -> int:
        """How much of a unit is held for it."""
        return 1 if unit == "requests" else self.tokens if unit == "tokens" else self.dollars


def hold(store: GatewayStore, call: Call, check: Callable[[sa.Connection], None] | None = None) -> None:
    """Let a request in, and hold what it may cost. `check`: called first, in the same transaction; what it raises keeps
    the request out. Raises `QuotaFull`: then nothing is held, and the error names the limit that has no room, the one
    that lasts longest where there are several. Raises `UnknownPrice`."""
    try:
        with store.writing(workspace=call.workspace) as db:
            if check is not None:
                check(db)
            _hold(db, call, store.clock.now())
    except QuotaFull as e:
        try:
            e.reached = _announce(store, call, e)
        except StoreError as why:  # it is a refusal all the same, and the next one announces it
            logger.warning("%s is full, which cannot be announced: %s", e.scope, why)
        raise


def settle(
    store: GatewayStore, number: str, usage: Usage | None, exchange: str = "", *, workspace: str = ""
) -> list[Reached]:
    """Count what a request did cost; None: nothing, since it did not leave, or the provider refused it. A second time
    does nothing. Gives what was reached by it. `exchange`: its id in the event log; `workspace`: that of the request,
    where it is known: others are then written to meanwhile."""
    with store.writing(workspace=workspace) as db:
        return _settle(db, number, usage, exchange)


def book(store: GatewayStore, call: Call, usage: Usage, at: float, exchange: str = "") -> list[Reached]:
    """Count a request that was let in at `at` while the store could not hold anything. It may have: where only the
    answer to the commit was lost, what is held is let go. A second time does nothing."""
    with store.writing(workspace=call.workspace) as db:
        _let_go(db, call.id)
        if db.execute(sa.select(usage_lines.c.id).where(usage_lines.c.id == call.id)).first() is not None:
            return _correct(db, call.id, usage, exchange)
        return _book(db, call, usage, at, exchange)


def keep_holds(store: GatewayStore, numbers: Sequence[str]) -> None:
    """These requests are still under way."""
    with store.writing() as db:
        until = _now(db, store) + HOLD_S
        db.execute(holds.update().where(holds.c.id.in_(numbers)).values(until=until))


def sweep(store: GatewayStore) -> int:
    """Count what is held for requests whose proxy died, as far as they were sent: their input, as it was estimated.
    Gives how many there were. Counters of periods that have ended for a day are removed."""
    with store.writing() as db:
        now = _now(db, store)
        dead = db.execute(holds.select().where(holds.c.until < now)).all()
        for row in dead:
            usage = Usage(input=row.input_tokens, dollars=row.input_dollars, how="estimated", status=0)
            _settle(db, row.id, usage, "")
        db.execute(counters.delete().where(counters.c.ends_at < now - 86400, counters.c.held == 0))
        return len(dead)


def _hold(db: sa.Connection, call: Call, now: float) -> None:
    """In one transaction, which has the counters for itself: what is read cannot change before it is written."""
    rows = open_counters(db, call.scopes, now)
    full = [row for row in rows if row.spent + row.held + call.of(row.unit) > row.cap + row.raised]
    if full:
        raise _refusal(full, call)
    unpriced = next((row.scope for row in rows if row.unit == "dollars" and not call.is_priced), None)
    if unpriced is not None:
        raise UnknownPrice(f"{unpriced} has a limit of dollars, and the price of {call.model} is unknown")
    counted = [[row.scope, row.period, row.unit] for row in rows]
    _add_held(db, counted, {unit: call.of(unit) for unit in UNITS})
    values = {
        "id": call.id,
        "at": now,
        "until": now + HOLD_S,
        "workspace": call.workspace,
        "key": call.key,
        "provider": call.provider,
        "model": call.model,
        "session": call.session,
        "tokens": call.tokens,
        "dollars": call.dollars,
        "input_tokens": call.input_tokens,
        "input_dollars": call.input_dollars,
        "counters": counted,
    }
    _ADD_HOLD.run(db, **values)


def _add_held(db: sa.Connection, counted: Sequence[Sequence[str]], amounts: Mapping[str, int]) -> None:
    rows = [{"of": scope, "in_": period, "what": unit, "more": amounts[unit]} for scope, period, unit in counted]
    _ADD_HELD.run_each(db, rows)


def _refusal(full: Sequence[Any], call: Call) -> QuotaFull:
    row = max(full, key=lambda one: one.ends_at)
    limit = Limit(row.per, row.unit, row.cap)
    kinds = {"key": "this key", "workspace": "this workspace", "model": f"the model {call.model}"}
    used, wanted = in_words(limit.unit, row.spent), f"this request may need {in_words(limit.unit, call.of(limit.unit))}"
    if limit.unit == "requests":
        wanted = "this would be one more"
    under_way = f", {in_words(limit.unit, row.held)} held for requests under way" if row.held else ""
    cap = limit.cap + row.raised
    text = (
        f"{kinds[row.scope.partition(':')[0]]} may use {in_words(limit.unit, cap)} per {limit.per}: {used} used"
        f"{under_way}, and {wanted}"
    )
    return QuotaFull(text, scope=row.scope, limit=limit, cap=cap, spent=row.spent, held=row.held, resets_at=row.ends_at)


def _announce(store: GatewayStore, call: Call, full: QuotaFull) -> Reached | None:
    """What is so full that it refuses is announced once, though the last request that fits may leave a little. Where
    much is left, only the request was too large."""
    if (full.spent + full.held) * 100 < full.cap * _NEARLY:
        return None
    period = period_of(full.limit.per, full.resets_at - 1)
    c, row = counters.c, counter_row(full.scope, period, full.limit.unit)
    with store.reading() as db:
        is_announced = db.scalar(sa.select(c.announced).where(row)) == _ALERTS[0]
    if is_announced:
        return None
    with store.writing(workspace=call.workspace) as db:  # of two at once, one announces it
        changed = db.execute(
            counters.update().where(row, c.announced < _ALERTS[0]).values(announced=_ALERTS[0])
        ).rowcount
    at = (call.workspace, full.scope, period, full.limit.unit, _ALERTS[0], full.spent, full.cap)
    return Reached(*at) if changed else None


def _let_go(db: sa.Connection, number: str) -> Any | None:
    """The row of what was held; None: there is none of this number."""
    found = _TAKE_HOLD.run(db, number=number)
    if not found:
        return None
    (row,) = found
    _add_held(db, row.counters, {"requests": -1, "tokens": -row.tokens, "dollars": -row.dollars})
    return row


def _settle(db: sa.Connection, number: str, usage: Usage | None, exchange: str) -> list[Reached]:
    held = _let_go(db, number)
    if held is None:
        return _correct(db, number, usage, exchange)
    if usage is None:
        return []
    call = Call(
        id=number,
        workspace=held.workspace,
        key=held.key,
        provider=held.provider,
        model=held.model,
        session=held.session,
        input_tokens=held.input_tokens,
        input_dollars=held.input_dollars,
        tokens=held.tokens,
        dollars=held.dollars,
    )
    return _book(db, call, usage, held.at, exchange)


def _book(db: sa.Connection, call: Call, usage: Usage, at: float, exchange: str) -> list[Reached]:
    # Of the periods in which it was let in, also where a limit was set only meanwhile.
    scopes = call.scopes
    _ADD_SPENT.run(db, scopes=scopes, periods=periods_of(at), requests=1, tokens=usage.tokens, dollars=usage.dollars)
    row = {
        "workspace": call.workspace,
        "key": call.key,
        "provider": call.provider,
        "model": call.model,
        "session": call.session,
        **_amounts(usage),
    }
    _ADD_LINE.run(db, id=call.id, at=at, exchange=exchange, how=usage.how, status=usage.status, **row)
    _ADD_TO_DAY.run(db, day=day_of(at), requests=1, **row)
    return _reached(db, call.workspace, scopes, at)


def _correct(db: sa.Connection, number: str, usage: Usage | None, exchange: str) -> list[Reached]:
    """Put what a request did cost in the place of what `sweep` has counted for it. Does nothing for any other."""
    c = usage_lines.c
    swept = (c.id == number) & (c.how == "estimated") & (c.status == 0)
    row = db.execute(usage_lines.select().where(swept)).first()
    if row is None:
        return []
    new = _amounts(usage or Usage())
    more = {name: amount - getattr(row, name) for name, amount in new.items()}
    requests = 0 if usage is not None else -1
    tokens = sum(amount for name, amount in more.items() if name != "dollars")
    scopes = scopes_of(row.workspace, row.key, f"{row.provider}/{row.model}")
    changes = {"requests": requests, "tokens": tokens, "dollars": more["dollars"]}
    _ADD_SPENT.run(db, scopes=scopes, periods=periods_of(row.at), **changes)
    if usage is None:
        db.execute(usage_lines.delete().where(swept))
    else:
        changed = {"exchange": exchange, "how": usage.how, "status": usage.status}
        db.execute(usage_lines.update().where(swept).values(**new, **changed))
    whose = {name: getattr(row, name) for name in ("workspace", "key", "provider", "model", "session")}
    _ADD_TO_DAY.run(db, day=day_of(row.at), requests=requests, **whose, **more)
    db.execute(usage_days.delete().where(usage_days.c.workspace == row.workspace, usage_days.c.requests == 0))
    return _reached(db, row.workspace, scopes, row.at)


def _amounts(usage: Usage) -> dict[str, int]:
    return {name: getattr(usage, name) for name in ("input", "cache_read", "cache_write", "output", "dollars")}


def _reached(db: sa.Connection, workspace: str, scopes: Sequence[str], at: float) -> list[Reached]:
    out: list[Reached] = []
    for row in counted_limits(db, scopes, at):
        if row.period is None:
            continue
        cap = row.cap + row.raised
        percent = next((one for one in _ALERTS if row.spent * 100 >= cap * one), 0)
        if percent > row.announced and cap > 0:
            one = counter_row(row.scope, row.period, row.unit)
            db.execute(counters.update().where(one).values(announced=percent))
            out.append(Reached(workspace, row.scope, row.period, row.unit, percent, row.spent, cap))
    return out


def _now(db: sa.Connection, store: GatewayStore) -> float:
    """Seconds since the epoch, by the clock that `until` of holds goes by."""
    if db.dialect.name == "sqlite":
        return store.clock.now()
    return float(db.execute(sa.select(_SERVER_TIME)).scalar_one())


def _add_hold(dialect: str) -> sa.Insert:
    insert = holds.insert()
    return insert if dialect == "sqlite" else insert.values(until=_SERVER_TIME + HOLD_S)


def _add_to_day(dialect: str) -> sa.Insert:
    sums = [column.name for column in usage_days.c if not column.primary_key]
    return upsert(dialect, usage_days, [column.name for column in usage_days.primary_key], added=sums)


_SERVER_TIME = sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Float)
_ADD_HOLD = Prepared(_add_hold)
_TAKE_HOLD = Prepared(holds.delete().where(holds.c.id == sa.bindparam("number")).returning(*holds.c))
_ADD_HELD = Prepared(
    counters.update()
    .where(
        counters.c.scope == sa.bindparam("of"),
        counters.c.period == sa.bindparam("in_"),
        counters.c.unit == sa.bindparam("what"),
    )
    .values(held=counters.c.held + sa.bindparam("more"))
)
_SPENT: dict[str, Any] = {unit: sa.bindparam(unit) for unit in UNITS}
_ADD_SPENT = Prepared(
    counters.update()
    .where(among(counters.c.scope, "scopes"), among(counters.c.period, "periods"))
    .values(spent=counters.c.spent + sa.case(_SPENT, value=counters.c.unit))
)
_ADD_LINE = Prepared(usage_lines.insert())
_ADD_TO_DAY = Prepared(_add_to_day)
