"""`FewWords`: the word index of a project with few passages, made in memory at its first search. The tables of a file
would cost more than such a project is worth: each changes the schema, which every connection then reads again."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from penstock.memory.search.word_index import WordIndex

__all__ = ["FEW", "FewWords"]

FEW = 50
"""The most passages of a project whose words are indexed in memory: that takes less than 10 ms."""
_MEMORY = sa.create_engine("sqlite://", poolclass=sa.NullPool, connect_args={"check_same_thread": False})
"""Each of its connections is a database of its own."""


class FewWords(WordIndex):
    """Ranks as the tables of a file do, since they are the same ones. Any thread may ask; the connection that it is
    given is not used."""

    def __init__(self) -> None:
        super().__init__(0)
        self._lock, self._db = threading.Lock(), _MEMORY.connect()
        self.create(self._db)
        self.last = 0
        """The highest number of a passage in it."""

    def grow(self, passages: Sequence[tuple[int, str]]) -> None:
        """Index more passages, in the order of their numbers."""
        with self._lock:
            self.add(self._db, passages)
            self.last = max((number for number, _ in passages), default=self.last)

    def holding(self, db: sa.Connection, stems: Iterable[str], newest: int) -> dict[str, npt.NDArray[np.int64]]:
        with self._lock:
            return super().holding(self._db, stems, newest)

    def holding_with(
        self, db: sa.Connection, asked: Mapping[str, Sequence[str]], newest: int
    ) -> dict[str, npt.NDArray[np.int64]]:
        with self._lock:
            return super().holding_with(self._db, asked, newest)

    def commonest(self, db: sa.Connection, limit: int) -> list[str]:
        with self._lock:
            return super().commonest(self._db, limit)

    def with_piece(self, db: sa.Connection, pieces: Iterable[str], limit: int) -> dict[str, list[int]]:
        with self._lock:
            return super().with_piece(self._db, pieces, limit)

    def beginning_like(self, db: sa.Connection, stem: str) -> list[str]:
        with self._lock:
            return super().beginning_like(self._db, stem)
