"""`NoVectorIndex`: stands where a shared memory has no vector server. The vectors in the memory's database are compared
one by one there, as long as they are few."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.base.errors import MemoryDown
from penstock.memory.vectors.index import Health, VectorIndex

__all__ = ["NoVectorIndex"]


class NoVectorIndex(VectorIndex):
    """Has no vectors and keeps none. Searching it raises `MemoryDown`."""

    is_absent = True

    def __init__(self) -> None:
        """Starts no process."""
        self.doubted = {}

    def add(self, project: int, model: str, ids: Sequence[int], vectors: Any, total: int = 0) -> None:
        """Nothing: the memory's database has them."""

    def nearest(self, *_: Any, **__: Any) -> list[tuple[int, float]]:
        """Raises `MemoryDown`: there are too many to compare one by one."""
        raise MemoryDown(
            "a shared memory of this size needs pgvector in its database, or a Chroma server: [memory] chroma = URL"
        )

    def remove(self, project: int, model: str, ids: Sequence[int], dimension: int) -> None:
        """Nothing."""

    def is_gone(self) -> bool:
        """Never."""
        return False

    def count(self, project: int, model: str, dimension: int) -> int:
        """None."""
        return 0

    def probe(self, project: int, model: str, dimension: int, ids: Sequence[int] = ()) -> int:
        """None, all of which can be searched."""
        return 0

    def drop(self, project: int) -> None:
        """Nothing."""

    def reset(self) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""

    def health(self) -> Health:
        """No process, and nothing wrong."""
        return Health(None, 0, 0, "")
