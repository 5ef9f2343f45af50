"""`open_database`: the memory's database: a SQLite file of this machine, or PostgreSQL. `open_vectors`: the index of
its vectors: in Chroma, in that database, or none."""

from __future__ import annotations

from pathlib import Path

from penstock.memory.database import MemoryDatabase
from penstock.memory.embedders import Embedder
from penstock.memory.vectors.absent import NoVectorIndex
from penstock.memory.vectors.index import VectorIndex

__all__ = ["open_database", "open_vectors"]


def open_database(file: Path, url: str = "") -> MemoryDatabase:
    """The database at `url`; without one, the file. Raises `MemoryDown`."""
    if url:
        from penstock.memory.postgres import PostgresMemoryDatabase  # not imported by those who do without

        return PostgresMemoryDatabase(file, url)
    return MemoryDatabase(file)


def open_vectors(database: MemoryDatabase, folder: Path, embedder: Embedder, chroma: str) -> VectorIndex:
    """The index on the Chroma server at the address `chroma`; without one, in `folder`, or for a database that several
    processes share in that, where it has pgvector. Raises `MemoryDown`."""
    if chroma or not database.is_shared:
        return VectorIndex(folder / "vectors", chroma, database.namespace)
    # A folder of vectors belongs to one process, and would not learn what the others add and delete.
    from penstock.memory.vectors.pgvector import PgVectorIndex, has_pgvector  # not imported by those who do without

    return PgVectorIndex(database) if has_pgvector(database, embedder.dimension) else NoVectorIndex()
