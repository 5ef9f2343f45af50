"""`Deleter`: deletes items, or a whole project, for good: from the memory's database, both indexes and the free pages
of the file. It notes which texts must not be added again."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from penstock.base.errors import MemoryDown
from penstock.memory.database import MemoryDatabase
from penstock.memory.embedders import Embedder
from penstock.memory.schema import passages
from penstock.memory.vectors.index import VectorIndex
from penstock.memory.writer import WORDS_VERSION, has_tables, rebuild_words

__all__ = ["Deleter"]

logger = logging.getLogger(__name__)


class Deleter:
    """Deletes from the database first: what an index still has of a deleted item is never shown. Raises `MemoryDown` if
    the database cannot be written."""

    def __init__(self, database: MemoryDatabase, vectors: VectorIndex, embedder: Embedder) -> None:
        self._database, self._vectors, self._embedder = database, vectors, embedder

    def items(self, project: int, ids: Sequence[int], hashes: Sequence[bytes] = ()) -> None:
        """Delete items of a project, by ids, which must be its own. Texts with one of `hashes` are not added again."""
        with self._database.writing() as db:
            gone = self._database.passages_of(db, project, which=passages.c.memory.in_(ids), limit=2**62)
            self._database.delete(db, ids)
            self._database.set_forgotten(db, project, hashes, stays=True)
            self._remove_words(db, project, [(row.id, row.text) for row in gone])
        try:
            numbers = [row.id for row in gone]
            self._vectors.remove(project, self._embedder.name, numbers, self._embedder.dimension)
        except MemoryDown as e:
            logger.warning("%s; vectors without a text stay there until it is rebuilt", e)
        self._database.scrub()

    def _remove_words(self, db: sa.Connection, project: int, gone: Sequence[tuple[int, str]]) -> None:
        made_with = self._database.words_of(db, [project]).get(project, "")
        if not has_tables(made_with):
            return
        try:
            with db.begin_nested():
                if made_with == WORDS_VERSION or self._database.is_shared:
                    self._database.words(project).remove(db, gone)
                else:
                    # SQLite removes the words that it is told, and an older version has indexed others.
                    rebuild_words(self._database, db, project, lambda *_: None)
        except SQLAlchemyError as e:
            logger.warning("the word index is damaged and will be rebuilt: %s", e.__cause__ or e)
            self._database.set_made_with(db, project, words="")

    def project(self, project: int) -> None:
        """Delete a project with all its items."""
        with self._database.writing() as db:
            self._database.words(project).drop(db)
            self._database.delete_project(db, project)
        try:
            self._vectors.drop(project)
        except MemoryDown as e:
            logger.warning("%s; vectors without a text stay there until it is rebuilt", e)
        self._database.scrub()
