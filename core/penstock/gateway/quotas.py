"""Limits of keys, workspaces and models: sets, raises and shows them (`set_limits`, `raise_limit`, `show_limits`;
`limits_of` a scope), and opens a limit's counter for each period with what was used in it so far (`open_counters`).
Also decides in which limits a request counts (`scopes_of`), however its model's name is written. Raises
`InvalidSetting` for a limit that is none, `NotThere` for an unknown scope. `holds` lets requests in against these
counters.

A limit that is set in the middle of a month counts all of the month: its counter begins with the usage so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from penstock.base.format import dollars, plural
from penstock.base.prepared import Prepared
from penstock.base.sql_functions import among
from penstock.base.suggest import did_you_mean
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import InvalidSetting, NotThere
from penstock.gateway.periods import day_of, end_of, period_of
from penstock.gateway.records import BILLION, PERIODS, UNITS, Limit, LimitState, Period, Unit
from penstock.gateway.schema import api_keys, counters, limits, usage_days, workspaces
from penstock.models.names import key_of, parse

__all__ = [
    "amount",
    "counted_limits",
    "counter_row",
    "in_words",
    "limits_of",
    "open_counters",
    "raise_limit",
    "read_limit",
    "scope_of",
    "scopes_of",
    "set_limits",
    "show_limits",
    "workspace_of",
    "workspace_scopes",
]

_MOST = 10**18
_PERIOD_NOW = sa.case({per: sa.bindparam(f"{per}_now") for per in PERIODS}, value=limits.c.per)
_LIMITS = (
    sa.select(limits, *(column for column in counters.c if column.name not in ("scope", "unit")))
    .outerjoin_from(
        limits,
        counters,
        (counters.c.scope == limits.c.scope) & (counters.c.period == _PERIOD_NOW) & (counters.c.unit == limits.c.unit),
    )
    .order_by(limits.c.scope, limits.c.per, limits.c.unit)
)
_COUNTED = Prepared(_LIMITS)
_COUNTED_OF = Prepared(_LIMITS.where(among(limits.c.scope, "scopes")))
_COUNTED_OF_THREE = Prepared(_LIMITS.where(limits.c.scope.in_([sa.bindparam(f"scope_{n}") for n in range(3)])))
"""The same for the three scopes of a request: to take a list apart costs SQLite a quarter of the time."""


@lru_cache(maxsize=1024)
def scopes_of(workspace: str, key: str, model: str) -> Sequence[str]:
    """The scopes that a request counts in, in the order in which they are locked. `model`: as `provider/name`."""
    return tuple(sorted([f"key:{key}", f"workspace:{workspace}", scope_of(f"model:{workspace}/{model}")]))


def scope_of(said: str) -> str:
    """A scope as limits and counters have it: of a model, each way to write its name has the same one."""
    kind, _, rest = said.partition(":")
    workspace, _, model = rest.partition("/")
    provider, _, name = model.partition("/")
    return f"model:{workspace}/{provider}/{_model_key(name)}" if kind == "model" and name else said


def _model_key(name: str) -> str:
    """Without capitals, dots and the version's date: providers answer as the same model. A tag of Ollama stays, as
    `qwen3:8b` is not `qwen3:30b`."""
    parsed = parse(name)
    tag = name.rpartition(":")[2].strip().lower() if parsed.provider in ("ollama", "ollama-cloud") else ""
    is_tagged = tag and ":" in name and tag != "latest"
    return key_of(parsed.name) + (f":{tag}" if is_tagged else "")


def amount(unit: Unit, said: float) -> int:
    """An amount as it is counted: dollars become billionths."""
    return round(said * BILLION) if unit == "dollars" else round(said)


def in_words(unit: Unit, counted: int) -> str:
    """An amount for people: `$3.20`, `$0.0031`, `1,200 tokens`."""
    return dollars(counted / BILLION) if unit == "dollars" else plural(counted, unit[:-1])


def read_limit(per: str, unit: str, most: float) -> Limit:
    """A limit as a person gives it, dollars in dollars. Raises `InvalidSetting`."""
    if per not in PERIODS:
        raise InvalidSetting(f"per: {per!r} is no period.{did_you_mean(per, PERIODS)}", "per")
    if unit not in UNITS:
        raise InvalidSetting(f"{unit!r} is no unit of a limit.{did_you_mean(unit, UNITS)}", unit)
    highest = _MOST // BILLION if unit == "dollars" else _MOST // 1000
    cap = amount(unit, most) if 0 <= most <= highest else -1
    if cap < 0 or (cap == 0 and most > 0):
        raise InvalidSetting(f"{unit}: an amount from 0 to {highest:,} was expected", unit)
    return Limit(per, unit, cap)


def workspace_of(store: GatewayStore, scope: str, within: str | None = None) -> str:
    """The workspace that a scope is in. Raises `NotThere`: there is no such scope, or none `within` that workspace."""
    kind, _, rest = scope.partition(":")
    with store.reading() as db:
        found: str | None = None
        if kind == "key":
            found = db.scalar(sa.select(api_keys.c.workspace).where(api_keys.c.id == rest))
        elif kind in ("workspace", "model"):
            name = rest.partition("/")[0] if kind == "model" else rest
            is_named = kind == "workspace" or bool(rest.partition("/")[2])
            found = db.scalar(sa.select(workspaces.c.name).where(workspaces.c.name == name)) if is_named else None
    if found is None or len(scope) > 240 or within not in (None, found):
        raise NotThere(f"there is no scope {scope[:100]!r}: key:ID, workspace:NAME or model:WORKSPACE/PROVIDER/NAME")
    return found


def workspace_scopes(store: GatewayStore, workspace: str) -> list[str]:
    """The scopes of a workspace that have limits."""
    keys = sa.select(sa.literal("key:").concat(api_keys.c.id)).where(api_keys.c.workspace == workspace)
    of_models = limits.c.scope.startswith(f"model:{workspace}/", autoescape=True)
    chosen = limits.c.scope.in_(keys) | (limits.c.scope == f"workspace:{workspace}") | of_models
    with store.reading() as db:
        return list(db.scalars(sa.select(limits.c.scope).where(chosen).distinct()))


def limits_of(store: GatewayStore, scope: str) -> list[Limit]:
    """The limits of a scope."""
    with store.reading() as db:
        return _limits(db, scope_of(scope))


def set_limits(store: GatewayStore, scope: str, wanted: Iterable[Limit], by: str) -> list[Limit]:
    """Have these be all limits of a scope. Raises `NotThere`."""
    workspace, scope = workspace_of(store, scope), scope_of(scope)
    rows = {(one.per, one.unit): one for one in wanted}
    with store.writing() as db:
        db.execute(limits.delete().where(limits.c.scope == scope))
        for one in rows.values():
            db.execute(limits.insert().values(scope=scope, per=one.per, unit=one.unit, cap=one.cap))
        said = {f"{one.unit} per {one.per}": in_words(one.unit, one.cap) for one in rows.values()}
        store.note(db, workspace, by, "limits set", _named(db, scope), **said)
        return _limits(db, scope)


def raise_limit(store: GatewayStore, scope: str, per: str, unit: str, by_amount: float, by: str) -> LimitState:
    """Add to a limit for the period of now. Raises `NotThere` and `InvalidSetting`."""
    workspace, more, now = workspace_of(store, scope), read_limit(per, unit, by_amount), store.clock.now()
    scope = scope_of(scope)
    with store.writing() as db:
        found = _counted_limit(db, scope, more, now)
        if found.cap + (found.raised or 0) + more.cap > _MOST:
            raise InvalidSetting(f"the limit would be {in_words(more.unit, _MOST)} and more: raise it by less", "by")
        if found.period is None:
            _open(db, found, now)
        row = counter_row(scope, period_of(more.per, now), more.unit)
        db.execute(counters.update().where(row).values(raised=counters.c.raised + more.cap, announced=0))
        said = {"what": f"{unit} per {per}", "more": in_words(more.unit, more.cap)}
        store.note(db, workspace, by, "limit raised", _named(db, scope), **said)
        return _state(db, _counted_limit(db, scope, more, now), now)


def show_limits(store: GatewayStore, scopes: Sequence[str] | None = None) -> list[LimitState]:
    """The limits of these scopes, or of all that have any, with what counts against them now. Writes nothing."""
    now, chosen = store.clock.now(), None if scopes is None else [scope_of(one) for one in scopes]
    with store.reading() as db:
        return [_state(db, one, now) for one in counted_limits(db, chosen, now)]


def counted_limits(db: sa.Connection, scopes: Sequence[str] | None, now: float) -> list[Any]:
    """The limits of these scopes, or of all that have any: the columns of `limits`, and those of its counter in the
    period of now, which are None where no request has made that counter yet."""
    periods = {f"{per}_now": period_of(per, now) for per in PERIODS}
    if scopes is None:
        return _COUNTED.run(db, **periods)
    if len(scopes) == 3:
        return _COUNTED_OF_THREE.run(db, scope_0=scopes[0], scope_1=scopes[1], scope_2=scopes[2], **periods)
    return _COUNTED_OF.run(db, scopes=scopes, **periods)


def open_counters(db: sa.Connection, scopes: Sequence[str], now: float) -> list[Any]:
    """The same, each counter made where it is not there yet."""
    rows = counted_limits(db, scopes, now)
    lacking = [row for row in rows if row.period is None]
    for row in lacking:
        _open(db, row, now)
    return counted_limits(db, scopes, now) if lacking else rows


def _open(db: sa.Connection, row: Any, now: float) -> None:
    made = {"scope": row.scope, "period": period_of(row.per, now), "unit": row.unit, "ends_at": end_of(row.per, now)}
    spent = _used(db, row.scope, row.per, row.unit, now)
    db.execute(counters.insert().values(**made, spent=spent, held=0, raised=0, announced=0))


def _named(db: sa.Connection, scope: str) -> str:
    """A scope for people: that of a key with the key's name."""
    kind, _, id = scope.partition(":")
    name = db.scalar(sa.select(api_keys.c.name).where(api_keys.c.id == id)) if kind == "key" else None
    return f"{name} ({id})" if name is not None else scope


def _used(db: sa.Connection, scope: str, per: Period, unit: Unit, now: float) -> int:
    """What the usage of a scope in this period sums up to; of a minute that is not known."""
    if per == "minute":
        return 0
    first = day_of(now) if per == "day" else day_of(now)[:7]
    days, c = usage_days.c.day.startswith(first), usage_days.c
    kind, _, rest = scope.partition(":")
    if kind == "key":
        chosen = c.key == rest
    elif kind == "workspace":
        chosen = c.workspace == rest
    else:
        workspace, _, model = rest.partition("/")
        provider, _, name = model.partition("/")
        chosen = (c.workspace == workspace) & (c.provider == provider)
        names = db.scalars(sa.select(c.model).where(chosen, days).distinct()).all()
        chosen &= c.model.in_([one for one in names if _model_key(one) == name])
    units: dict[Unit, sa.ColumnElement[Any]] = {
        "requests": c.requests,
        "tokens": c.input + c.cache_read + c.cache_write + c.output,
        "dollars": c.dollars,
    }
    return int(db.scalar(sa.select(sa.func.sum(units[unit])).where(chosen, days)) or 0)


def _counted_limit(db: sa.Connection, scope: str, like: Limit, now: float) -> Any:
    """The one of a scope that is for the same period and unit. Raises `NotThere`."""
    for row in counted_limits(db, [scope], now):
        if (row.per, row.unit) == (like.per, like.unit):
            return row
    raise NotThere(f"{scope} has no limit of {like.unit} per {like.per}")


def _limits(db: sa.Connection, scope: str) -> list[Limit]:
    chosen = limits.select().where(limits.c.scope == scope).order_by(limits.c.per, limits.c.unit)
    return [Limit(row.per, row.unit, row.cap) for row in db.execute(chosen)]


def _state(db: sa.Connection, row: Any, now: float) -> LimitState:
    if row.period is None:  # the period's first request makes it
        used = _used(db, row.scope, row.per, row.unit, now)
        return LimitState(row.scope, row.per, row.unit, row.cap, used, 0, end_of(row.per, now))
    return LimitState(row.scope, row.per, row.unit, row.cap + row.raised, row.spent, row.held, row.ends_at)


def counter_row(scope: str, period: str, unit: str) -> sa.ColumnElement[bool]:
    """The condition of one counter."""
    c = counters.c
    return (c.scope == scope) & (c.period == period) & (c.unit == unit)
