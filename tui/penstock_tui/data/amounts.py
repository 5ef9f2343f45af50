"""`parse_amounts`: parses amounts that a user types (dollars, tokens, requests), or raises `AmountError` with what was
expected. `in_words` formats amounts. Independent of Textual."""

from __future__ import annotations

import math
import re

from penstock.budget.amount import MEASURES, amount_in_words

__all__ = ["EXAMPLES", "AmountError", "in_words", "parse_amounts"]

EXAMPLES = "$20    2M tokens    $5, 500 requests"
_ONE = re.compile(
    r"(?P<sign>\$)?\s*(?P<digits>\d+(?:[.,_]\d+)*)\s*(?P<size>[kKmM](?![a-zA-Z]))?\s*(?P<what>[a-zA-Z]+)?", re.ASCII
)
_THOUSANDS = re.compile(r"[,_](?=\d{3}(?!\d))")
_SIZES = {"": 1.0, "k": 1e3, "m": 1e6}
_NAMES = {"dollar": "dollars", "usd": "dollars", "token": "tokens", "request": "requests"}


class AmountError(ValueError):
    """The text is not an amount. The message says what would be."""


def parse_amounts(text: str) -> dict[str, float]:
    """Amounts by measure; empty for an empty text. A number without a unit is dollars. Raises `AmountError`."""
    out: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in re.split(r";|,\s|\band\b|\+", text))):
        measure, amount = _one(part)
        if measure in out:
            raise AmountError(f"{measure} are named twice")
        out[measure] = amount
    return out


def in_words(amounts: dict[str, float]) -> str:
    """Amounts as a text, such as "$5.00 and 500 requests"."""
    return " and ".join(amount_in_words(measure, amounts[measure]) for measure in MEASURES if measure in amounts)


def _one(part: str) -> tuple[str, float]:
    found = _ONE.fullmatch(part)
    what = found["what"].lower() if found is not None and found["what"] else "dollars"
    measure = _NAMES.get(what, what)
    if found is None or measure not in MEASURES or (found["sign"] and measure != "dollars"):
        raise AmountError(f"“{part}” is no amount. These are: {EXAMPLES}")
    try:
        amount = float(_THOUSANDS.sub("", found["digits"])) * _SIZES[(found["size"] or "").lower()]
    except ValueError:
        raise AmountError(f"“{part}” is no number. These are amounts: {EXAMPLES}") from None
    if not math.isfinite(amount) or amount <= 0:
        raise AmountError(f"“{part}” is not above nothing")
    return measure, amount
