"""`value_of_reading`: the expected value of one more keep-alive request, which is the cost of the cache write it may
avoid, times its probability, less the cost of the request. Considers up to 100 requests ahead. Called by the stage
`keepalive`."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["value_of_reading"]

HORIZON = 100
"""The number of future reads that are considered."""


def value_of_reading(chance: Callable[[int], float], read: float, rewrite: float, horizon: int = HORIZON) -> float:
    """The expected value of a keep-alive request now, and of going on as long as that pays, in the unit of the prices.

    `chance(n)`: the probability that the user continues after `n` more requests and before the next one. `read`: the
    price of one request; `rewrite`: the additional cost of a request that finds no cache entry. This is an optimal
    stopping problem, solved backwards:

        V(n) = max(0, -read + chance(n) * rewrite + (1 - chance(n)) * V(n + 1))
    """
    value = 0.0
    for n in reversed(range(horizon)):
        here = chance(n)
        value = max(0.0, -read + here * rewrite + (1 - here) * value)
    return value
