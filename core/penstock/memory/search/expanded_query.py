"""`expand`: prepares a query for the word index. A word that the index lacks is replaced by identifiers that contain
it, or else by the nearest spelling. `ExpandedQuery` is the result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from rapidfuzz import process
from rapidfuzz.distance import OSA

from penstock.memory.search.word_index import WordIndex
from penstock.text.question import Question

__all__ = ["ExpandedQuery", "expand"]

_PIECES = 50
_SHORTEST = 4
"""Characters below which a word is not corrected, since it is near to too many others."""


@dataclass(frozen=True)
class ExpandedQuery:
    """The query as it is looked up in the word index."""

    stems: tuple[str, ...]
    holding: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    """For each stem, the passages that contain it."""
    frequent: dict[str, int] = field(default_factory=dict)
    """The stems whose passages were not read, and how many contain each."""
    passages: tuple[int, ...] = ()
    """Passages with an identifier that contains a word."""
    corrected: dict[str, str] = field(default_factory=dict)


def expand(
    question: Question, index: WordIndex, db: sa.Connection, newest: int, vocabulary: Sequence[str] | None = None
) -> ExpandedQuery:
    """Look the question's stems up, in at most so many of the `newest` passages each. A stem that no passage has is
    replaced by identifiers that contain it, else by the nearest spelling: one letter off, two in words of eight letters
    or more; of the words of the index, or of `vocabulary`. Raises `MemoryDown`."""
    stems: list[str] = []
    passages: list[int] = []
    corrected: dict[str, str] = {}
    known = cache(
        lambda letter: (
            index.beginning_like(db, letter)
            if vocabulary is None
            else [word for word in vocabulary if word.startswith(letter)]
        )
    )
    frequent = index.frequent(db, question.stems, newest)
    held = index.holding(db, [stem for stem in question.stems if stem not in frequent], newest)
    there = {*held, *frequent}
    pieces = index.with_piece(db, [stem for stem in question.stems if stem not in there], _PIECES)
    for stem in question.stems:
        if stem in there:
            stems.append(stem)
        elif stem in pieces:
            passages += pieces[stem]
        elif near := _nearest(stem, known):
            stems.append(near)
            corrected[stem] = near
            frequent |= index.frequent(db, [near], newest)
            if near not in frequent:
                held |= index.holding(db, [near], newest)
    return ExpandedQuery(tuple(dict.fromkeys(stems)), held, frequent, tuple(passages), corrected)


def _nearest(stem: str, vocabulary: Callable[[str], list[str]]) -> str:
    """The nearest spelling of `stem` among the words of `vocabulary` with its first letter; empty if none is near."""
    if len(stem) < _SHORTEST or not stem.isalpha():
        return ""
    cutoff = 2 if len(stem) >= 8 else 1
    found = process.extractOne(stem, vocabulary(stem[:1]), scorer=OSA.distance, score_cutoff=cutoff, processor=None)
    return str(found[0]) if found else ""
