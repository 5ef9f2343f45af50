"""The books in the store."""

from __future__ import annotations

import logging
from collections.abc import Callable

from penstock.base.errors import StoreError
from penstock.budget.budgets import Budgets
from penstock.budget.limit_evaluator import Change
from penstock.store.base import Store

__all__ = ["COUNTERS", "LIMITS", "load", "save"]

logger = logging.getLogger(__name__)
COUNTERS, LIMITS = "budget", "budget-limit"
"""Kinds of facts."""


def load(store: Store, now: float, on_change: Callable[[Change], None]) -> Budgets:
    """The books as they were stored last. What cannot be read counts from nothing, and that is said."""
    try:
        counters, limits = store.values_of(COUNTERS), store.values_of(LIMITS)
    except StoreError as e:
        logger.warning("%s: budgets count from nothing", e)
        return Budgets(now=now, on_change=on_change)
    try:
        return Budgets(counters, limits, now=now, on_change=on_change)
    except ValueError as e:  # another version wrote limits that are none here
        logger.warning("limits set by hand cannot be read (%s) and do not count", e)
        return Budgets(counters, now=now, on_change=on_change)


def save(store: Store, budgets: Budgets) -> None:
    """Store what changed. Raises `StoreError`; it is then given again."""
    counters, limits = budgets.changed()
    try:
        if counters:
            store.set_values(COUNTERS, counters)
        if limits:
            store.set_values(LIMITS, limits)
    except StoreError:
        budgets.unsaved(counters, limits)
        raise
