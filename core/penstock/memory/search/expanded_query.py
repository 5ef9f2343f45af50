"""When a word of the question is nowhere: a piece of an identifier, then the nearest spelling."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from rapidfuzz import process
from rapidfuzz.distance import OSA

from penstock.memory.search.word_index import WordIndex
from penstock.text.question import Question

__all__ = ["ExpandedQuery", "asked"]

_PIECES = 50
_SHORTEST = 4
"""Shorter words are near to too many others."""


@dataclass(frozen=True)
class ExpandedQuery:
    """What the word index is asked in the end."""

    stems: tuple[str, ...]
    holding: dict[str, npt.NDArray[np.int64]] = field(default_factory=dict)
    """Of each stem the passages that have it."""
    passages: tuple[int, ...] = ()
    """Passages with an identifier that a word is a piece of."""
    corrected: dict[str, str] = field(default_factory=dict)


def asked(question: Question, index: WordIndex, db: sa.Connection) -> ExpandedQuery:
    """Stems that something has stay as they are. For another, identifiers that hold it; else the nearest spelling,
    one letter off in a short word and two in one of eight letters or more. Raises `MemoryDown`."""
    stems: list[str] = []
    holding: dict[str, npt.NDArray[np.int64]] = {}
    passages: list[int] = []
    corrected: dict[str, str] = {}
    for stem in question.stems:
        held = index.holding(db, stem)
        if len(held):
            stems.append(stem)
            holding[stem] = held
        elif pieces := index.with_piece(db, stem, _PIECES):
            passages += pieces
        elif near := _nearest(stem, index.beginning_like(db, stem)):
            stems.append(near)
            corrected[stem] = near
            holding[stem] = index.holding(db, near)
    return ExpandedQuery(tuple(dict.fromkeys(stems)), holding, tuple(passages), corrected)


def _nearest(stem: str, vocabulary: list[str]) -> str:
    if len(stem) < _SHORTEST or not stem.isalpha():
        return ""
    found = process.extractOne(
        stem, vocabulary, scorer=OSA.distance, score_cutoff=2 if len(stem) >= 8 else 1, processor=None
    )
    return str(found[0]) if found else ""
