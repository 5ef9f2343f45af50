"""The vectors of a project's passages: kept at hand while they are few, read from the record when they are many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from penstock.memory.records import Records
from penstock.memory.search.layout import Ints, ItemTable
from penstock.memory.search.space import SAMPLE, Array, CenteredSpace

__all__ = ["AT_HAND", "VectorCache"]

AT_HAND = 50_000
"""Passages of one project whose vectors stay in memory: 25 MB of 256 16-bit floats."""
_GROWTH = 1.2
"""The space is measured again when a project has grown by so much."""


class VectorCache:
    """Belongs to one project and one embedder; `follow` its layout before asking."""

    def __init__(self, records: Records, embedder: str, dimension: int) -> None:
        self._records, self._embedder, self._dimension = records, embedder, dimension
        self.space = CenteredSpace.of(np.zeros((0, dimension), np.float32))
        self._measured = 0
        self._cleaned: npt.NDArray[np.float16] | None = None
        self._held = np.zeros(0, bool)

    @property
    def size(self) -> int:
        """Bytes it takes in memory."""
        return (0 if self._cleaned is None else self._cleaned.nbytes) + self._held.nbytes + self.space.sample.nbytes

    def follow(self, db: sa.Connection, layout: ItemTable) -> None:
        """Take in passages that came since, and measure the space when those are many."""
        count = len(layout.passages)
        if count > self._measured * _GROWTH:
            vectors, held = self._read(db, layout.passages[:: max(1, count // SAMPLE)])
            self.space = CenteredSpace.of(vectors[held])
            self._measured, self._cleaned = count if held.any() else 0, None
        if count > AT_HAND:
            self._cleaned = None
        elif self._cleaned is None:
            self._cleaned, self._held = np.zeros((0, self._dimension), np.float16), np.zeros(0, bool)
        if self._cleaned is not None and count > len(self._cleaned):
            vectors, held = self._read(db, layout.passages[len(self._cleaned) :])
            self._cleaned = np.concatenate([self._cleaned, self.space.cleaned(vectors).astype(np.float16)])
            self._held = np.concatenate([self._held, held])

    def cleaned(self, db: sa.Connection, layout: ItemTable, at: Ints) -> tuple[Array, npt.NDArray[np.bool_]]:
        """The cleaned vectors of the passages at these positions of the layout, and which of them have one."""
        if self._cleaned is not None:
            return self._cleaned[at].astype(np.float32), self._held[at]
        vectors, held = self._read(db, layout.passages[at])
        return self.space.cleaned(vectors), held

    def _read(self, db: sa.Connection, passages: Ints) -> tuple[Array, npt.NDArray[np.bool_]]:
        out, held = np.zeros((len(passages), self._dimension), np.float32), np.zeros(len(passages), bool)
        found = self._records.vectors(db, self._embedder, passages.tolist())
        size = 2 * self._dimension
        for n, number in enumerate(passages.tolist()):
            raw = found.get(number)
            if raw is not None and len(raw) == size:
                out[n], held[n] = np.frombuffer(raw, np.float16), True
        return out, held
