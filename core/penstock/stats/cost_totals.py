"""`CostTotals`: sums of costs and tokens over exchanges."""

from __future__ import annotations

from dataclasses import dataclass, fields

from penstock.base.format import dollars
from penstock.events.response_events import LoggedCost

__all__ = ["CostTotals"]


@dataclass(slots=True)
class CostTotals:
    """Costs of some exchanges, in dollars, or in tokens where the attribute says so."""

    requests: int = 0
    """Requests that were answered and paid for at a known price. A stream that broke off is not counted."""
    baseline: float = 0.0
    """What the same requests would have cost without edits."""
    paid: float = 0.0
    naive: float = 0.0
    """What a client that compacts by itself would have paid; see `penstock.cost.baseline`."""
    own: float = 0.0
    """What Penstock's own model calls cost, part of `paid`."""
    reads: int = 0
    """Keep-alive requests."""
    reads_cost: float = 0.0
    """What the keep-alive requests cost, part of `paid`."""
    came: int = 0
    """Input tokens without edits."""
    sent: int = 0
    reads_saved: int = 0
    """Tokens that did not have to be read from the cache."""
    writes_caused: int = 0
    """Tokens written to the cache because of edits; below zero when edits spared more than they caused."""
    estimated: int = 0
    """Requests for which the provider did not say what it counted."""
    unpriced: int = 0
    """Requests to models whose price is not known. They are not counted in `requests`, and add no dollars but `own`."""

    @property
    def saved(self) -> float:
        """Dollars; negative when editing cost more than it saved."""
        return round(self.baseline - self.paid, 6)  # sums of floats: what is equal must not differ by a hair

    @property
    def share(self) -> float | None:
        """The part of the baseline that was saved. None: nothing would have been paid."""
        return self.saved / self.baseline if self.baseline else None

    def in_dollars(self, amount: float) -> str:
        """A sum as text: `?` if no request's price is known, `$1.20 + ?` if some requests' prices are."""
        if not self.unpriced:
            return dollars(amount)
        return f"{dollars(amount)} + ?" if self.requests else "?"

    def add(self, money: LoggedCost | None, sign: int = 1) -> None:
        """Add the cost of one request, or subtract it with a `sign` of -1. None adds nothing."""
        if money is None:
            return
        self.requests += sign * money.is_known
        self.unpriced += sign * (not money.is_known)
        self.own += sign * money.own
        self.paid += sign * money.own
        if money.is_known:
            self.baseline += sign * (money.baseline or 0.0)
            self.paid += sign * (money.paid or 0.0)
            self.naive += sign * (money.naive or 0.0)
        self.came += sign * money.came.total
        self.sent += sign * money.sent.total
        self.reads_saved += sign * money.reads_saved
        self.writes_caused += sign * money.writes_caused
        self.estimated += sign * money.is_estimated

    def add_reads(self, reads: int, dollars: float, sign: int = 1) -> None:
        """Add keep-alive requests, or subtract them with a `sign` of -1."""
        self.reads += sign * reads
        self.reads_cost += sign * dollars
        self.paid += sign * dollars

    def join(self, other: CostTotals) -> None:
        """Add all sums of another."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
