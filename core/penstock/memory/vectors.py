"""The vector index: one Chroma collection for each project and embedder, in a folder that one process owns.

The only module that knows Chroma, which it loads when the folder is first opened: that takes a second. Texts are not
kept here, and everything can be made again from the record.
"""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from penstock.errors import MemoryDown

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

__all__ = ["VectorIndex"]

logger = logging.getLogger(__name__)
BATCH = 1000


class VectorIndex:
    """Raises `MemoryDown` when Chroma cannot do what is asked; the caller goes on with words alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._client: ClientAPI | None = None
        self._collections: dict[str, Collection] = {}
        self._lock = threading.Lock()

    def add(self, project: int, model: str, ids: Sequence[int], vectors: npt.NDArray[np.float32]) -> None:
        """Store vectors under the numbers of their passages; those already there are replaced."""
        with self._doing("written"):
            collection = self._collection(project, model, vectors.shape[1])
            for i in range(0, len(ids), BATCH):
                names = [str(n) for n in ids[i : i + BATCH]]
                collection.upsert(ids=names, embeddings=vectors[i : i + BATCH])

    def nearest(self, project: int, model: str, vector: npt.NDArray[np.float32], limit: int) -> list[tuple[int, float]]:
        """Passages by the inner product of their vectors with `vector`, the largest first."""
        with self._doing("searched"):
            collection = self._collection(project, model, len(vector))
            found = collection.query(query_embeddings=vector[None], n_results=limit, include=["distances"])
            distances = (found["distances"] or [[]])[0]
            return [(int(name), 1 - float(d)) for name, d in zip(found["ids"][0], distances, strict=True)]

    def remove(self, project: int, model: str, ids: Sequence[int], dimension: int) -> None:
        """Take vectors out; those that are not there are no error."""
        with self._doing("written"):
            collection = self._collection(project, model, dimension)
            for i in range(0, len(ids), BATCH):
                collection.delete(ids=[str(n) for n in ids[i : i + BATCH]])

    def count(self, project: int, model: str, dimension: int) -> int:
        """How many vectors there are."""
        with self._doing("read"):
            return int(self._collection(project, model, dimension).count())

    def drop(self, project: int) -> None:
        """Remove all vectors of a project, of whatever embedder."""
        with self._doing("written"):
            client = self._open()
            for collection in client.list_collections():
                if collection.name.startswith(f"p{project}-"):
                    client.delete_collection(collection.name)
            self._collections = {n: c for n, c in self._collections.items() if not n.startswith(f"p{project}-")}

    def reset(self) -> None:
        """Throw the folder away."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of the folder."""
        with self._lock:
            client, self._client, self._collections = self._client, None, {}
        if client is not None:
            client.close()  # type: ignore[attr-defined]  # there, though not in the type

    def _collection(self, project: int, model: str, dimension: int) -> Collection:
        name = f"p{project}-{model}"
        if name not in self._collections:
            # Inner product: a question's vector has its common part taken out, those of passages do not.
            self._collections[name] = self._open().get_or_create_collection(
                name,
                embedding_function=None,
                metadata={"model": model, "dimension": dimension},
                configuration={"hnsw": {"space": "ip", "ef_search": 300}},
            )
        return self._collections[name]

    def _open(self) -> ClientAPI:
        with self._lock:
            if self._client is None:
                os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
                import chromadb
                from chromadb.config import Settings

                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._client = chromadb.PersistentClient(str(self.folder), Settings(anonymized_telemetry=False))
            return self._client

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as e:
            self._collections = {}
            raise MemoryDown(f"the vectors in {self.folder} cannot be {what}: {_why(e)}") from e


def _why(e: Any) -> str:
    return (str(e).strip() or type(e).__name__).splitlines()[0]
