"""`rank`: searches one project (`View`): collects candidates from the word index and the vector index, and ranks them
by one score; raises `MemoryDown` when neither index answers. `EXACT`: a project of at most so many passages is searched
without the vector index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Thread

import numpy as np
import sqlalchemy as sa

from penstock.base.errors import MemoryDown
from penstock.memory.database import MemoryDatabase
from penstock.memory.embedders import Embedder, vector_of_words, vectors_of
from penstock.memory.search import weights
from penstock.memory.search.item_table import ItemTable, distinct
from penstock.memory.search.ranking_features import Array, Evidence, Ints, signals_of
from penstock.memory.search.related import Related, Speller
from penstock.memory.search.vector_cache import AT_HAND, VectorCache
from penstock.memory.search.word_evidence import WordEvidence, word_evidence
from penstock.memory.search.word_index import WordIndex
from penstock.memory.vectors.index import VectorIndex
from penstock.text.question import Question, read_question
from penstock.text.stems import stem

__all__ = ["EXACT", "Ranked", "View", "exact_upto", "place_in_session", "rank"]

_BY_VECTOR = 200
"""Passages taken from the vector index."""
EXACT = 5_000
"""A project with at most so many passages does without the vector index: to compare all of their vectors, which are in
memory, takes a millisecond or two, and no process for the index has to run."""
_SLICE = 1024
"""Vectors that are compared at once: so many fit into the processor's cache as 32-bit floats."""
_FIRST = 300
"""Candidates that are ranked closely: the best by a rough score."""
_WITH_NEIGHBOURS = 100
"""Candidates whose neighbours in the session are candidates too."""
_AROUND = 3
_NONE: Ints = np.zeros(0, np.int64)
_WHOLE = 2000
"""A project of at most so many items is ranked as a whole, and a selection too, since few of it would be candidates
among many others: what the words and the vectors miss, neighbours and the kind of a message may find."""


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
        vectors = _Likeness(view, question, db, patience_s)
        try:
            told = word_evidence(view.layout, view.words, view.related, question, db, vectors.begin)
        except MemoryDown as e:
            down.append(str(e))
            told = WordEvidence.none(view.layout)
        try:
            found = vectors.found()
        except MemoryDown as e:
            found = _NONE
            down.append(str(e))
        if len(down) > 1:
            raise MemoryDown("; ".join(down))
        words, meaning, met, matches = told.words, told.meaning, told.rows, told.matches
        rows = _candidates(view.layout, met, words[met] + meaning[met], found)
        if among is not None:
            rows = _selected(view.layout, rows, np.array(among, np.int64))
        if now is not None:
            rows = rows[view.layout.expires[rows] > now]
        keys, asked_like = vectors.of(rows)
    if down and not told.rarity:
        # Without words, what kind of sentence it is would count for more than what it says.
        words = meaning = (np.maximum(keys, 0) / max(float(keys.max(initial=0)), 1e-9)).astype(np.float32)
        met = np.flatnonzero(meaning)
        matches = ()  # likeness is of no word
    evidence = Evidence(words, keys, asked_like, meaning, met, matches, sum(told.rarity.values()))
    signals = signals_of(question, view.layout, rows, evidence)
    scores = np.zeros(len(rows), np.float32)
    for name, value in worth.items():
        if name in signals:
            scores += np.float32(value) * signals[name]
    if question.wants_several:
        signals["session_place"] = place_in_session(scores, view.layout.session[rows])
        scores += np.float32(worth.get("session_place", 0.0)) * signals["session_place"]
    scores += weights.HELPFUL * _marks(view.layout.marks[rows], meaning[rows])
    if now is not None:
        scores += _recent(view.layout.day[rows], now)
    order = np.argsort(-scores, kind="stable")
    by_name = {name: signal[order] for name, signal in signals.items()}
    return Ranked(rows[order], scores[order], by_name, down, told.asked.corrected, told.rarity)


class _Likeness:
    """The vectors' part of a search. `begin` is called once; where it was not, `found` does."""

    def __init__(self, view: View, question: Question, db: sa.Connection, patience_s: float | None) -> None:
        self._view, self._question, self._db, self._patience_s = view, question, db, patience_s
        self._questions: Array | None = None
        self._near: Future[Ints] | None = None

    def begin(self, rarity: Mapping[str, float]) -> None:
        """Embed the question, each word by its rarity, and ask the vector index, in a thread of its own: meanwhile more
        words are looked up. Raises nothing."""
        view, question = self._view, self._question
        near: Future[Ints] = Future()
        self._near = near
        try:
            both = vectors_of(view.embedder, [" ".join(question.keys), question.text])
            if rarity and isinstance(view.embedder, Speller):
                weights = np.array([rarity[stem(word)] for word in question.keys], np.float32)
                both[0] = vector_of_words(view.embedder, question.keys, weights)
        except MemoryDown as e:
            near.set_exception(e)
            return
        self._questions = view.stored.space.cleaned(both)
        if len(view.layout.passages) > exact_upto(view.vectors):
            asking = Thread(target=self._ask, args=(near, self._questions.sum(0)), name="penstock-vectors", daemon=True)
            try:
                asking.start()
            except RuntimeError:  # the system has no more threads
                self._ask(near, self._questions.sum(0))
        else:
            near.set_result(_NONE)

    def found(self) -> Ints:
        """The layout rows of the passages whose vectors are most like the question, the best first. Raises
        `MemoryDown`."""
        if self._near is None:
            self.begin({})
        assert self._near is not None
        view, rows = self._view, self._near.result()
        is_for_index = len(view.layout.passages) > exact_upto(view.vectors)
        if self._questions is not None and not is_for_index and len(view.layout) > _WHOLE:  # else all are candidates
            rows = view.layout.owner[self._best(self._questions.sum(0))]
        return rows[np.sort(np.unique(rows, return_index=True)[1])]

    def _best(self, question: Array) -> Ints:
        """The positions of the passages whose vectors are most like `question`, the best first, by comparing all."""
        view, count = self._view, len(self._view.layout.passages)
        likeness = np.full(count, -np.inf, np.float32)
        for begin in range(0, count, _SLICE):
            at = np.arange(begin, min(begin + _SLICE, count))
            cleaned, held = view.stored.cleaned(self._db, view.layout, at)
            likeness[at[held]] = cleaned[held] @ question
        best = np.argsort(-likeness, kind="stable")[:_BY_VECTOR]
        return best[np.isfinite(likeness[best])]

    def _ask(self, near: Future[Ints], question: Array) -> None:
        view, most = self._view, min(_BY_VECTOR, len(self._view.layout.passages))
        try:
            found = view.vectors.nearest(view.id, view.embedder.name, question, most, patience_s=self._patience_s)
            numbers = np.array([number for number, _ in found], np.int64)
            near.set_result(view.layout.owner[view.layout.positions(numbers)])
        except BaseException as e:  # noqa: BLE001 - raised where the answer is waited for
            near.set_exception(e)

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
            out[owners] = -np.inf
            np.maximum.at(out, owners, self._view.stored.space.likeness(asked_for, cleaned[held]))
        return keys, question


def _candidates(layout: ItemTable, met: Ints, words: Array, near: Ints) -> Ints:
    """The best rows by words and by vectors, and the neighbours of the best of them; all rows if they are few. `words`:
    how well each of the rows `met` has the question's."""
    if len(layout) <= _WHOLE:
        return np.arange(len(layout))
    by_words = met[np.argsort(-words, kind="stable")[:_FIRST]]
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
    return distinct(np.concatenate([first, around[layout.session[around] == home]]))


def place_in_session(scores: Array, session: Ints) -> Array:
    """For each candidate, how many of its session score better: what lowers these makes an answer draw on several
    sessions."""
    order = np.lexsort((-scores, session))
    begins = np.r_[True, np.diff(session[order]) != 0][: len(order)]
    at = np.arange(len(order))
    place = np.zeros(len(order), np.float32)
    place[order] = at - np.maximum.accumulate(np.where(begins, at, 0))
    return place


def _marks(marks: Array, meaning: Array) -> Array:
    """The marks of items, within bounds. Marks in favour count only for an item that has more than half of the
    question's words, and in full for one that has all, so that a popular item does not come first for other
    questions."""
    bound = np.clip(marks, -weights.MARKS_AGAINST, weights.MARKS_FOR)
    return np.where(bound > 0, bound * np.clip(2 * meaning - 1, 0, 1), bound).astype(np.float32)


def _selected(layout: ItemTable, rows: Ints, among: Ints) -> Ints:
    wanted = np.flatnonzero(np.isin(layout.ids, among))
    return wanted if len(wanted) <= _WHOLE else np.intersect1d(rows, wanted)


def _recent(days: Ints, now: float) -> Array:
    today = now / 86_400 + 719_163  # the ordinal of 1970-01-01
    age = np.maximum(today - days, 0)
    fresh = np.where(days > 0, weights.RECENT * 0.5 ** (age / weights.RECENT_DAYS), 0.0)
    return fresh.astype(np.float32)
