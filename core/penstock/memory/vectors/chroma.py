"""`ChromaIndex`: the vector index in Chroma: one collection for each project and embedder, in a folder that one process
owns or, by setting, on a Chroma server. Raises `NoSpace` where the disk is full.

The only module that imports Chroma. It runs in the process of `penstock.memory.vectors.process`, never in the proxy's.
Texts are not kept here, and everything can be rebuilt from the memory's database.
"""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from penstock.base.errors import MemoryDown

if TYPE_CHECKING:
    from chromadb.api import ClientAPI
    from chromadb.api.models.Collection import Collection

__all__ = ["ChromaIndex", "NoSpace", "load_chroma"]

BATCH = 1000
MANY, MANY_BETWEEN = 200_000, 5_000
"""From so many vectors on that are added in a row, a collection is saved after so many new ones, not after 1,000:
Chroma's default. To save it takes 0.1 s for each 100,000 that it has. What was not saved is added again when the
collection is opened, from Chroma's own log: up to 1 ms for each, so that smaller collections keep the default."""
SPARE = 16 << 20
"""Bytes that must be free on the disk before Chroma writes. When the disk fills up while it does, it may hang (chromadb
1.5, `upsert` after an error "database is locked"); a batch with its journal takes about 4 MB."""


_PASSING = ("disk is full", "No space left", "os error 28", "database is locked", "Disk quota exceeded")
"""What Chroma's errors say when the same call can succeed later: SQLite's words (codes 13 and 5) and the system's."""


class NoSpace(MemoryDown):
    """The disk is too full to write, or another write holds it. Nothing is damaged: the same call can succeed later."""


def load_chroma() -> None:
    """Import Chroma, which takes a second, ahead of the first call. Raises what the import does."""
    os.environ.setdefault("ANONYMIZED_TELEMETRY", "False")
    import chromadb  # noqa: F401


class ChromaIndex:
    """The index in Chroma. Raises `MemoryDown` when Chroma cannot do what is asked. For one thread."""

    def __init__(self, folder: Path, server: str = "") -> None:
        self.folder, self._server = folder, server
        # Others may keep theirs in the same server.
        self._prefix = f"penstock-{blake2b(str(folder).encode(), digest_size=4).hexdigest()}-" if server else ""
        self._client: ClientAPI | None = None
        self._collections: dict[str, Collection] = {}

    def add(
        self, project: int, model: str, ids: Sequence[int], vectors: npt.NDArray[np.float32], total: int = 0
    ) -> None:
        """Store vectors under the numbers of their passages; those already there are replaced. `total`: how many are to
        be added in a row, with these."""
        with self._doing("written"):
            self._check_space()
            collection = self._collection(project, model, vectors.shape[1], total)
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
        """Remove vectors; missing ones are ignored."""
        with self._doing("written"):
            self._check_space()
            collection = self._collection(project, model, dimension)
            for i in range(0, len(ids), BATCH):
                collection.delete(ids=[str(n) for n in ids[i : i + BATCH]])

    def count(self, project: int, model: str, dimension: int) -> int:
        """How many vectors there are."""
        with self._doing("read"):
            return int(self._collection(project, model, dimension).count())

    def probe(
        self,
        project: int,
        model: str,
        dimension: int,
        ids: Sequence[int] = (),
        vector: npt.NDArray[np.float32] | None = None,
    ) -> int:
        """How many vectors there are, without those of `ids` that are missing. Also raises if they cannot be searched
        for `vector`, or those of `ids` not read, for example after a power cut: Chroma's files need not say that parts
        of them are gone. Some damage ends the process, in Chroma's own code."""
        with self._doing("read"):
            self._check_space()  # to open a folder writes to it
        count = self.count(project, model, dimension)
        if count:
            self.nearest(project, model, np.zeros(dimension, np.float32) if vector is None else vector, 10)
        if not ids:
            return count
        with self._doing("read"):
            names = [str(n) for n in ids]
            found = self._collection(project, model, dimension).get(names, include=["embeddings"], limit=len(names))
            return count - len(names) + len(found["ids"])

    def drop(self, project: int) -> None:
        """Remove all vectors of a project, of whatever embedder."""
        with self._doing("written"):
            self._check_space()
            client = self._open()
            self._delete(client, f"{self._prefix}p{project}-")
            self._collections = {}

    def reset(self) -> None:
        """Remove Penstock's collections from a server. A folder is deleted by its owner."""
        with self._doing("written"):
            self._delete(self._open(), self._prefix)
        self.close()

    def close(self) -> None:
        """Close the folder."""
        client, self._client, self._collections = self._client, None, {}
        if client is not None:
            client.close()  # type: ignore[attr-defined]  # there, though not in the type
            if self._server:
                _hang_up(client)
            else:
                _evict(str(self.folder))

    def _delete(self, client: ClientAPI, beginning: str) -> None:
        for name in [found.name for found in client.list_collections() if found.name.startswith(beginning)]:
            client.delete_collection(name)

    def _collection(self, project: int, model: str, dimension: int, total: int = 0) -> Collection:
        name = f"{self._prefix}p{project}-{model}"
        if name not in self._collections:
            # Inner product: a question's vector has its common part taken out, those of passages do not.
            self._collections[name] = self._open().get_or_create_collection(
                name,
                embedding_function=None,
                metadata={"model": model, "dimension": dimension},
                configuration={"hnsw": {"space": "ip", "ef_search": 300}},
            )
        collection = self._collections[name]
        if total < MANY or self._server or collection.configuration_json["hnsw"]["sync_threshold"] >= MANY_BETWEEN:
            return collection
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # it minds that the collection embeds nothing itself
            collection.modify(configuration={"hnsw": {"sync_threshold": MANY_BETWEEN}})
        self.close()  # an open one goes on as before
        return self._collection(project, model, dimension)

    def _open(self) -> ClientAPI:
        if self._client is None:
            load_chroma()
            import chromadb
            from chromadb.config import Settings

            settings = Settings(anonymized_telemetry=False)
            if self._server:
                at = urlsplit(self._server)
                is_https = at.scheme == "https"
                port = at.port or (443 if is_https else 8000)
                self._client = chromadb.HttpClient(at.hostname or "", port, ssl=is_https, settings=settings)
            else:
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                try:
                    self._client = chromadb.PersistentClient(str(self.folder), settings)
                except Exception:
                    _evict(str(self.folder))
                    raise
        return self._client

    def _check_space(self) -> None:
        if self._server:
            return
        folder = next(one for one in (self.folder, *self.folder.parents) if one.exists())
        free = shutil.disk_usage(folder).free
        if free < SPARE:
            raise NoSpace(
                f"the vectors in {self.folder} wait for space: {free >> 20} MB are free on the disk, and {SPARE >> 20} "
                "MB are needed. Make room; they are caught up by themselves"
            )

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        try:
            yield
        except MemoryDown:
            raise
        except Exception as e:
            # After an error its connections can hold locks that a later call waits for, for ever.
            with suppress(Exception):
                self.close()
            kind = NoSpace if any(words in str(e) for words in _PASSING) else MemoryDown
            raise kind(f"the vectors in {self._server or self.folder} cannot be {what}: {_why(e)}") from e


def _evict(folder: str) -> None:
    """Remove a failed client from Chroma's cache, so that the next attempt starts a new one."""
    from chromadb.api.shared_system_client import SharedSystemClient as Shared

    for kept in ("_identifier_to_system", "_identifier_to_refcount"):
        getattr(Shared, kept, {}).pop(folder, None)


def _hang_up(client: Any) -> None:
    """Close the connections to a server, which Chroma leaves open."""
    for one in (client, getattr(client, "_admin_client", None)):
        session = getattr(getattr(one, "_server", None), "_session", None)
        if session is not None:
            session.close()


def _why(e: Any) -> str:
    return (str(e).strip() or type(e).__name__).splitlines()[0]
