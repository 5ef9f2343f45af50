"""`WordList`: the contexts of a workspace that have one word, with the score that each gets for it; `best` finds the
best contexts for several words, and `first_of` as many of these as are wanted.

BM25, as FTS5 computes it, is a sum over the words of a question. So what it gives for each word alone can be kept, and
added up. Not all is added: lists that cannot lift a context of their own into the best are only asked for what they add
to others (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995: `max_score`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

__all__ = ["Mark", "Numbers", "Scores", "WordList", "best", "find", "first_of", "sums"]

Numbers = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]
Mark = tuple[int, float, int]
"""A state of the contexts: the number and the time of the last change, and how often entries of an older version were
renewed, which is no change."""
_ROUNDING = 1e-9
"""The share of a score that may be lost to rounding, at most."""
_SAMPLE = 9
"""Contexts of a list that are looked at to learn whether it still is right."""


@dataclass(frozen=True)
class WordList:
    """The contexts that had a word. It is not changed: another one is read."""

    mark: Mark
    """The state in which it was read."""
    ids: Numbers
    """Ascending."""
    scores: Scores
    places: npt.NDArray[np.int32]
    """The place of each in the order of keys; -1 where it is not known."""
    of_all: int = 0
    """Contexts of all workspaces that were looked at to read it."""

    @cached_property
    def highest(self) -> float:
        """The highest score; 0 for a word that none has."""
        return float(self.scores.max(initial=0.0))

    @cached_property
    def sample(self) -> Numbers:
        """A few contexts, from the one with the lowest score to that with the highest: if none of these scores has
        changed, no other one has."""
        places = np.linspace(0, len(self.ids) - 1, min(len(self.ids), _SAMPLE)).astype(np.int64)
        return self.ids[np.argpartition(self.scores, places)[places]]

    @property
    def size(self) -> int:
        """Bytes, about, with its key: an empty one takes 2,700."""
        return 3_000 + self.ids.nbytes + self.scores.nbytes + self.places.nbytes


def best(lists: Sequence[WordList], count: int, slack: float) -> tuple[Numbers, Scores, float]:
    """The contexts that are the best `count` by their scores in all lists, those that have as much as the last of them,
    and those that have less by a share of `slack`, in any order; with their scores. The third: the score from which on
    all are among them."""
    ids, scores, least = np.empty(0, np.int64), np.empty(0), 0.0
    rest = sum(one.highest for one in lists)
    share = 1 - slack - _ROUNDING
    for one in sorted(lists, key=lambda one: -one.highest):
        if rest < least * share or not len(one.ids):
            break
        rest -= one.highest
        if one.highest > least:
            least = max(least, _number(one.scores, count))
        is_new = one.scores + rest >= least * share
        at, has_it = find(one.ids, ids)
        is_new[at[has_it]] = False
        new = one.ids[is_new]
        ids, scores = np.concatenate([ids, new]), np.concatenate([scores, sums(lists, new)])
        least = max(least, _number(scores, count))
    near = scores >= least * share
    return ids[near], scores[near], least * (1 - slack)


def sums(lists: Sequence[WordList], ids: Numbers) -> Scores:
    """The scores of some contexts for all words: added in the order of the words, as FTS5 does, so that what is equal
    there is equal here."""
    scores = np.zeros(len(ids))
    for one in lists:
        if len(one.ids):
            at, has_it = find(one.ids, ids)
            scores += one.scores[at] * has_it
    return scores


def first_of(lists: Sequence[WordList], ids: Numbers, scores: Scores, count: int) -> tuple[Numbers, Scores]:
    """Those of some contexts that are the best `count`, the first by key among equals; and a few more where these are
    of different lists, or of none."""
    last = _number(scores, count)
    sure, equal = scores > last, ids[scores == last]
    open_ = count - int(np.count_nonzero(sure))
    if last and len(equal) > open_:
        parts = []
        for one in lists:
            if len(one.ids) and len(equal):
                at, has_it = find(one.ids, equal)
                has_it &= one.places[at] >= 0
                parts.append(equal[has_it][one.places[at[has_it]].argsort()[:open_]])
                equal = equal[~has_it]
        equal = np.concatenate([*parts, equal])
    return np.concatenate([ids[sure], equal]), np.concatenate([scores[sure], np.full(len(equal), last)])


def find(ids: Numbers, some: Numbers) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Where some numbers are among others, which are ascending and at least one; and whether they are."""
    at = np.minimum(ids.searchsorted(some), len(ids) - 1)
    return at, ids[at] == some


def _number(scores: Scores, count: int) -> float:
    """The score number `count`, from the highest on; 0 if there are fewer."""
    at = len(scores) - count
    return float(np.partition(scores, at)[at]) if at >= 0 else 0.0
