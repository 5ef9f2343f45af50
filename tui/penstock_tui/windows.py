"""How much a model may be sent, by the bundled table."""

from __future__ import annotations

from functools import cache

from penstock.prices import Prices

__all__ = ["window_of"]


@cache
def _prices() -> Prices:
    return Prices()


def window_of(provider: str, model: str) -> int:
    """Tokens that a request to `model` may have. 0: not known."""
    return _prices().of(provider, model).window if provider in _prices().providers else 0
