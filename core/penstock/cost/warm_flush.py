"""`choose_flush_point`: chooses which pending edits (`Candidate`) pay off while the cache is warm; `choose_breakpoint`:
where to set a cache breakpoint for a later flush.

An edit at block `p` costs the cached prefix from `p` on: it is written again up to the end. It gives its tokens back
on every call to come, at the price of a read. With D tokens freed at and after p, h the end of the longest live entry
before p, r and w the prices of a token read and written:

    extra = r*h + w*(total - D - h) - (cost of sending without the edits)        gain = r * calls_left * D

The place with the largest gain - hurdle * extra is taken, if that is above zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from penstock.cost.prices import Price
from penstock.cost.prompt_cache import LONG, CacheBlock, PromptCacheModel, breakpoints

__all__ = ["RESERVE", "Candidate", "FlushPoint", "choose_breakpoint", "choose_flush_point"]

CALLS_LEFT = 24.0
"""Calls until the next cold cache or the end of the session; measured on 2,101 calls of 23 sessions."""
UNSETTLED = 1500
"""The most tokens still to be cut before a place at which a breakpoint is worth setting."""
HURDLE = 2.0
"""Hysteresis: a flush must save this many times its cost."""
RESERVE = 2.0
"""A warm flush is allowed only if the savings so far cover its cost this many times: if the user then rewinds, the old
prefix must be written to the cache again."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pending edit that could be applied."""

    index: int
    """The index of its block among the `CacheBlock`s of the request as it would be sent without the edit."""
    saving: int
    """Tokens that the edit frees."""


@dataclass(frozen=True, slots=True)
class FlushPoint:
    """The block from which on a warm flush applies edits."""

    place: int
    """Index of the first block that changes."""
    entry: int | None
    """Index of the block at which the cache entry ends that is read then. None: none is."""
    extra: float
    """Units that this request costs more with the flush."""


def choose_flush_point(
    candidates: Sequence[Candidate],
    blocks: Sequence[CacheBlock],
    mirror: PromptCacheModel,
    price: Price,
    now: float,
    margin: float,
    *,
    calls_left: float = CALLS_LEFT,
    hurdle: float = HURDLE,
) -> FlushPoint | None:
    """The block from which on candidates should be applied, and the entry read then. None: a flush does not pay."""
    sums = [0]
    for block in blocks:
        sums.append(sums[-1] + block.tokens)
    total = sums[-1]
    ends = breakpoints(blocks, price) if price.marks else ()
    write = price.write_hour if ends and blocks[ends[-1]].cache_ttl in LONG else price.write
    alive = mirror.alive_before(blocks, now, margin)
    read = sums[alive[-1] + 1] if alive else 0
    without = price.read * read + write * (total - read)
    best, chosen, freed = 0.0, None, 0
    for candidate in sorted(candidates, key=lambda c: c.index, reverse=True):
        freed += candidate.saving
        before = [i for i in alive if i < candidate.index]
        read = sums[before[-1] + 1] if before else 0
        extra = price.read * read + write * (total - freed - read) - without
        net = price.read * calls_left * freed - (hurdle * extra if extra > 0 else extra)
        if net > best:
            best, chosen = net, FlushPoint(candidate.index, before[-1] if before else None, extra)
    return chosen


def choose_breakpoint(
    blocks: Sequence[CacheBlock], ends: Sequence[int], alive: Sequence[int], candidates: Sequence[Candidate]
) -> int | None:
    """The index of the block, one of `ends`, at which a breakpoint of Penstock keeps an entry alive for a later flush:
    the newest end of a user message before the client's own breakpoints, with few tokens before it still to be cut.
    None: there is none."""
    marked = [i for i, block in enumerate(blocks) if block.cache_ttl and i > 0]
    limit = marked[0] if marked else len(blocks)
    living = set(alive)
    for end in reversed(ends):
        if end < limit and end in living and sum(c.saving for c in candidates if c.index <= end) < UNSETTLED:
            return end
    return None
