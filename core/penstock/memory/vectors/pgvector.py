"""`PgVectorIndex`: the vectors of large projects in the memory's own PostgreSQL database, where that has the extension
`vector` (pgvector 0.7 or newer; `has_pgvector`). Each project has a table with an index of its own (HNSW), so that a
search reads no other's. Can be rebuilt from the memory's other tables. Raises `MemoryDown`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from penstock.memory.database import MemoryDatabase
from penstock.memory.vectors.index import Health, VectorIndex

__all__ = ["PgVectorIndex", "has_pgvector"]

_MOST_DIMENSIONS = 4000
_LEAST_VERSION = (0, 7)
_VERSION = sa.text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
_TABLES = sa.text(
    "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename ~ '^memory_vectors_[0-9]+$'"
)
_EXISTS = sa.text("SELECT to_regclass(:name) IS NOT NULL")
_ROWS = "(SELECT unnest(CAST(:ids AS bigint[])), CAST(unnest(CAST(:vectors AS text[])) AS halfvec))"


def has_pgvector(database: MemoryDatabase, dimension: int) -> bool:
    """Whether a database in PostgreSQL can search vectors of so many numbers. Raises `MemoryDown`."""
    with database.reading() as db:
        said = str(db.scalar(_VERSION) or "0")
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    return version >= _LEAST_VERSION and dimension <= _MOST_DIMENSIONS


class PgVectorIndex(VectorIndex):
    """Asked only where there are more vectors than are compared one by one."""

    is_for_many = True

    def __init__(self, database: MemoryDatabase) -> None:
        """Starts no process."""
        self._database, self.doubted = database, {}

    @property
    def is_ours(self) -> bool:
        """They are on a server."""
        return False

    def add(
        self, project: int, model: str, ids: Sequence[int], vectors: npt.NDArray[np.float32], total: int = 0
    ) -> None:
        """Store vectors under the numbers of their passages; those already there are replaced."""
        table = _table(project)
        new = f"INSERT INTO {table} {_ROWS} ON CONFLICT (passage) DO UPDATE SET vector = excluded.vector"
        with self._database.writing() as db:
            if not _exists(db, project):
                size = vectors.shape[1]
                db.exec_driver_sql(
                    f"CREATE TABLE {table} (passage bigint PRIMARY KEY, vector halfvec({size}) NOT NULL)"
                )
                db.exec_driver_sql(f"CREATE INDEX ON {table} USING hnsw (vector halfvec_ip_ops)")
            db.execute(sa.text(new), {"ids": list(ids), "vectors": [_text(one) for one in vectors]})

    def nearest(
        self,
        project: int,
        model: str,
        vector: npt.NDArray[np.float32],
        limit: int,
        *,
        patience_s: float | None = None,
    ) -> list[tuple[int, float]]:
        """Passages by the inner product of their vectors with `vector`, the largest first. The server gives up after
        `patience_s` seconds."""
        distance = "vector <#> CAST(:v AS halfvec)"  # the inner product, times -1
        found = f"SELECT passage, -({distance}) FROM {_table(project)} ORDER BY {distance} LIMIT :n"
        with self._database.reading() as db:
            if not _exists(db, project):
                return []
            settings = [f"SET LOCAL hnsw.ef_search = {min(1000, max(40, limit))}"]
            if patience_s is not None:
                settings.append(f"SET LOCAL statement_timeout = {max(1, round(patience_s * 1000))}")
            db.exec_driver_sql("; ".join(settings))
            rows = db.execute(sa.text(found), {"v": _text(vector), "n": limit})
            return [(int(passage), float(score)) for passage, score in rows]

    def remove(self, project: int, model: str, ids: Sequence[int], dimension: int) -> None:
        """Remove vectors; missing ones are ignored."""
        gone = f"DELETE FROM {_table(project)} WHERE passage = ANY(CAST(:ids AS bigint[]))"
        with self._database.writing() as db:
            if _exists(db, project):
                db.execute(sa.text(gone), {"ids": list(ids)})

    def is_gone(self) -> bool:
        """Never: `probe` says what is there."""
        return False

    def count(self, project: int, model: str, dimension: int) -> int:
        """How many vectors there are."""
        with self._database.reading() as db:
            found = f"SELECT count(*) FROM {_table(project)}"
            return int(db.scalar(sa.text(found)) or 0) if _exists(db, project) else 0

    def probe(self, project: int, model: str, dimension: int, ids: Sequence[int] = ()) -> int:
        """How many vectors there are, all of which can be searched."""
        return self.count(project, model, dimension)

    def drop(self, project: int) -> None:
        """Remove all vectors of a project."""
        with self._database.writing() as db:
            db.exec_driver_sql(f"DROP TABLE IF EXISTS {_table(project)}")

    def reset(self) -> None:
        """Delete all vectors."""
        with self._database.writing() as db:
            for name in db.scalars(_TABLES).all():
                db.exec_driver_sql(f"DROP TABLE {name}")

    def close(self) -> None:
        """Nothing: the connections are the database's."""

    def health(self) -> Health:
        """No process, and nothing wrong."""
        return Health(None, 0, 0, "")


def _table(project: int) -> str:
    return f"memory_vectors_{project:d}"


def _exists(db: sa.Connection, project: int) -> bool:
    return bool(db.scalar(_EXISTS, {"name": _table(project)}))


def _text(vector: npt.NDArray[np.float32]) -> str:
    """As pgvector reads it."""
    return f"[{','.join(map(repr, vector.tolist()))}]"
