"""`rank`: searches one project (`View`): collects candidates from the word index and the vector index, and ranks them
by one score; raises `MemoryDown` when neither index answers. `EXACT`: a project of at most so many passages is searched
without the vector index."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import sqlalchemy as sa

from penstock.base.errors import MemoryDown
from penstock.memory.database import MemoryDatabase
from penstock.memory.embedders import Embedder, vectors_of
from penstock.memory.search import weights
from penstock.memory.search.expanded_query import ExpandedQuery, expand
from penstock.memory.search.item_table import ItemTable
from penstock.memory.search.ranking_features import Array, Evidence, Ints, signals_of
from penstock.memory.search.related import Related
from penstock.memory.search.vector_cache import AT_HAND, VectorCache
from penstock.memory.search.word_index import WordIndex
from penstock.memory.vectors.index import VectorIndex
from penstock.text.question import Question, read_question
from penstock.text.stems import stem

__all__ = ["EXACT", "Ranked", "View", "exact_upto", "rank"]

logger = logging.getLogger(__name__)
_BY_WORDS = 1000
"""Passages taken from the word index. Their scores also speak for their neighbours."""
_BY_VECTOR = 200
"""Passages taken from the vector index."""
EXACT = _BY_VECTOR
"""A project with at most so many passages does without the vector index, which would return all of them: the database
has their vectors."""
_FIRST = 300
"""Candidates that are ranked closely: the best by a rough score."""
_WITH_NEIGHBOURS = 100
"""Candidates whose neighbours in the session are candidates too."""
_AROUND = 3
_WHOLE = 1000
"""A selection of at most so many items is ranked as a whole, since few of them would be candidates among many
others."""
_AS_IF = 50
"""Passages without any of the words that are assumed besides the real ones, so that rarity is meaningful in a small
project."""


def exact_upto(vectors: VectorIndex) -> int:
    """The size of a project up to which a search compares all of its vectors, and this index is not asked."""
    return AT_HAND if vectors.is_absent or vectors.is_for_many else EXACT


@dataclass(frozen=True)
class View:
    """The indexes and items of one project that a search uses."""

    id: int
    layout: ItemTable
    stored: VectorCache
    related: Related | None
    database: MemoryDatabase
    words: WordIndex
    vectors: VectorIndex
    embedder: Embedder


@dataclass
class Ranked:
    """Rows of the layout, the best first, with what each signal added."""

    rows: Ints
    scores: Array
    signals: dict[str, Array] = field(default_factory=dict)
    down: list[str] = field(default_factory=list)
    corrected: Mapping[str, str] = field(default_factory=dict)
    rarity: Mapping[str, float] = field(default_factory=dict)
    """How rare each of the question's stems is in the project."""

    @property
    def told(self) -> float:
        """The sum of the rarity of all the question's words."""
        return sum(self.rarity.values())


def rank(
    view: View,
    text: str,
    now: float | None,
    worth: Mapping[str, float],
    patience_s: float | None = None,
    among: Sequence[int] | None = None,
) -> Ranked:
    """Every candidate by its score; with `among` only items of these numbers. The vector index is waited for
    `patience_s` seconds at most. Raises `MemoryDown` when neither index answers."""
    question = read_question(text.encode("utf-8", "replace").decode(), view.layout.roles, now)
    down: list[str] = []
    with view.database.reading() as db:
        words, ask = _by_words(view, question, db, down)
        meaning, rarity = _by_meaning(view, question, ask, db)
        vectors = _Likeness(view, question, db, down, patience_s)
        if len(down) > 1 and not words.any():
            raise MemoryDown("; ".join(down))
        rows = _candidates(view.layout, words, vectors.found)
        if among is not None:
            rows = _selected(view.layout, rows, np.array(among, np.int64))
        if now is not None:
            rows = rows[view.layout.expires[rows] > now]
        keys, asked_like = vectors.of(rows)
    if down and not ask.stems and not words.any():
        # Without words, what kind of sentence it is would count for more than what it says.
        words = meaning = _of_the_best(np.maximum(keys, 0))
    signals = signals_of(question, view.layout, rows, Evidence(words, keys, asked_like, meaning))
    scores = np.zeros(len(rows), np.float32)
    for name, value in worth.items():
        if name in signals:
            scores += np.float32(value) * signals[name]
    scores += weights.HELPFUL * _marks(view.layout.marks[rows], meaning[rows])
    if now is not None:
        scores += _recent(view.layout.day[rows], now)
    order = np.argsort(-scores, kind="stable")
    return Ranked(rows[order], scores[order], {n: s[order] for n, s in signals.items()}, down, ask.corrected, rarity)


def _by_words(view: View, question: Question, db: sa.Connection, down: list[str]) -> tuple[Array, ExpandedQuery]:
    """For each row its best passage's BM25, the best of all being 1."""
    out, ask = np.zeros(len(view.layout), np.float32), ExpandedQuery(())
    try:
        ask = expand(question, view.words, db)
        found = view.words.best(db, ask.stems, _BY_WORDS)
    except MemoryDown as e:
        down.append(str(e))
        return out, ask
    if found:
        rows, there = view.layout.known(np.array([number for number, _ in found], np.int64))
        np.maximum.at(out, rows, np.array([score for _, score in found], np.float32)[there])
    top = float(out.max(initial=0)) or 1.0
    pieces, _ = view.layout.known(np.array(ask.passages, np.int64))
    out[pieces] += top / 2  # an identifier that holds the word: worth half the best match
    return _of_the_best(out), ask


def _of_the_best(scores: Array) -> Array:
    return (scores / max(float(scores.max(initial=0)), 1e-9)).astype(np.float32)


def _by_meaning(
    view: View, question: Question, ask: ExpandedQuery, db: sa.Connection
) -> tuple[Array, dict[str, float]]:
    """For each row the share of the question's words that it has, itself or in a related word; and the rarity of each
    word, by its stem."""
    layout, index = view.layout, view.words
    out = np.zeros(len(layout), np.float32)
    count, rarities = len(layout.passages) + _AS_IF, dict[str, float]()
    first = {stem(word): word for word in reversed(question.keys)}
    near: list[list[tuple[str, float]]] = [[] for _ in first]
    try:
        if view.related is not None:
            near = view.related.to(list(first.values()))
        held_by = index.holding(db, [relative for relatives in near for relative, _ in relatives])
        for own, relatives in zip(first, near, strict=True):
            best = np.zeros(len(layout), np.float32)
            held = ask.holding.get(own)
            rarity = 0.7 * math.log(count + 1)
            if held is not None:
                best[layout.known(held)[0]] = 1
                rarity = math.log(1 + (count - len(held) + 0.5) / (len(held) + 0.5))
            for relative, weight in relatives:
                if relative != own and relative in held_by:
                    rows, _ = layout.known(held_by[relative])
                    best[rows] = np.maximum(best[rows], np.float32(weight))
            out += np.float32(rarity) * best
            rarities[own] = rarity
    except MemoryDown as e:
        logger.warning("%s; related words are left out", e)
    return out / np.float32(sum(rarities.values()) or 1), rarities


class _Likeness:
    """The vectors' part of a search."""

    def __init__(
        self, view: View, question: Question, db: sa.Connection, down: list[str], patience_s: float | None
    ) -> None:
        self._view, self._db = view, db
        self.found = np.zeros(0, np.int64)
        self._questions: Array | None = None
        try:
            both = vectors_of(view.embedder, [" ".join(question.keys), question.text])
            self._questions = view.stored.space.cleaned(both)
            self.found = self._nearest(self._questions.sum(0), patience_s)
        except MemoryDown as e:
            down.append(str(e))

    def _nearest(self, question: Array, patience_s: float | None) -> Ints:
        """The layout rows of the passages whose vectors are most like `question`, the best first."""
        view = self._view
        if len(view.layout.passages) <= exact_upto(view.vectors):
            cleaned, held = view.stored.cleaned(self._db, view.layout, np.arange(len(view.layout.passages)))
            order = np.argsort(-(cleaned[held] @ question), kind="stable")
            rows = view.layout.owner[held][order]
        else:
            most = min(_BY_VECTOR, len(view.layout.passages))
            near = view.vectors.nearest(view.id, view.embedder.name, question, most, patience_s=patience_s)
            rows, _ = view.layout.known(np.array([number for number, _ in near], np.int64))
        return rows[np.sort(np.unique(rows, return_index=True)[1])]

    def of(self, rows: Ints) -> tuple[Array, Array]:
        """Likeness of every layout row to the keys and to the question; 0 outside of `rows`."""
        layout = self._view.layout
        keys, question = np.zeros((2, len(layout)), np.float32)
        if self._questions is None or not len(rows):
            return keys, question
        order, begins = layout.by_owner
        at = np.concatenate([order[begins[row] : begins[row + 1]] for row in rows])
        cleaned, held = self._view.stored.cleaned(self._db, layout, at)
        owners = layout.owner[at[held]]
        for out, asked_for in ((keys, self._questions[0]), (question, self._questions[1])):
            best = np.full(len(layout), -np.inf, np.float32)
            np.maximum.at(best, owners, self._view.stored.space.likeness(asked_for, cleaned[held]))
            np.copyto(out, best, where=np.isfinite(best))
        return keys, question


def _candidates(layout: ItemTable, words: Array, near: Ints) -> Ints:
    """The best rows by words and by vectors, and the neighbours of the best of them."""
    by_words = np.argsort(-words, kind="stable")[:_FIRST]
    by_words = by_words[words[by_words] > 0]
    both = np.full(2 * max(len(by_words), len(near)), -1, np.int64)
    both[: 2 * len(by_words) : 2] = by_words
    both[1 : 2 * len(near) + 1 : 2] = near
    both = both[both >= 0]
    first = both[np.sort(np.unique(both, return_index=True)[1])][:_FIRST]
    head = first[:_WITH_NEIGHBOURS]
    around = (head[:, None] + np.arange(-_AROUND, _AROUND + 1)).ravel()
    home = np.repeat(layout.session[head], 2 * _AROUND + 1)
    inside = (around >= 0) & (around < len(layout))
    around, home = around[inside], home[inside]
    return np.unique(np.concatenate([first, around[layout.session[around] == home]]))


def _marks(marks: Array, meaning: Array) -> Array:
    """The marks of items, within bounds. Marks in favour count only as far as the item is about the question, so that a
    popular item does not come first for unrelated questions."""
    bound = np.clip(marks, -weights.MARKS_AGAINST, weights.MARKS_FOR)
    return np.where(bound > 0, bound * np.clip(meaning, 0, 1), bound).astype(np.float32)


def _selected(layout: ItemTable, rows: Ints, among: Ints) -> Ints:
    wanted = np.flatnonzero(np.isin(layout.ids, among))
    return wanted if len(wanted) <= _WHOLE else np.intersect1d(rows, wanted)


def _recent(days: Ints, now: float) -> Array:
    today = now / 86_400 + 719_163  # the ordinal of 1970-01-01
    age = np.maximum(today - days, 0)
    fresh = np.where(days > 0, weights.RECENT * 0.5 ** (age / weights.RECENT_DAYS), 0.0)
    return fresh.astype(np.float32)
