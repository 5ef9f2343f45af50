"""`load`: the budgets as stored (counters, limits), for the proxy, a command or the screen. What cannot be read counts
from zero, or as no limit, with a warning and no error."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from penstock.base.errors import StoreError
from penstock.budget.budgets import COUNTERS, LIMITS, Budgets, Save, SaveLater
from penstock.budget.limit_evaluator import Change
from penstock.store.base import Store

__all__ = ["load"]

logger = logging.getLogger(__name__)


def load(
    store: Store,
    now: float,
    *,
    on_change: Callable[[Change], None] = lambda _: None,
    save: Save = lambda *_: None,
    save_later: SaveLater | None = None,
) -> Budgets:
    """The budgets as they were stored last. Counters that cannot be read start from zero, with a warning. `save` is
    called with each later change, and `save_later`, where there is one, with those of counters."""
    made = partial(Budgets, now=now, on_change=on_change, save=save, save_later=save_later, is_shared=store.is_shared)
    try:
        counters, limits = store.values_of(COUNTERS), store.values_of(LIMITS)
    except StoreError as e:
        logger.warning("%s: budgets count from nothing", e)
        return made()
    try:
        return made(counters, limits)
    except ValueError as e:  # another version wrote limits that are none here
        logger.warning("limits set by hand cannot be read (%s) and do not count", e)
        return made(counters)
