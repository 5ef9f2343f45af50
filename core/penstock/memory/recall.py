"""`recall`: searches the items of a project that serve a purpose (`Recalled`), the best first, at most 50, as many as
fit a number of tokens; `reasons`: why an item was found, in words."""

from __future__ import annotations

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
    """The related items among those that `which` selects; an item that is too long for the rest of `tokens` is skipped
    for one that fits. Raises `MemoryDown`."""
    whole = which is None or which.is_everything
    among = None if whole or which is None else memory.catalog.selected(project, which)
    found = memory.search(purpose, project, limit=LOOKED_AT, now=now, among=among)
    related = [hit for hit in found.hits if hit.sureness >= RELATED]
    kept: list[Hit] = []
    left = tokens
    for hit in related:
        if hit.tokens <= left and len(kept) < MOST:
            kept.append(hit)
            left -= hit.tokens
    weak = not related or max(hit.sureness for hit in related) < LIKELY
    return Recalled(tuple(kept), tokens - left, len(related) - len(kept), weak, found.degraded)


def reasons(hit: Hit) -> list[str]:
    """Why a hit was found, in words, the strongest reason first."""
    added = [(sum(hit.parts.get(name, 0.0) for name in names), why) for names, why in _REASONS]
    strongest = sorted((one for one in added if one[0] > 0), key=lambda one: -one[0])
    marks = [*["pinned"] * hit.item.pinned, *["marked helpful"] * (hit.item.helpful > hit.item.wrong)]
    return [*marks, *(why for _, why in strongest[:_SHOWN])]
