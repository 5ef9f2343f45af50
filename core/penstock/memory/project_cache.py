"""`ProjectCache`: the items and indexes of the projects that were searched last, in memory (`view` gives a `View` of
one), brought up to date at each search; `drop` removes a project whose rows were changed. At most 8 projects and 96 MB,
beside the one in use. Raises `MemoryDown`."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass

import sqlalchemy as sa

from penstock.base.errors import MemoryDown
from penstock.memory.database import MemoryDatabase
from penstock.memory.embedders import Embedder
from penstock.memory.search.few_words import FewWords
from penstock.memory.search.item_table import ItemTable
from penstock.memory.search.related import Related, Speller
from penstock.memory.search.search import View
from penstock.memory.search.vector_cache import VectorCache
from penstock.memory.vectors.index import VectorIndex
from penstock.memory.writer import has_tables

__all__ = ["ProjectCache"]

logger = logging.getLogger(__name__)
_PROJECTS = 8
"""The most projects that are cached; the least recently used is dropped."""
_PROJECT_BYTES = 96 << 20
"""The most bytes of all cached projects. One of 50,000 passages takes 50 MB; the one in use is always kept."""
_EVERYTHING = 2**62


@dataclass
class _Cached:
    layout: ItemTable
    stored: VectorCache
    related: Related | None
    revision: int = 0
    words: FewWords | None = None
    """The words of a project that has no tables of them."""

    @property
    def size(self) -> int:
        """Bytes it takes in memory."""
        return self.layout.size + self.stored.size + (self.related.size if self.related is not None else 0)


class ProjectCache:
    """The projects of one memory. Any thread may call."""

    def __init__(
        self, database: MemoryDatabase, vectors: VectorIndex, embedder: Embedder, table: Speller | None
    ) -> None:
        """`table`: the vectors of words, for related words; None: there are none."""
        self._database, self._vectors, self._embedder, self._table = database, vectors, embedder, table
        self._cached: OrderedDict[int, _Cached] = OrderedDict()
        self._lock = threading.Lock()

    def view(self, project: str) -> View | None:
        """The indexes and items of one project. None: it has no items."""
        with self._lock, self._database.snapshot() as db:
            found = self._database.project(db, project)
            if found is None:
                return None
            known = self._refreshed(db, found.id, found.revision, has_tables=has_tables(found.words))
            words = known.words or self._database.words(found.id)
        return View(
            found.id, known.layout, known.stored, known.related, self._database, words, self._vectors, self._embedder
        )

    def drop(self, project: int) -> None:
        """Drop the cached data of a project, which is out of date."""
        with self._lock:
            self._cached.pop(project, None)

    def _refreshed(self, db: sa.Connection, project: int, revision: int, *, has_tables: bool) -> _Cached:
        stored = VectorCache.empty(self._database, self._embedder.name, self._embedder.dimension)
        known = self._cached.pop(project, None)
        if known is None or known.revision != revision:
            related = Related(self._table) if self._table is not None else None
            known = _Cached(ItemTable.empty(), stored, related, revision)
        above = int(known.layout.ids.max(initial=0))
        rows = self._database.rows(db, project, above)
        if rows:
            known.layout = known.layout.grown(rows, self._database.passage_rows(db, project, above))
        known.stored = known.stored.grown(db, known.layout)
        known.words = None if has_tables else known.words or FewWords()
        if known.words is not None:
            new = self._database.passages_of(db, project, above=known.words.last, limit=_EVERYTHING)
            known.words.grow([(row.id, row.text) for row in new])
        if known.related is not None:
            try:
                words = known.words or self._database.words(project)
                known.related.follow(db, words, len(known.layout.passages))
            except MemoryDown as e:
                logger.warning("%s; related words are left out", e)
        self._cached[project] = known
        total = sum(one.size for one in self._cached.values())
        while len(self._cached) > 1 and (len(self._cached) > _PROJECTS or total > _PROJECT_BYTES):
            total -= self._cached.popitem(last=False)[1].size
        return known
