"""`InputAtPrice`: what the input of some requests would have cost at any price for a million tokens: to compare models,
or where the price of the model in use is not known."""

from __future__ import annotations

from dataclasses import dataclass

from penstock.events.response_events import LoggedCost, TokenSplit

__all__ = ["InputAtPrice"]

_READ, _WRITE = 0.1, 1.25
"""What a token read from the cache, or written to it for five minutes, costs: so many times an input token. Anthropic's
factors; those of most other providers are lower."""


@dataclass(slots=True)
class InputAtPrice:
    """Sums of input tokens, those read from and written to a cache at their share of the price."""

    came: float = 0.0
    """Without edits."""
    sent: float = 0.0

    def add(self, money: LoggedCost) -> None:
        """Add one request, at a known price or not."""
        self.came += _weighted(money.came)
        self.sent += _weighted(money.sent)

    def dollars(self, price: float) -> tuple[float, float]:
        """What the input would have cost without edits, and with them, at `price` dollars for a million tokens."""
        return self.came * price / 1e6, self.sent * price / 1e6


def _weighted(split: TokenSplit) -> float:
    return split.plain + _READ * split.read + _WRITE * split.write
