"""`recall`: searches the items of a project that serve a purpose (`Recalled`), at most 50, those that are worth most
for a number of tokens; `reasons`: why an item was found, in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from penstock.memory.items import Hit
from penstock.memory.memory import Memory
from penstock.memory.search.weights import LIKELY, RELATED
from penstock.memory.selection import Selection

__all__ = ["LOOKED_AT", "MOST", "Recalled", "reasons", "recall"]

MOST = 50
"""Items of one answer."""
LOOKED_AT = 4 * MOST
"""Hits of a search from which those that fit are chosen."""
_REASONS = (
    ({"words", "meaning", "related"}, "has words of the purpose or related ones"),
    ({"vector_question"}, "is close in meaning"),
    ({"near_vector", "near_meaning", "near_meaning_root", "together_meaning"}, "what stands around it fits"),
    ({"answers_meaning", "answers_vector"}, "it answers a question that fits"),
    ({"session_meaning", "session_sum", "session_vector"}, "its session fits"),
    ({"request_rule"}, "is an instruction for requests like it"),
    ({"speaker"}, "said by who is named"),
    ({"month", "day"}, "said at the time that is named"),
)
_SHOWN = 3
_FRAME = 20
"""Tokens that an item takes beside its text, about: its date, who said it, its number."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What was recalled."""

    hits: tuple[Hit, ...] = ()
    tokens: int = 0
    """The estimated tokens of the hits' texts together."""
    left_out: int = 0
    """Related items that did not fit."""
    weak: bool = True
    """Whether the best hit may be about something else, or there is none."""
    degraded: tuple[str, ...] = ()
    """As in `Found`."""


def recall(
    memory: Memory, purpose: str, project: str, *, tokens: int, which: Selection | None = None, now: float | None = None
) -> Recalled:
    """The related items among those that `which` selects, the best first. If not all fit in `tokens`, of the best those
    are taken that are worth most for their length, since the chance that an item is what was asked for grows with the
    exponential of its score; one that is too long for the rest is skipped for one that fits. Raises `MemoryDown`."""
    whole = which is None or which.is_everything
    among = None if whole or which is None else memory.catalog.selected(project, which)
    found = memory.search(purpose, project, limit=LOOKED_AT, now=now, among=among)
    related = [hit for hit in found.hits if hit.sureness >= RELATED]
    by_worth = sorted(
        range(len(related[:MOST])), key=lambda at: math.log(related[at].tokens + _FRAME) - related[at].score
    )
    rest = range(MOST, len(related))
    # Many short ones may keep the best from fitting, though it is worth more than they together.
    ways = [_fitting(related, (*first, *by_worth, *rest), tokens) for first in ((), range(len(related[:1])))]
    hits = max(ways, key=lambda taken: sum(math.exp(hit.score) for hit in taken))
    weak = not hits or max(hit.sureness for hit in hits) < LIKELY
    spent = sum(hit.tokens for hit in hits)
    return Recalled(hits, spent, len(related) - len(hits), weak, found.degraded)


def _fitting(related: Sequence[Hit], order: Iterable[int], tokens: int) -> tuple[Hit, ...]:
    """As many of `related` as fit in `tokens`, taken in `order`; in their own order."""
    kept: set[int] = set()
    for at in order:
        if at not in kept and related[at].tokens <= tokens and len(kept) < MOST:
            kept.add(at)
            tokens -= related[at].tokens
    return tuple(related[at] for at in sorted(kept))


def reasons(hit: Hit) -> list[str]:
    """Why a hit was found, in words, the strongest reason first."""
    added = [(sum(hit.parts.get(name, 0.0) for name in names), why) for names, why in _REASONS]
    strongest = sorted((one for one in added if one[0] > 0), key=lambda one: -one[0])
    marks = [*["pinned"] * hit.item.pinned, *["marked helpful"] * (hit.item.helpful > hit.item.wrong)]
    return [*marks, *(why for _, why in strongest[:_SHOWN])]
