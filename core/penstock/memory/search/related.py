"""`Related`: finds the words of a project that mean about the same as a word of the query ("puppy" for "dog").

A table of word vectors is enough for that, and only WordLlama has one. The words are the stems of the word index, so
there is nothing here to keep or to delete.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
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
_POINTER = 8
"""Bytes of a place in a tuple."""


@runtime_checkable
class Speller(Embedder, Protocol):
    """An embedder with a vector for each word, for which a text is the mean of its words."""

    def spelled(self, stems: Sequence[str]) -> list[str]:
        """The words of these stems, as far as they can be guessed."""
        ...


class _Stems(NamedTuple):
    """The vocabulary with its vectors; replaced as a whole, so that a search never sees a partial change."""

    stems: tuple[str, ...]
    bytes_of_stems: int
    raw: npt.NDArray[np.int8]
    """The vectors as the table has them, each in steps of a 127th of its largest number: a quarter of the memory of
    floats, and a likeness differs by less than 0.005."""
    step: Array
    """Of each vector."""
    mean: Array
    length: Array
    """Of each vector less `mean`."""


class Related:
    """The vocabulary of one project. Call `follow` before `to`."""

    def __init__(self, table: Speller) -> None:
        self._table = table
        nothing = np.zeros(0, np.float32)
        none = np.zeros((0, table.dimension), np.int8)
        self._now = _Stems((), 0, none, nothing, np.zeros(table.dimension, np.float32), nothing)
        self._passages = 0

    @property
    def size(self) -> int:
        """Bytes it takes in memory."""
        now = self._now
        return now.bytes_of_stems + sum(array.nbytes for array in (now.raw, now.step, now.mean, now.length))

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
            self._now = self._with(new)
        self._passages = passages

    def _with(self, new: Sequence[str]) -> _Stems:
        """The vocabulary with new stems behind the present ones."""
        now, added = self._now, vectors_of(self._table, self._table.spelled(new))
        step = np.abs(added).max(axis=1) / 127
        step[step == 0] = 1
        raw = np.concatenate([now.raw, np.rint(added / step[:, None]).astype(np.int8)])
        step = np.concatenate([now.step, step])
        whole = raw.astype(np.float32) * step[:, None]
        mean = whole.mean(0)
        length = np.linalg.norm(whole - mean, axis=1)
        length[length == 0] = np.inf  # a word like all others is like none
        size = now.bytes_of_stems + sum(sys.getsizeof(stem) + _POINTER for stem in new)
        return _Stems((*now.stems, *new), size, raw, step, mean, length)

    def to(self, words: Sequence[str]) -> list[list[tuple[str, float]]]:
        """For each word the nearest stems that are not its own spelling, with how near. Raises `MemoryDown`."""
        now = self._now
        if not now.stems:
            return [[] for _ in words]
        asked = _unit(vectors_of(self._table, words) - now.mean)
        likeness = (asked @ now.raw.astype(np.float32).T * now.step - (asked @ now.mean)[:, None]) / now.length
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
