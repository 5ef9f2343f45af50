"""Sums of money, as told by events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from penstock.stats.fields import number

__all__ = ["CostTotals"]


@dataclass(slots=True)
class CostTotals:
    """What some exchanges cost. Dollars; tokens where nothing else is said."""

    requests: int = 0
    """Those that were answered and paid for at a known price. A stream that broke off is not among them."""
    baseline: float = 0.0
    """What the same would have cost untouched."""
    paid: float = 0.0
    naive: float = 0.0
    """What a client would have paid that compacts by itself; see `penstock.cost.baseline`."""
    own: float = 0.0
    """Calls of our own, part of `paid`."""
    came: int = 0
    """Input without edits."""
    sent: int = 0
    reads_saved: int = 0
    """Tokens that need not be read from the cache."""
    writes_caused: int = 0
    """Tokens written to the cache because of edits; below zero when edits spared more than they caused."""
    estimated: int = 0
    """Requests for which the provider did not say what it counted."""
    unpriced: int = 0
    """Requests to models whose price nobody knows. They are not among `requests`, and add no dollars but `own`."""

    @property
    def saved(self) -> float:
        """Dollars; negative when editing cost more than it saved."""
        return round(self.baseline - self.paid, 6)  # sums of floats: what is equal must not differ by a hair

    @property
    def share(self) -> float | None:
        """The part of the baseline that was saved. None: nothing would have been paid."""
        return self.saved / self.baseline if self.baseline else None

    def add(self, money: object) -> None:
        """Count the field `money` of an `answered` event in. What it does not say counts as nothing."""
        if not isinstance(money, Mapping):
            return
        own = _number(money, "own")
        is_known = money.get("how") != "unknown"
        self.requests += is_known
        self.unpriced += not is_known
        self.paid += own
        if is_known:
            self.baseline += _number(money, "baseline")
            self.paid += _number(money, "paid")
            self.naive += _number(money, "naive")
        self.own += own
        self.came += _sum(money.get("came"))
        self.sent += _sum(money.get("sent"))
        self.reads_saved += int(_number(money, "reads_saved"))
        self.writes_caused += int(_number(money, "writes_caused"))
        self.estimated += money.get("how") == "estimated"

    def join(self, other: CostTotals) -> None:
        """Count all of another in."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


def _sum(split: object) -> int:
    return int(sum(_number(split, name) for name in split)) if isinstance(split, Mapping) else 0


def _number(values: Mapping[Any, Any], name: Any) -> float:
    return number(values.get(name)) or 0
