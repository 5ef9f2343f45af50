"""`window_of`: a model's context window, from the bundled table. `stale`: a warning when that table is too old;
`table_date`: the day it was checked."""

from __future__ import annotations

from functools import cache

from penstock.cost.prices import Prices
from penstock.models import staleness

__all__ = ["stale", "table_date", "window_of"]


@cache
def _prices() -> Prices:
    return Prices()


def window_of(provider: str, model: str) -> int:
    """The context window of `model` in tokens. 0: not known."""
    found = _prices().resolve(model, provider)
    return found.price.window if "window" in found.row.figures else 0


def table_date() -> str:
    """The date on which the figures were looked up: 2026-11-22."""
    return _prices().date.isoformat()


def stale() -> str:
    """A warning about figures that are too old; empty while they are not."""
    return staleness(_prices().date)
