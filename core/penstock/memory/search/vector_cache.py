"""`VectorCache`: the passage vectors of a project: in memory while they are few, read from the memory's database when
they are many."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from penstock.memory.database import MemoryDatabase
from penstock.memory.search.centered_space import SAMPLE, Array, CenteredSpace
from penstock.memory.search.item_table import Ints, ItemTable

__all__ = ["AT_HAND", "VectorCache"]

AT_HAND = 50_000
"""Passages of one project whose vectors stay in memory: 25 MB of 256 16-bit floats."""
_GROWTH = 1.2
"""The space is computed again when a project has grown by this factor."""


@dataclass(frozen=True, slots=True)
class VectorCache:
    """The vectors of one project and embedder. Immutable: searches go on with the one they have while `grown` makes a
    new one."""

    database: MemoryDatabase
    embedder: str
    dimension: int
    space: CenteredSpace
    measured: int = 0
    """How many passages there were when the space was measured."""
    vectors: npt.NDArray[np.float16] | None = None
    """The cleaned vectors, in the order of the layout's passages. None: there are too many to keep."""
    held: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    """Which of the passages have a vector in `vectors`."""

    @classmethod
    def empty(cls, database: MemoryDatabase, embedder: str, dimension: int) -> VectorCache:
        """The cache of a project without passages."""
        return cls(database, embedder, dimension, CenteredSpace.of(np.zeros((0, dimension), np.float32)))

    @property
    def size(self) -> int:
        """Bytes it takes in memory."""
        return (0 if self.vectors is None else self.vectors.nbytes) + self.held.nbytes + self.space.sample.nbytes

    def grown(self, db: sa.Connection, layout: ItemTable) -> VectorCache:
        """A new cache with the new passages of `layout`; the space is computed again if they are many."""
        count, space, measured = len(layout.passages), self.space, self.measured
        cleaned, held = self.vectors, self.held
        if count > measured * _GROWTH:
            vectors, there = self._read(db, layout.passages[:: max(1, count // SAMPLE)])
            space, measured, cleaned = CenteredSpace.of(vectors[there]), count if there.any() else 0, None
        if count > AT_HAND:
            cleaned = None
        elif cleaned is None:
            cleaned, held = np.zeros((0, self.dimension), np.float16), np.zeros(0, bool)
        if cleaned is not None and count > len(cleaned):
            vectors, there = self._read(db, layout.passages[len(cleaned) :])
            cleaned = np.concatenate([cleaned, space.cleaned(vectors).astype(np.float16)])
            held = np.concatenate([held, there])
        return replace(self, space=space, measured=measured, vectors=cleaned, held=held)

    def cleaned(self, db: sa.Connection, layout: ItemTable, at: Ints) -> tuple[Array, npt.NDArray[np.bool_]]:
        """The cleaned vectors of the passages at these positions of the layout, and which of them have one."""
        if self.vectors is not None:
            return self.vectors[at].astype(np.float32), self.held[at]
        vectors, held = self._read(db, layout.passages[at])
        return self.space.cleaned(vectors), held

    def _read(self, db: sa.Connection, passages: Ints) -> tuple[Array, npt.NDArray[np.bool_]]:
        out, held = np.zeros((len(passages), self.dimension), np.float32), np.zeros(len(passages), bool)
        found = self.database.vectors(db, self.embedder, passages.tolist())
        stored = [found.get(number, b"") for number in passages.tolist()]
        held[:] = [len(raw) == 2 * self.dimension for raw in stored]
        whole = b"".join(raw for raw, is_held in zip(stored, held, strict=True) if is_held)
        out[held] = np.frombuffer(whole, np.float16).reshape(-1, self.dimension)
        return out, held
