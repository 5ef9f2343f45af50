"""`Related`: finds the words of a project that mean about the same as a word of the query ("puppy" for "dog").

A table of word vectors is enough for that, and only WordLlama has one. The words are the stems of the word index, so
there is nothing here to keep or to delete.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import sqlalchemy as sa

from penstock.memory.embedders import Embedder, vectors_of
from penstock.memory.search.centered_space import Array
from penstock.memory.search.word_index import WordIndex

__all__ = ["Related", "Speller"]

_MOST = 12_000
"""The most words of a vocabulary that are used: the most frequent ones."""
_FLOOR = 0.35
"""The least similarity of related words; from here to 1 it is scaled to 0 to 1."""
_EACH = 3
_GROWTH = 1.2


@runtime_checkable
class Speller(Embedder, Protocol):
    """An embedder with a vector for each word, for which a text is the mean of its words."""

    def spelled(self, stems: Sequence[str]) -> list[str]:
        """The words of these stems, as far as they can be guessed."""
        ...


class _Stems(NamedTuple):
    """The vocabulary with its vectors; replaced as a whole, so that a search never sees a partial change."""

    stems: tuple[str, ...]
    mean: Array
    unit: Array
    """The vectors of `stems` less `mean`, each of length one."""


class Related:
    """The vocabulary of one project. Call `follow` before `to`."""

    def __init__(self, table: Speller) -> None:
        self._table = table
        self._raw = np.zeros((0, table.dimension), np.float16)  # half the memory; the table has no more digits
        self._now = _Stems((), np.zeros(table.dimension, np.float32), np.zeros((0, table.dimension), np.float32))
        self._passages = 0

    @property
    def size(self) -> int:
        """Bytes it takes in memory."""
        return self._raw.nbytes + self._now.unit.nbytes

    @property
    def stems(self) -> tuple[str, ...]:
        """The vocabulary, as far as it is used."""
        return self._now.stems

    def follow(self, db: sa.Connection, index: WordIndex, passages: int) -> None:
        """Add the new words of the index, if the project has grown. Raises `MemoryDown`."""
        if passages <= self._passages * _GROWTH:
            return
        known = set(self._now.stems)
        new = [stem for stem in index.commonest(db, _MOST) if stem not in known][: _MOST - len(known)]
        if new:
            added = vectors_of(self._table, self._table.spelled(new)).astype(np.float16)
            self._raw = np.concatenate([self._raw, added])
            whole = self._raw.astype(np.float32)
            mean = whole.mean(0)
            self._now = _Stems((*self._now.stems, *new), mean, _unit(whole - mean))
        self._passages = passages

    def to(self, words: Sequence[str]) -> list[list[tuple[str, float]]]:
        """For each word the nearest stems that are not its own spelling, with how near. Raises `MemoryDown`."""
        now = self._now
        if not now.stems:
            return [[] for _ in words]
        likeness = _unit(vectors_of(self._table, words) - now.mean) @ now.unit.T
        count = min(_EACH + 1, len(now.stems))
        nearest = np.argpartition(-likeness, count - 1, axis=1)[:, :count]
        out = []
        for row, found in zip(likeness, nearest, strict=True):
            near = sorted(((now.stems[i], float(row[i] - _FLOOR) / (1 - _FLOOR)) for i in found), key=lambda p: -p[1])
            out.append([(stem, weight) for stem, weight in near if weight > 0])
        return out


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(length == 0, 1, length)).astype(np.float32)
