"""`Indexer`: brings the memory's word and vector indexes in line with its database: adds missing vectors, updates words
of an older version, rebuilds all."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from threading import RLock

import numpy as np
import sqlalchemy as sa

from penstock.memory.database import MemoryDatabase
from penstock.memory.embedders import Embedder, vectors_of
from penstock.memory.schema import memories, passages
from penstock.memory.search import search
from penstock.memory.vectors.index import VectorIndex
from penstock.memory.writer import WHOLE, Progress, rebuild_words

__all__ = ["Indexer", "Progress"]

logger = logging.getLogger(__name__)
_PAGE = 500


class Indexer:
    """Works in small steps, so that reads and writes go on; after an interruption it can be run again. Raises
    `MemoryDown` for what cannot be done."""

    def __init__(self, database: MemoryDatabase, vectors: VectorIndex, embedder: Embedder, lock: RLock) -> None:
        """`lock`: held during each step of `embed` and `index`, and not between them."""
        self._database, self._vectors, self._embedder, self._lock = database, vectors, embedder, lock

    def unfinished(self) -> dict[str, int]:
        """The ids of the projects whose indexes may lack something, by name: all are looked at with one query."""
        p, name = passages.c, self._embedder.name
        found = sa.select(
            memories.c.project,
            sa.func.count().label("passages"),
            sa.func.sum(sa.case((p.vector.is_(None) | (p.embedder != name), 1), else_=0)).label("lack"),
            sa.func.sum(sa.case((p.indexed, 1), else_=0)).label("given"),
        )
        with self._database.reading() as db:
            rows = db.execute(found.select_from(passages.join(memories)).group_by(memories.c.project))
            busy = {row.project for row in rows if row.passages > search.EXACT or row.lack or row.given}
            return {
                project.name: int(project.id)
                for project in self._database.projects(db).values()
                if project.id in busy or project.words not in WHOLE or project.embedder != name
            }

    def words(self, project: int, progress: Progress) -> None:
        """Rebuild the word index and the text features of a project."""
        with self._database.writing() as db:
            # One transaction: half an index would look like a whole one. A million passages are a few hundred MB.
            rebuild_words(self._database, db, project, progress)

    def embed(self, project: int, progress: Progress) -> Iterator[int]:
        """Make vectors that are missing or of another embedder. Yields after each step how many it made."""
        name, at, done = self._embedder.name, 0, 0
        other = passages.c.vector.is_(None) | (passages.c.embedder != name)
        with self._database.reading() as db:
            total = self._database.count_passages(db, project, other)
        while total:
            with self._lock:
                with self._database.reading() as db:
                    page = self._database.passages_of(db, project, above=at, which=other, limit=_PAGE)
                if not page:
                    break
                made = vectors_of(self._embedder, [row.text for row in page]).astype(np.float16)
                with self._database.writing() as db:
                    self._database.set_vectors(
                        db, name, [(row.id, vector.tobytes()) for row, vector in zip(page, made, strict=True)]
                    )
            at, done = page[-1].id, done + len(page)
            progress("embedding", done, total)
            yield len(page)
        with self._database.writing() as db:
            self._database.set_made_with(db, project, embedder=name)

    def index(self, project: int, progress: Progress) -> Iterator[int]:
        """Add to the index the vectors that it lacks, unless the project is so small that a search does without.
        Yields after each step how many it added. If Chroma's folder was deleted meanwhile, all are added."""
        if self._vectors.is_gone():
            self._restart()
        name, at, done = self._embedder.name, 0, 0
        waiting = passages.c.indexed.is_(False) & (passages.c.embedder == name)
        if not self.asked([project]):
            return
        with self._database.reading() as db:
            total = self._database.count_passages(db, project, waiting)
        while total:
            with self._lock:
                with self._database.reading() as db:
                    page = self._database.passages_of(db, project, above=at, which=waiting, limit=_PAGE)
                if not page:
                    break
                raw = np.frombuffer(b"".join(row.vector for row in page), np.float16)
                ids = [row.id for row in page]
                self._vectors.add(project, name, ids, raw.reshape(len(page), -1).astype(np.float32), total)
                with self._database.writing() as db:
                    self._database.set_indexed(db, ids)
            at, done = page[-1].id, done + len(page)
            progress("vectors", done, total)
            yield len(page)

    def _restart(self) -> None:
        logger.warning("%s was deleted: its vectors are rebuilt from the record", self._vectors.folder)
        self._vectors.close()
        self._unset_all()

    def reset(self) -> None:
        """Delete all vectors of the index, so that `index` adds all again."""
        self._vectors.reset()
        self._unset_all()

    def _unset_all(self) -> None:
        with self._database.writing() as db:
            for row in self._database.projects(db).values():
                self._database.unset_indexed(db, row.id)

    def asked(self, among: Collection[int]) -> list[int]:
        """Those of these projects of which a search asks the vector index, since they have too many passages to compare
        all."""
        if self._vectors.is_absent:
            return []
        with self._database.reading() as db:
            return sorted(self._database.larger(db, list(among), search.exact_upto(self._vectors)))

    def is_incomplete(self, project: int) -> bool:
        """Whether Chroma has fewer vectors than were added: its folder was deleted, or replaced by an older one. Raises
        `MemoryDown` when it cannot be searched, or some of them not be read."""
        given = passages.c.indexed.is_(True) & (passages.c.embedder == self._embedder.name)
        with self._database.reading() as db:
            count = self._database.count_passages(db, project, given)
        if count and not self.asked([project]):  # an earlier version gave it smaller projects, too
            self.reset_project(project)
            return False
        if not count:
            return False
        with self._database.reading() as db:
            some = given & (passages.c.id % max(1, count // _PAGE) == 0)
            ids = [row.id for row in self._database.passages_of(db, project, which=some, limit=2 * _PAGE)]
        return self._vectors.probe(project, self._embedder.name, self._embedder.dimension, ids) < count

    def reset_project(self, project: int) -> None:
        """Delete a project from Chroma, so that `index` adds all its vectors again."""
        self._vectors.drop(project)
        with self._database.writing() as db:
            self._database.unset_indexed(db, project)
