"""`Totals`: sums of requests, tokens and money over exchanges."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.conversation.exchange import Kind
from penstock.stats.cost_totals import CostTotals
from penstock_tui.log.row import Row

__all__ = ["Totals"]


@dataclass(slots=True)
class Totals:
    """Sums over exchanges, including those whose rows were dropped."""

    requests: int = 0
    turns: int = 0
    """The number of the users' messages, retries not counted."""
    tokens_in: int = 0
    """Tokens that clients sent. Requests that only count tokens, and refused or rejected ones, are left out here and
    below."""
    tokens_out: int = 0
    """Tokens that were forwarded to providers."""
    uncounted: int = 0
    """Requests whose tokens are an estimate, since no provider counted them."""
    prompt: int = 0
    """Input tokens as the providers counted them; where one did not, as the bill has them."""
    cache_read: int = 0
    costs: CostTotals = field(default_factory=CostTotals)

    @property
    def about(self) -> str:
        """What stands before a sum of tokens: `~` if some of them are an estimate."""
        return "~" if self.uncounted else ""

    @property
    def saved(self) -> int:
        """Tokens saved; negative when notes added more than edits removed."""
        return self.tokens_in - self.tokens_out

    @property
    def cache_share(self) -> float | None:
        """The share of all input that came from providers' caches."""
        return self.cache_read / self.prompt if self.prompt else None

    def add(self, row: Row, sign: int) -> None:
        """Add `row` with `sign` 1, subtract it with -1."""
        self.requests += sign
        self.turns += sign * row.is_new_turn
        if row.kind == Kind.COUNT:
            return
        (came, sent), (read, prompt) = row.traffic, row.cached
        self.tokens_in += sign * came
        self.tokens_out += sign * sent
        self.uncounted += sign * (came > 0 and row.how != "exact")
        self.prompt += sign * prompt
        self.cache_read += sign * read
        self.costs.add(row.money, sign)
        self.costs.add_reads(row.reads, row.reads_cost, sign)

    def join(self, other: Totals) -> None:
        """Add the sums of `other`."""
        self.requests += other.requests
        self.turns += other.turns
        self.tokens_in += other.tokens_in
        self.tokens_out += other.tokens_out
        self.uncounted += other.uncounted
        self.prompt += other.prompt
        self.cache_read += other.cache_read
        self.costs.join(other.costs)
