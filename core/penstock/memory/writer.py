"""`Writer`: adds the items that are new to the memory's database, in one transaction: splits long ones into parts and
passages, makes their vectors, and indexes their words. `Added`: what became of one item. `WORDS_VERSION`: the version
of the word index. `rebuild_words` indexes those of a whole project."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from penstock.base.errors import MemoryDown
from penstock.memory.adding import add_items, add_passages
from penstock.memory.chunks import CHUNK_TOKENS, Span, chunks, passages
from penstock.memory.database import Content, MemoryDatabase
from penstock.memory.embedders import Embedder, vectors_of
from penstock.memory.items import Item
from penstock.memory.schema import memories
from penstock.memory.search import text_features
from penstock.memory.search.few_words import FEW
from penstock.text import stems

__all__ = ["FEW_WORDS", "WHOLE", "WORDS_VERSION", "Added", "Progress", "Writer", "has_tables", "rebuild_words"]

logger = logging.getLogger(__name__)
_Vectors = npt.NDArray[np.float32]
Progress = Callable[[str, int, int], None]
"""Called with the name of the step, how many items are done, and how many there are."""
_PAGE = 500
_Key = tuple[str, bytes]
"""A part's content: the name of its project, and the hash of its text."""
WORDS_VERSION = f"{stems.VERSION}.{text_features.VERSION}"
_WITHOUT_TABLES = "few "
FEW_WORDS = f"{_WITHOUT_TABLES}{WORDS_VERSION}"
"""In the place of `WORDS_VERSION`: the project has too few passages for tables of words."""
WHOLE = (WORDS_VERSION, FEW_WORDS)
"""What a project has whose words need not be indexed again."""


@dataclass(frozen=True, slots=True)
class Added:
    """The result of adding one item."""

    ids: tuple[int, ...]
    """The ids of its parts, in order; where the same text was known already, those of the earlier item. Parts that a
    person had forgotten are missing."""
    new: int
    """How many of the parts were new."""


@dataclass(frozen=True)
class _Part:
    item: Item
    hash: bytes

    @property
    def key(self) -> _Key:
        return self.item.project, self.hash

    @cached_property
    def spans(self) -> list[Span]:
        """The spans of its passages, computed only for new parts."""
        return passages(self.item.text)


def has_tables(words: str) -> bool:
    """Whether a project has tables of words, by what its words were made with, which may be an older version."""
    return not words.startswith(_WITHOUT_TABLES)


def rebuild_words(database: MemoryDatabase, db: sa.Connection, project: int, progress: Progress) -> None:
    """Index all words of a project, and compute the features of its texts, as this version does."""
    index = database.words(project)
    index.drop(db)
    is_few = not database.is_shared and not database.larger(db, [project], FEW)
    if not is_few:
        index.create(db)
        total, done, at = database.count_passages(db, project), 0, 0
        while page := database.passages_of(db, project, above=at, limit=_PAGE):
            index.add(db, [(row.id, row.text) for row in page])
            at, done = page[-1].id, done + len(page)
            progress("words", done, total)
    for number, text in database.texts(db, project):
        traits = text_features.traits_of(text).tobytes()
        db.execute(memories.update().where(memories.c.id == number).values(traits=traits))
    database.touch(db, sa.select(memories.c.id).where(memories.c.project == project))
    database.set_made_with(db, project, words=FEW_WORDS if is_few else WORDS_VERSION)


class Writer:
    """Adds items to the memory's database. Not thread-safe."""

    def __init__(self, database: MemoryDatabase, embedder: Embedder) -> None:
        self._database, self._embedder = database, embedder

    def add(
        self, items: Sequence[Item], *, even_forgotten: bool = False, owner: str = ""
    ) -> tuple[list[Added], set[int]]:
        """Store the items that are new, all or none. Returns what became of each item, and the ids of the projects that
        got something. Raises `MemoryDown`."""
        whole = [[_Part(part, part.hash) for part in _parts(item)] for item in items]
        parts = [part for some in whole for part in some]
        with self._database.reading() as db:
            numbers = self._numbers(db, parts)
            known = self._known(db, numbers, parts)
            gone = set() if even_forgotten else self._forgotten(db, numbers, parts)
        fresh = {part.key: part for part in reversed(parts) if part.key not in known and part.key not in gone}
        order = list(reversed(fresh.values()))
        vectors = self._vectors([part.item.text[a:b] for part in order for a, b in part.spans])
        new: dict[_Key, int] = {}
        projects: set[int] = set()
        if fresh:
            with self._database.writing() as db:
                if self._database.is_shared:  # another process may have added some meanwhile
                    numbers = self._numbers(db, order)
                    known |= self._known(db, numbers, order)
                names = dict.fromkeys(part.item.project for part in order)
                numbers = {name: numbers.get(name) or self._new_project(db, name, owner) for name in names}
                new = self._store(db, numbers, order, vectors, known)
                projects = set(numbers.values())
                if even_forgotten:
                    for part in order:
                        self._database.set_forgotten(db, numbers[part.item.project], [part.hash], stays=False)
        known |= new
        stored = {key: part for key, part in fresh.items() if key in new}
        return [_added(some, known, stored) for some in whole], projects

    def project(self, db: sa.Connection, name: str, owner: str) -> int:
        """The id of a project, which is created for `owner` if there is none."""
        there = self._database.project(db, name)
        return self._new_project(db, name, owner) if there is None else int(there.id)

    def _new_project(self, db: sa.Connection, name: str, owner: str) -> int:
        words = WORDS_VERSION if self._database.is_shared else FEW_WORDS
        return self._database.add_project(db, name, words, self._embedder.name, owner)

    def _numbers(self, db: sa.Connection, parts: Sequence[_Part]) -> dict[str, int]:
        """The ids of the projects that exist, by name."""
        found = self._database.projects_named(db, list({part.item.project for part in parts}))
        return {name: int(project.id) for name, project in found.items()}

    def _known(self, db: sa.Connection, numbers: Mapping[str, int], parts: Sequence[_Part]) -> dict[_Key, int]:
        contents = _contents(numbers, parts)
        found = self._database.ids_of(db, contents)
        return {contents[one]: number for one, number in found.items()}

    def _forgotten(self, db: sa.Connection, numbers: Mapping[str, int], parts: Sequence[_Part]) -> set[_Key]:
        contents = _contents(numbers, parts)
        return {contents[one] for one in self._database.forgotten(db, contents)}

    def _vectors(self, texts: list[str]) -> _Vectors | None:
        if not texts:
            return None
        try:
            return vectors_of(self._embedder, texts)
        except MemoryDown as e:
            logger.warning("%s; vectors are made later", e)
            return None

    def _store(
        self,
        db: sa.Connection,
        projects: Mapping[str, int],
        parts: Sequence[_Part],
        vectors: _Vectors | None,
        known: Mapping[_Key, int],
    ) -> dict[_Key, int]:
        """The id of each part that is stored, by project and hash; `known` ones are not."""
        is_new = np.array([part.key not in known for part in parts for _ in part.spans], bool)
        parts = [part for part in parts if part.key not in known]
        vectors = None if vectors is None else vectors[is_new]
        traits = [text_features.traits_of(part.item.text).tobytes() for part in parts]
        rows = [(projects[part.item.project], part.item, own) for part, own in zip(parts, traits, strict=True)]
        numbers = add_items(db, rows)
        pieces = [(part, number, span) for part, number in zip(parts, numbers, strict=True) for span in part.spans]
        raw = [None] * len(pieces) if vectors is None else [one.tobytes() for one in vectors.astype(np.float16)]
        passages = add_passages(
            db, self._embedder.name, [(number, span, one) for (_, number, span), one in zip(pieces, raw, strict=True)]
        )
        texts: dict[str, list[tuple[int, str]]] = {}
        for (part, _, (first, last)), passage in zip(pieces, passages, strict=True):
            texts.setdefault(part.item.project, []).append((passage, part.item.text[first:last]))
        made_with = self._database.words_of(db, [projects[name] for name in texts])
        few = {number for number, words in made_with.items() if not has_tables(words)}
        grown = self._database.larger(db, list(few), FEW)
        for name, of_project in texts.items():
            if (number := projects[name]) in few - grown:
                continue
            if number in grown:
                # Of an older version it has features of texts, too, which are computed with its words.
                words = WORDS_VERSION if made_with[number] == FEW_WORDS else ""
                self._database.set_made_with(db, number, words=words)
            self._index_words(db, number, name, of_project, is_first=number in grown)
        return {part.key: number for part, number in zip(parts, numbers, strict=True)}

    def _index_words(
        self, db: sa.Connection, project: int, name: str, texts: Sequence[tuple[int, str]], *, is_first: bool
    ) -> None:
        words = self._database.words(project)
        if is_first:
            texts = [(row.id, row.text) for row in self._database.passages_of(db, project, limit=2**62)]
        try:
            with db.begin_nested():
                if is_first:
                    words.create(db)
                words.add(db, texts)
        except SQLAlchemyError as e:
            # The record is what counts; the index is rebuilt from it.
            logger.warning("words of project %s cannot be indexed: %s", name, e.__cause__ or e)
            self._database.set_made_with(db, project, words="")


def _contents(numbers: Mapping[str, int], parts: Sequence[_Part]) -> dict[Content, _Key]:
    """The contents of the parts whose projects exist."""
    return {(numbers[part.item.project], part.hash): part.key for part in parts if part.item.project in numbers}


def _parts(item: Item) -> list[Item]:
    text = item.text.encode("utf-8", "replace").decode()  # half a character cannot be stored
    spans = chunks(text)
    if len(spans) == 1 and len(text) <= CHUNK_TOKENS * 4:
        return [replace(item, text=text)]
    return [replace(item, text=text[a:b], part=n) for n, (a, b) in enumerate(spans)]


def _added(parts: Sequence[_Part], known: dict[_Key, int], stored: dict[_Key, _Part]) -> Added:
    ids = tuple(known[part.key] for part in parts if part.key in known)
    return Added(ids, sum(stored.get(part.key) is part for part in parts))
