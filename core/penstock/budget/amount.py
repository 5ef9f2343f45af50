"""`Amount`: dollars, tokens and requests (`MEASURES`) that were spent or may be, with arithmetic; `amount_in_words` and
`part_in_words` write it for people, `number` reads a stored one. What cannot be read counts as 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from penstock.base.format import dollars, plural

__all__ = ["MEASURES", "Amount", "amount_in_words", "number", "part_in_words"]

MEASURES = ("dollars", "tokens", "requests")
_HAIR = 1e-9
"""Sums of floats are off by less."""
_MOST = 1e300


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of each measure. Tokens are the whole input of requests, cached tokens included, and the output."""

    dollars: float = 0.0
    tokens: float = 0.0
    requests: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(self.dollars + other.dollars, self.tokens + other.tokens, self.requests + other.requests)

    def __sub__(self, other: Amount) -> Amount:
        """Never below nothing, and nothing where only a hair is left."""
        return Amount(
            _left(self.dollars, other.dollars), _left(self.tokens, other.tokens), _left(self.requests, other.requests)
        )

    def of(self, measure: str) -> float:
        """One of its measures, `dollars`, `tokens` or `requests`."""
        found: float = getattr(self, measure)
        return found

    def payload(self) -> dict[str, float]:
        """The amount as plain data to store; `read` reads it."""
        return {"dollars": round(self.dollars, 9), "tokens": self.tokens, "requests": self.requests}

    @classmethod
    def read(cls, stored: object) -> Amount:
        """What `payload` gave. What cannot be read counts as nothing."""
        values = stored if isinstance(stored, Mapping) else {}
        return cls(*(number(values.get(measure)) for measure in MEASURES))


def _left(whole: float, part: float) -> float:
    rest = whole - part
    return rest if rest > _HAIR else 0.0


def number(value: object) -> float:
    """A stored number from 0 on; any other value counts as 0."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < _MOST else 0.0  # type: ignore[arg-type, operator]


def amount_in_words(measure: str, amount: float) -> str:
    """An amount of a measure for people: `$3.20`, `$0.0031`, `1,200 tokens`."""
    return dollars(amount) if measure == "dollars" else plural(round(amount), measure[:-1])


def part_in_words(measure: str, used: float, limit: float) -> str:
    """`$3.20 of $5.00`, `1,200 of 5,000 tokens`."""
    if measure == "dollars":
        return f"{amount_in_words(measure, used)} of {amount_in_words(measure, limit)}"
    return f"{used:,.0f} of {limit:,.0f} {measure}"
