"""Whether edits pay while the cache is warm, and which of them.

An edit at block `p` costs the cached prefix from `p` on: it is written again up to the end. It gives its tokens back
on every call to come, at the price of a read. With D tokens freed at and after p, h the end of the longest live entry
before p, r and w the prices of a token read and written:

    extra = r*h + w*(total - D - h) - (cost of sending without the edits)        gain = r * calls_left * D

The place with the largest gain - hurdle * extra is taken, if that is above zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.mirror import Cacheable, CacheMirror
from penstock.prices import Price

__all__ = ["Candidate", "choose"]

CALLS_LEFT = 24.0
"""Calls until the next cold cache or the end of the session; measured on 2,101 calls of 23 sessions."""
HURDLE = 2.0
"""Hysteresis: a flush must bring so many times what it costs."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One edit that could land."""

    index: int
    """Of its block among the `Cacheable`s of the request as it would be sent without it."""
    saving: int
    """Tokens."""


def choose(
    candidates: Sequence[Candidate],
    blocks: Sequence[Cacheable],
    mirror: CacheMirror,
    price: Price,
    now: float,
    margin: float,
    *,
    calls_left: float = CALLS_LEFT,
    hurdle: float = HURDLE,
) -> int | None:
    """The index of the block from which on candidates should land. None: it does not pay."""
    sums = [0]
    for block in blocks:
        sums.append(sums[-1] + block.tokens)
    total = sums[-1]
    alive = mirror.alive_before(blocks, now, margin)
    without = _units(sums[alive[-1] + 1] if alive else 0, total, price)
    best, place, freed = 0.0, None, 0
    for candidate in sorted(candidates, key=lambda c: c.index, reverse=True):
        freed += candidate.saving
        before = [i for i in alive if i < candidate.index]
        extra = _units(sums[before[-1] + 1] if before else 0, total - freed, price) - without
        net = price.read * calls_left * freed - (hurdle * extra if extra > 0 else extra)
        if net > best:
            best, place = net, candidate.index
    return place


def _units(read: int, total: int, price: Price) -> float:
    return price.read * read + price.write * (total - read)
