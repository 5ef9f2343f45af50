"""`load`: the budgets as stored (counters, limits), for the proxy, a command or the screen. What cannot be read counts
from zero, or as no limit, with a warning and no error."""

from __future__ import annotations

import logging
from collections.abc import Callable

from penstock.base.errors import StoreError
from penstock.budget.budgets import COUNTERS, LIMITS, Budgets, Save
from penstock.budget.limit_evaluator import Change
from penstock.store.base import Store

__all__ = ["load"]

logger = logging.getLogger(__name__)


def load(
    store: Store, now: float, *, on_change: Callable[[Change], None] = lambda _: None, save: Save = lambda *_: None
) -> Budgets:
    """The budgets as they were stored last. Counters that cannot be read start from zero, with a warning. `save` is
    called with each later change."""
    try:
        counters, limits = store.values_of(COUNTERS), store.values_of(LIMITS)
    except StoreError as e:
        logger.warning("%s: budgets count from nothing", e)
        return Budgets(now=now, on_change=on_change, save=save, is_shared=store.is_shared)
    try:
        return Budgets(counters, limits, now=now, on_change=on_change, save=save, is_shared=store.is_shared)
    except ValueError as e:  # another version wrote limits that are none here
        logger.warning("limits set by hand cannot be read (%s) and do not count", e)
        return Budgets(counters, now=now, on_change=on_change, save=save, is_shared=store.is_shared)
