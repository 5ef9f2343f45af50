"""`word_evidence`: how well each item of a project has the words of a question, itself or in related words
(`WordEvidence`), from the passages in which the word index has them."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import sqlalchemy as sa

from penstock.base.errors import MemoryDown
from penstock.memory.search.centered_space import Array
from penstock.memory.search.expanded_query import ExpandedQuery, expand
from penstock.memory.search.item_table import Ints, ItemTable, distinct
from penstock.memory.search.ranking_features import WordMatch
from penstock.memory.search.related import Related
from penstock.memory.search.word_index import WordIndex
from penstock.text.question import Question
from penstock.text.stems import stem

__all__ = ["WordEvidence", "word_evidence"]

logger = logging.getLogger(__name__)
_AS_IF = 50
"""Passages without any of the words that are assumed besides the real ones, so that rarity is meaningful in a small
project."""
_NEWEST = 5_000
"""Passages with one word that are looked at: the newest, and all that also have a word of the question that is rarer.
Another one tells little where so many have it, and to read them all takes a second in a project of a million."""
_TOGETHER = 1_000
"""Passages that are expected to have a frequent word and one of those with which it is looked for."""
_LATELY = 5_000
"""The newest passages that are looked through where nothing has two of a question's words and all are frequent, in an
index that cannot read the newest of one alone."""
_RELATED = 1_000
"""Passages with one related word that are looked at."""
_RELATED_IN_ALL = 2_000
"""Passages that are looked at for all related words where the newest of one cannot be read without all others."""
_TOTAL = 100_000
"""Passages that are looked at for all words of a question, and for all related ones."""
_SPELLED = 200_000
"""Passages of a project up to which a misspelled word is looked for among all its words, which takes a second in one of
a million; above it, among the most frequent ones."""
_NONE: Ints = np.zeros(0, np.int64)


@dataclass(frozen=True)
class WordEvidence:
    """What the word index says about each row of an `ItemTable`: 0 for nearly all, so that only `rows` are looked at in
    a large project."""

    rows: Ints
    """Those that are not 0, rising."""
    words: Array
    """The rarity, in sum, of the question's words in the best passage; the best of all is 1."""
    meaning: Array
    """The share of the question's words, weighted by rarity, that the item has itself or in a related word."""
    rarity: Mapping[str, float]
    """How rare each stem of the question is, the rarest first."""
    asked: ExpandedQuery
    matches: tuple[WordMatch, ...] = ()
    """For each word of the question, the items that have it or a related word."""

    @classmethod
    def none(cls, layout: ItemTable) -> WordEvidence:
        """Nothing of any row."""
        nothing = np.zeros(len(layout), np.float32)
        return cls(_NONE, nothing, nothing, {}, ExpandedQuery(()))


def word_evidence(
    layout: ItemTable,
    index: WordIndex,
    related: Related | None,
    question: Question,
    db: sa.Connection,
    on_rarity: Callable[[Mapping[str, float]], None] = lambda _: None,
) -> WordEvidence:
    """Look the question's words up. `on_rarity` is called once it is known how rare they are, when half of the work is
    left. Raises `MemoryDown`; without related words if only those fail."""
    if not len(layout.passages):  # its items were deleted, or another process has added the first ones since
        return WordEvidence.none(layout)
    small = len(layout.passages) <= _SPELLED
    vocabulary = None if small else related.stems if related is not None else ()
    newest = min(_NEWEST, _TOTAL // len(question.stems))
    ask = expand(question, index, db, newest, vocabulary)
    cut = [stem for stem, held in ask.holding.items() if len(held) >= newest]
    rare = sorted((stem for stem in ask.holding if stem not in cut), key=lambda stem: len(ask.holding[stem]))
    first = {stem(word): word for word in reversed(question.keys)}
    at_of = {one: layout.positions(held) for one, held in ask.holding.items()}
    rarity = dict[str, float]()
    for own in first:
        known = ask.corrected.get(own, own)
        count = ask.frequent.get(known) or _count(layout, at_of.get(known, _NONE), is_cut=known in cut)
        rarity[own] = _rarity(len(layout.passages), count)
    on_rarity(rarity)
    beside = _beside(ask, cut, rare, len(layout.passages))
    with_others = index.holding_with(db, beside, newest) if beside else {}
    if ask.frequent and not rare and not with_others:
        late = layout.passages[-_LATELY:]  # other projects may have some between these: their rows are read, too
        lately = index.holding_lately(db, ask.frequent, int(max(late[0], late[-1] - 2 * _LATELY)))
        at_of |= {one: layout.positions(held) for one, held in lately.items()}
    near = _related(related, list(first.values()))
    held_by = _relatives(index, db, [relative for some in near for relative, _ in some])
    held_at, matches = list[Ints](), list[WordMatch]()
    total = sum(rarity.values()) or 1.0
    words, meaning, best = np.zeros((3, len(layout)), np.float32)  # the pages that are not touched cost nothing
    passages = np.zeros(len(layout.passages), np.float32)
    for own, others in zip(first, near, strict=True):
        known = ask.corrected.get(own, own)
        at = at_of.get(known, _NONE)
        if known in with_others:
            at = distinct(np.concatenate([at, layout.positions(with_others[known])]))
        passages[at] += np.float32(rarity[own])
        held_at.append(at)
        touched = [layout.owner[at]]
        best[touched[0]] = 1
        for relative, weight in others:
            if relative != own and relative in held_by:
                rows = layout.owner[layout.positions(held_by[relative])]
                best[rows] = np.maximum(best[rows], np.float32(weight))
                touched.append(rows)
        every = distinct(np.concatenate(touched))
        match = WordMatch(rarity[own] / total, every, best[every])
        meaning[every] += np.float32(match.share) * match.match
        best[every] = 0
        matches.append(match)
    some = distinct(np.concatenate(held_at)) if held_at else _NONE
    np.maximum.at(words, layout.owner[some], passages[some])
    pieces = layout.owner[layout.positions(np.array(ask.passages, np.int64))]
    rows = distinct(np.concatenate([*(match.rows for match in matches), pieces]))
    top = float(words[rows].max(initial=0)) or 1.0
    words[pieces] += top / 2  # part of an identifier: worth half the best match
    words[rows] /= max(float(words[rows].max(initial=0)), 1e-9)
    return WordEvidence(rows, words, meaning, rarity, ask, tuple(matches))


def _beside(ask: ExpandedQuery, cut: Sequence[str], rare: Sequence[str], whole: int) -> dict[str, Sequence[str]]:
    """For each stem of which not all passages are read, the others with which it is looked for in all."""
    out: dict[str, Sequence[str]] = {one: rare for one in cut if rare}
    counts = {one: len(ask.holding[one]) for one in rare} | ask.frequent
    order = sorted(counts, key=lambda one: counts[one])
    for one, count in ask.frequent.items():
        others = [other for other in order if other != one]
        both = accumulate(count * counts[other] / whole for other in others)  # if one told nothing of the other
        out[one] = [other for other, total in zip(others, both, strict=True) if total <= _TOGETHER]
    return {one: others for one, others in out.items() if others}


def _relatives(index: WordIndex, db: sa.Connection, relatives: Sequence[str]) -> dict[str, Ints]:
    """The passages with each related word that is not too frequent."""
    if not relatives:
        return {}
    frequent = index.frequent(db, relatives, _RELATED_IN_ALL)
    few = [stem for stem in relatives if stem not in frequent]
    return index.holding(db, few, min(_RELATED, _TOTAL // len(relatives))) if few else {}


def _count(layout: ItemTable, at: Ints, *, is_cut: bool) -> float:
    """How many passages a stem has, by the positions of those that are known; if they are only the newest, as many
    others are assumed among what is older."""
    whole = len(layout.passages)
    return len(at) * whole / (whole - int(at.min())) if is_cut and len(at) else len(at)


def _rarity(whole: int, count: float) -> float:
    """The rarity of a stem that `count` of a project's passages have."""
    if not count:
        return 0.7 * math.log(whole + _AS_IF + 1)
    return math.log(1 + (whole + _AS_IF - count + 0.5) / (count + 0.5))


def _related(related: Related | None, words: list[str]) -> list[list[tuple[str, float]]]:
    try:
        return related.to(words) if related is not None else [[] for _ in words]
    except MemoryDown as e:
        logger.warning("%s; related words are left out", e)
        return [[] for _ in words]
