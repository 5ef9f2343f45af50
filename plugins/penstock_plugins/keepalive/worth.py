"""Expected value of one more keep-alive request: the cost of the cache write it may avoid, times its chance, less
the cost of the read."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["value_of_reading"]

HORIZON = 100
"""Reads that are thought ahead."""


def value_of_reading(chance: Callable[[int], float], read: float, rewrite: float, horizon: int = HORIZON) -> float:
    """What it is worth to read now, and to go on as long as that is worth it, in the unit of the prices.

    `chance(n)`: that somebody speaks after `n` more reads, and before the one after. `read`: the price of one;
    `rewrite`: what a request costs more that finds no entry. This is an optimal stopping problem, solved backwards:

        V(n) = max(0, -read + chance(n) * rewrite + (1 - chance(n)) * V(n + 1))
    """
    value = 0.0
    for n in reversed(range(horizon)):
        here = chance(n)
        value = max(0.0, -read + here * rewrite + (1 - here) * value)
    return value
