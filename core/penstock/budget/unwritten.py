"""`Unwritten`: what was added to a counter and is on its way to the store, until the store has confirmed it. `onto`
adds it to stored sums, so that what a process shows includes what is not written yet. Any thread may call."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from penstock.budget.amount import Amount

__all__ = ["Unwritten"]

_HAIR = 1e-6
"""Sums are rounded where they are stored; they are off by less."""


class Unwritten:
    """Amounts on their way to the store, by part and measure. Any thread may call: a store confirms from its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: dict[str, dict[str, float]] = {}

    def __bool__(self) -> bool:
        with self._lock:
            return bool(self._sums)

    def add(self, added: Mapping[str, Mapping[str, float]]) -> None:
        """Count what is given to the store."""
        self._change(added, 1)

    def confirm(self, added: Mapping[str, Mapping[str, float]]) -> None:
        """Count what the store has written no longer."""
        self._change(added, -1)

    def onto(self, stored: Mapping[str, Amount]) -> dict[str, Amount]:
        """The stored sums as they will be when everything is written."""
        with self._lock:
            return {
                part: Amount(**{m: max(0.0, amount.of(m) + more) for m, more in self._sums[part].items()})
                if part in self._sums
                else amount
                for part, amount in stored.items()
            }

    def _change(self, added: Mapping[str, Mapping[str, float]], sign: int) -> None:
        with self._lock:
            for part, amounts in added.items():
                before = self._sums.pop(part, {})
                now = {m: before.get(m, 0.0) + sign * more for m, more in amounts.items()}
                if any(abs(one) > _HAIR for one in now.values()):
                    self._sums[part] = now
