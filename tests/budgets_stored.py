"""`save_in`: stores each change of a budget at once, where in the product the event log's thread does it."""

from __future__ import annotations

from penstock.base.increment import FactChange, Increment
from penstock.budget.budgets import Save
from penstock.store.base import Store

__all__ = ["save_in"]


def save_in(store: Store) -> Save:
    """A function that stores each change at once, and raises `StoreError`."""

    def save(kind: str, name: str, value: FactChange) -> None:
        store.set_values(kind, {name: value})
        if isinstance(value, Increment):
            value.written()

    return save
