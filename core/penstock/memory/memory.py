"""`Memory`: adds, searches, changes and deletes what is remembered, and keeps its database and the two indexes, words
and vectors, consistent. It also rebuilds the indexes, takes feedback, and decides which account uses which project. The
threads that call it are in `service.py`.

Everything here may take a while: do not call it on the event loop. Any thread may call. One process owns a memory in a
folder; one in PostgreSQL may be shared by several.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

from penstock.base.errors import MemoryDown, VectorsLater
from penstock.memory.catalog import Catalog
from penstock.memory.database_opening import open_database, open_vectors
from penstock.memory.deleter import Deleter
from penstock.memory.embedders import Embedder
from penstock.memory.embedders.wordllama import WordLlama256
from penstock.memory.feedback import Feedback, Voice
from penstock.memory.indexer import Indexer, Progress
from penstock.memory.items import Found, Hit, Item
from penstock.memory.learned import learned_project
from penstock.memory.owners import Owners
from penstock.memory.project_cache import ProjectCache
from penstock.memory.project_marks import ProjectMarks
from penstock.memory.schema import memories
from penstock.memory.search.related import Speller
from penstock.memory.search.search import View, rank
from penstock.memory.search.sureness import sureness_of
from penstock.memory.search.weights import WEIGHTS
from penstock.memory.writer import WHOLE, Added, Writer

__all__ = ["Memory"]

logger = logging.getLogger(__name__)
_BATCH = 256
_PASSED_OVER = 4
"""With a token limit, so many times `limit` hits are considered for what still fits."""
_TOO_LITTLE = 20
"""With fewer tokens left, no further item is considered."""
_EVERYTHING = 2**62
_BEING_ADDED = "its vectors are being added to the index"
_STEPS = 20
"""So many steps of indexing are taken at once; what is left then is owed."""
_WHILE_OWED_S = 0.05
"""Seconds that a search waits for the vector index while that lacks passages, unless it says how long."""


class Memory:
    """The memory in one folder. Raises `MemoryDown` if its database cannot be read or written; if only an index fails,
    answers are poorer and say so."""

    def __init__(
        self,
        folder: Path,
        embedder: Embedder,
        *,
        table: Speller | None = None,
        has_related: bool = True,
        tokens: Callable[[str], int] | None = None,
        worth: Mapping[str, float] = WEIGHTS,
        chroma: str = "",
        url: str = "",
    ) -> None:
        """`has_related`: whether a search finds items by related words. `chroma`: the address of a Chroma server that
        stores the vectors instead of the folder. `url`: the PostgreSQL database that has the items instead of the
        folder; several processes may share it."""
        self.embedder = embedder
        table = embedder if table is None and isinstance(embedder, WordLlama256) else table
        table = table if has_related else None
        self._tokens = tokens or _estimated
        # The threads of a matrix product wait for each other by computing: here one takes a tenth of the time of two.
        # For the whole process, and for good: a limit that each search sets and takes back is that of others, too.
        ThreadpoolController().limit(limits=1)
        self._weights = worth
        self._database = open_database(folder / "memory.db", url)
        self.catalog = Catalog(self._database, is_indexed=bool(chroma) or not self._database.is_shared)
        self.feedback = Feedback(self._database)
        self._owners = Owners(self._database)
        self._vectors = open_vectors(self._database, folder, embedder, chroma)
        self._writer = Writer(self._database, embedder)
        self.project_marks = ProjectMarks(self._database, self._writer.project)
        self._lock = threading.RLock()
        """Held while the database or an index is written. A search does not wait for it: the vectors can take long."""
        self._indexer = Indexer(self._database, self._vectors, embedder, self._lock)
        self._deleter = Deleter(self._database, self._vectors, embedder)
        self._cache = ProjectCache(self._database, self._vectors, embedder, table)
        self.owes = ""
        """Why the vector index lacks passages that it should have; empty when it has them. `sync` mends it."""

    # remember

    def add(self, items: Sequence[Item], *, even_forgotten: bool = False, owner: str = "") -> list[Added]:
        """Store items: long ones in parts, known ones not again, and ones that a person had forgotten only with
        `even_forgotten`. When it returns, they are on disk. If an index or the embedder fails, or lacks much, `sync`
        adds later what is missing. `owner`: the account of the items, which go to the projects that it may use, see
        `project_for`."""
        out: list[Added] = []
        for i in range(0, len(items), _BATCH):
            with self._lock:
                batch = list(items[i : i + _BATCH])
                if owner:
                    names = self._owners.projects_for(list({one.project for one in batch}), owner)
                    batch = [replace(one, project=names[one.project]) for one in batch]
                added, projects = self._writer.add(batch, even_forgotten=even_forgotten, owner=owner)
                out += added
                if not self.owes:
                    self._index(projects)
        return out

    def _index(self, projects: Collection[int]) -> None:
        try:
            for project in self._indexer.asked(projects):
                for step, _ in enumerate(self._indexer.index(project, _unseen), 1):
                    if step == _STEPS:
                        self.owes = _BEING_ADDED
                        return
        except MemoryDown as e:
            logger.warning("%s; words alone answer meanwhile, and the vectors are caught up later", e)
            self.owes = str(e)

    def sync(self, progress: Progress | None = None) -> int:
        """Add what the indexes lack, and replace vectors of another embedder. Returns how many passages got a
        vector."""
        return sum(self.syncing(progress))

    def syncing(self, progress: Progress | None = None) -> Iterator[int]:
        """As `sync`, step by step: yields how many passages got into the index. A million take most of an hour: other
        work can be done between two steps, and the vectors of what is added then are indexed at the end."""
        before, self.owes = self.owes, self.owes or _BEING_ADDED
        try:
            for name, project in self._indexer.unfinished().items():
                with self._lock:
                    is_there = self._mend(name, project, progress or _unseen)
                if is_there:
                    yield from self._filled(project, progress)
        except MemoryDown as e:
            self.owes = str(e)
            raise
        except BaseException:  # it was stopped
            self.owes = before
            raise
        self._end_catching_up("")

    def reindex(self, project: str = "", progress: Progress | None = None) -> None:
        """Rebuild words and vectors from the database, of one project or of all."""
        every, before = self.projects(), self.owes
        self.owes = before or _BEING_ADDED
        try:
            for name, number in every.items():
                if project in ("", name):
                    with self._lock:
                        self._indexer.words(number, progress or _unseen)
                        self._cache.drop(number)
                        self._rebuild_vectors(number)
                    sum(self._filled(number, progress))
        except BaseException:
            self.owes = before
            raise
        self._end_catching_up(before)

    def _end_catching_up(self, owed: str) -> None:
        """Index what was added meanwhile to other projects than the last."""
        with self._lock:
            self.owes = owed
            if not owed:
                self._index(self.projects().values())

    def _filled(self, project: int, progress: Progress | None) -> Iterator[int]:
        for _ in self._indexer.embed(project, progress or _unseen):
            yield 0
        yield from self._indexer.index(project, progress or _unseen)

    def _rebuild_vectors(self, project: int) -> None:
        try:
            self._indexer.reset_project(project)
        except VectorsLater:
            raise
        except MemoryDown as e:
            self._reset(e)

    def _reset(self, why: MemoryDown) -> None:
        # It can not even be opened. Nothing in it is lost: all of it is in the record.
        logger.warning("%s; the vectors are rebuilt from the record", why)
        self._indexer.reset()

    def _mend(self, name: str, number: int, progress: Progress) -> bool:
        """Rebuild the words if they are of an older version, and delete vectors that cannot be used. False: the project
        is gone."""
        with self._database.reading() as db:
            project = self._database.project(db, name)
        if project is None:
            return False
        if project.words not in WHOLE:
            self._indexer.words(number, progress)
            self._cache.drop(number)
        if project.embedder != self.embedder.name or self._is_incomplete(number):
            self._rebuild_vectors(number)
            self._cache.drop(number)
        return True

    def _is_incomplete(self, number: int) -> bool:
        try:
            return self._indexer.is_incomplete(number)
        except VectorsLater:
            raise
        except MemoryDown as e:
            if not self._vectors.is_ours:
                raise
            self._reset(e)
            return True

    # search

    def search(
        self,
        text: str,
        project: str,
        *,
        limit: int = 10,
        tokens: int | None = None,
        now: float | None = None,
        patience_s: float | None = None,
        among: Sequence[int] | None = None,
    ) -> Found:
        """The items of `project` that answer `text` best, at most `limit`, and at most `tokens` together: an item that
        is too long for the rest is skipped. `now`: the present, by which "last week" is understood and recent items win
        ties. The vector index is waited for `patience_s` seconds at most, then words alone answer; without it, for as
        long as it takes, and shortly while the index lacks passages. `among`: only items of these numbers."""
        view = self.view(project)
        if view is None:
            return Found()
        if patience_s is None and self.owes:  # its process may be busy with a thousand vectors
            patience_s = _WHILE_OWED_S
        ranked = rank(view, text, now, self._weights, patience_s, among)
        if view.id in self._vectors.doubted:  # they may be damaged
            self.owes = self.owes or "; ".join(ranked.down)
        sure = sureness_of(ranked.scores, ranked.signals, self._weights, ranked.told)
        hits: list[Hit] = []
        left = tokens
        numbers = view.layout.ids[ranked.rows[: limit if tokens is None else _PASSED_OVER * limit]].tolist()
        with self._database.reading() as db:
            items = self._database.items(db, view.id, project, numbers)
        for n, number in enumerate(numbers):
            if len(hits) >= limit or (left is not None and left < _TOO_LITTLE):
                break
            if number not in items:
                continue
            size = self._tokens(items[number].text)
            if left is not None and size > left:
                continue
            left = None if left is None else left - size
            parts = {k: float(v[n] * self._weights[k]) for k, v in ranked.signals.items() if k in self._weights}
            parts = {k: round(v, 3) for k, v in sorted(parts.items(), key=lambda kv: -abs(kv[1])) if v}
            overlap = float(ranked.signals["overlap"][n])
            score, shared = float(ranked.scores[n]), overlap * ranked.told
            hits.append(Hit(items[number], score, parts, size, overlap, shared, float(sure[n])))
        return Found(tuple(hits), tuple(ranked.down), dict(ranked.corrected), dict(ranked.rarity))

    def view(self, project: str) -> View | None:
        """The indexes and items of one project. None: it has no items."""
        return self._cache.view(project)

    # whose

    def project_for(self, project: str, owner: str) -> str:
        """The project that the account `owner` uses when it names `project`: that itself, if no other account used it
        first or if it is shared; else one of its own. Without an owner: `project`. Does not wait for a write that is
        under way."""
        return self._owners.project_for(project, owner)

    def share(self, project: str, shared: bool = True) -> bool:
        """Let every account that names `project` use it, or its owner alone. False: there is no such project."""
        with self._lock:
            return self._owners.share(project, shared)

    # look, change, forget

    def projects(self) -> dict[str, int]:
        """The id of every project, by name."""
        with self._database.reading() as db:
            return {name: int(row.id) for name, row in self._database.projects(db).items()}

    def get(self, project: str, ids: Sequence[int]) -> list[Item]:
        """Items of a project by ids; ids of other projects are ignored."""
        with self._database.reading() as db:
            found = self._database.project(db, project)
            items = {} if found is None else self._database.items(db, found.id, project, ids)
        return [items[number] for number in ids if number in items]

    def newest(self, project: str, *, before: int = _EVERYTHING, limit: int = 50) -> list[Item]:
        """Items page by page, the newest first. `before`: the last id of the page before."""
        with self._database.reading() as db:
            found = self._database.project(db, project)
            return [] if found is None else self._database.listed(db, found.id, project, before=before, limit=limit)

    def change(self, project: str, ids: Sequence[int], **values: Any) -> int:
        """Set `tags`, `pinned`, `helpful`, `wrong` or `expires_at`. Returns how many items there were. To change a
        text, forget and add."""
        if unknown := set(values) - {"tags", "pinned", "helpful", "wrong", "expires_at"}:
            raise ValueError(f"cannot be changed: {', '.join(sorted(unknown))}")
        if "tags" in values:
            values["tags"] = list(values["tags"])
        return self._changed(project, ids, values)

    def mark(self, project: str, ids: Sequence[int], *, helpful: bool) -> int:
        """Add one mark for or against items. Returns how many there were."""
        column = memories.c.helpful if helpful else memories.c.wrong
        return self._changed(project, ids, {column.name: column + 1})

    def hear(self, item: Item, voice: Voice) -> bool:
        """Store a caller's feedback on an item. True: it replaces an earlier one of the same caller."""
        with self._lock:
            replaced = self.feedback.give(item.id, voice)
            self._cache.drop(self.projects()[item.project])
        return replaced

    def forget(self, project: str, ids: Sequence[int], *, stays: bool = False) -> int:
        """Delete items everywhere: database, words, vectors, and the free pages of the files. Returns how many there
        were. `stays`: the same texts are not added again, except with `even_forgotten`."""
        with self._lock:
            with self._database.reading() as db:
                found = self._database.project(db, project)
                mine = {} if found is None else self._database.items(db, found.id, project, ids)
            if found is not None and mine:
                self._deleter.items(found.id, sorted(mine), [item.hash for item in mine.values()] if stays else ())
                self._cache.drop(found.id)
        return len(mine)

    def forget_project(self, project: str) -> bool:
        """Delete a project with everything in it, and what was learned there. False: there was none."""
        with self._lock:
            known = self.projects()
            found = [known[name] for name in (project, learned_project(project)) if name in known]
            for number in found:
                self._deleter.project(number)
                self._cache.drop(number)
        return bool(found)

    def expire(self, now: float) -> int:
        """Delete expired items that are not pinned. Returns how many there were."""
        by_project: dict[str, list[int]] = {}
        with self._database.reading() as db:
            for name, number in self._database.expired(db, now):
                by_project.setdefault(name, []).append(number)
        return sum(self.forget(name, numbers) for name, numbers in by_project.items())

    def state(self) -> dict[str, Any]:
        """Its state: the embedder, the paths and sizes of its files, and what does not work."""
        down = []
        try:
            for number in self._indexer.asked(self.projects().values()):  # others would start its process for nothing
                self._vectors.count(number, self.embedder.name, self.embedder.dimension)
        except MemoryDown as e:
            down.append(str(e))
        process = self._vectors.health()
        files = [file for file in self._database.path.parent.rglob("*") if file.is_file()]
        return {
            "folder": str(self._database.path.parent),
            "embedder": self.embedder.name,
            "dimension": self.embedder.dimension,
            "bytes": sum(file.stat().st_size for file in files),
            "degraded": down,
            "vectors": asdict(process),
            "owes": self.owes,
        }

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._vectors.close()
            self._database.close()

    def _changed(self, project: str, ids: Sequence[int], values: dict[str, Any]) -> int:
        with self._lock, self._database.writing() as db:
            found = self._database.project(db, project)
            done = 0 if found is None else self._database.change(db, found.id, ids, values)
        if found is not None:
            self._cache.drop(found.id)
        return done


def _estimated(text: str) -> int:
    return max(1, round(len(text) / 4.2))


def _unseen(_what: str, _done: int, _total: int) -> None:
    """No progress is shown."""
