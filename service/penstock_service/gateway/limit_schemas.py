"""Limits as the API has them, one object for each period with requests, tokens and dollars: `read_limits` makes
`Limit`s of bodies (`LimitBody`) and raises `InvalidSetting`, `limit_lines` makes the answer (`LimitLine`), and
`state_line` that of a limit with what counts against it (`StateLine`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

from penstock.base.format import rfc3339
from penstock.gateway.quotas import read_limit
from penstock.gateway.records import UNITS, Limit, LimitState, Period, Unit
from penstock_service.gateway.calls import said_amount
from penstock_service.http.body import Body

__all__ = ["LimitBody", "LimitLine", "StateLine", "limit_lines", "read_limits", "state_line"]

Count = Annotated[int, Field(ge=0, le=10**9)]
Dollars = Annotated[float, Field(ge=0, le=10**9)]


class LimitBody(Body):
    """What may be spent in a minute, a day or a month (UTC): at least one of the three."""

    per: Period
    requests: Count | None = None
    tokens: Count | None = None
    dollars: Dollars | None = None

    @model_validator(mode="after")
    def _says_something(self) -> LimitBody:
        if self.requests is None and self.tokens is None and self.dollars is None:
            raise ValueError("one of requests, tokens and dollars was expected")
        return self


class LimitLine(BaseModel):
    """What may be spent in one period; null: unlimited."""

    per: Period
    requests: int | None = None
    tokens: int | None = None
    dollars: float | None = None


class StateLine(BaseModel):
    """A limit, and what counts against it now. `cap`: with what was added for this period; `held`: for requests under
    way."""

    scope: str
    per: Period
    unit: Unit
    cap: float
    spent: float
    held: float
    resets_at: str


def read_limits(given: Iterable[LimitBody]) -> list[Limit]:
    """The limits of bodies; of two for the same, the last. Raises `InvalidSetting`."""
    return [
        read_limit(one.per, unit, most) for one in given for unit in UNITS if (most := getattr(one, unit)) is not None
    ]


def limit_lines(found: Iterable[Limit]) -> list[LimitLine]:
    """Limits as the API has them, one object for each period."""
    by_period: dict[Period, dict[str, Any]] = {}
    for one in found:
        by_period.setdefault(one.per, {})[one.unit] = said_amount(one.unit, one.cap)
    return [LimitLine(per=per, **amounts) for per, amounts in by_period.items()]


def state_line(found: LimitState) -> StateLine:
    """A limit with its state, as the API has it."""
    cap, spent, held = (said_amount(found.unit, one) for one in (found.cap, found.spent, found.held))
    return StateLine(
        scope=found.scope,
        per=found.per,
        unit=found.unit,
        cap=cap,
        spent=spent,
        held=held,
        resets_at=rfc3339(found.resets_at),
    )
