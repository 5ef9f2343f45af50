"""`OutputIndex`: the file of indexed tool outputs, shared by the processes of an installation: adds, finds, counts and
deletes them. Raises `StoreError`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from penstock.base.prepared import driver
from penstock.base.shared_sqlite import SharedSqlite
from penstock.memory.chunks import chunks as chunk_spans
from penstock.memory.owners import apart
from penstock.outputs.output import Output
from penstock.outputs.schema import chunks, conversations, make_tables, outputs, projects
from penstock.outputs.search import OutputHit, Search
from penstock.outputs.words import ChunkWords
from penstock.store.originals import RetentionPolicy, digest_of, packed, unpacked

if TYPE_CHECKING:
    from penstock.memory.embedders import Embedder

__all__ = ["CHUNK_TOKENS", "FILE_NAME", "OVERLAP_TOKENS", "OutputCounts", "OutputIndex"]

FILE_NAME = "outputs.db"
CHUNK_TOKENS, OVERLAP_TOKENS = 2048, 128


@dataclass(frozen=True, slots=True)
class OutputCounts:
    """What of one project is indexed."""

    outputs: int
    chunks: int
    characters: int
    oldest: float | None
    """When the oldest was last shortened, in seconds since 1970."""


class OutputIndex:
    """The index in one file. Any thread may call."""

    def __init__(self, path: Path) -> None:
        """Creates the file if there is none."""
        self._file = SharedSqlite(path, make_tables, "foreign_keys=ON")

    @classmethod
    def beside(cls, store: Path) -> OutputIndex:
        """The index of the installation whose store is `store`."""
        return cls(cls.path(store))

    @staticmethod
    def path(store: Path) -> Path:
        """Its file."""
        return store.parent / FILE_NAME

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def add(self, output: Output, clean: Callable[[str], str]) -> bool:
        """Index an output and its source as `clean` makes them. The same content of the same project is indexed once,
        and then counts as new. False: nothing of it is left, or its project is not known."""
        if not output.project:
            return False
        digest = digest_of(output.text)
        with self._file.writing() as db:
            project = _project(db, output.project, output.owner)
            if _note_again(db, project, digest, output):
                return True
        text = clean(output.text).encode("utf-8", "replace").decode()  # half a character cannot be indexed
        spans = chunk_spans(text, CHUNK_TOKENS, OVERLAP_TOKENS)
        if not spans:
            return False
        source = clean(output.source)[:400].encode("utf-8", "replace").decode()
        data = packed(text)  # before the first row is written: from then on every other writer waits
        with self._file.writing() as db:
            if _note_again(db, project, digest, output):  # another process was quicker
                return True
            row = {"project": project, "digest": digest, "source": source, "at": output.at}
            number = _inserted(db.execute(outputs.insert().values(**row, size=len(text), text=data)))
            _note_conversation(db, number, output.conversation)
            ids = [
                _inserted(db.execute(chunks.insert().values(output=number, first=first, last=last)))
                for first, last in spans
            ]
            ChunkWords(project).add(db, [(i, text[first:last]) for i, (first, last) in zip(ids, spans, strict=True)])
        return True

    def search(
        self, project: str, question: str, *, limit: int, embedder: Embedder | None = None, only: Collection[str] = ()
    ) -> list[OutputHit]:
        """The best chunks of a project for a question, at most `limit`. `only`: handles of the outputs that are meant;
        empty: all. With `embedder`, vectors that are missing are made first, and raise `MemoryDown`."""
        number = self._number(project)
        if number is None:
            return []
        if embedder is not None:
            self._embed(number, embedder)
        with self._file.reading() as db:
            return Search(db, number, embedder, only).run(question, limit)

    def counts(self, project: str) -> OutputCounts:
        """What of a project is indexed."""
        mine = outputs.c.project == projects.c.id
        of = sa.select(
            sa.func.count(), sa.func.coalesce(sa.func.sum(outputs.c.size), 0), sa.func.min(outputs.c.at)
        ).join(projects, mine)
        parts = sa.select(sa.func.count()).select_from(chunks.join(outputs).join(projects, mine))
        with self._file.reading() as db:
            number, size, oldest = db.execute(of.where(projects.c.name == project)).one()
            return OutputCounts(number, db.execute(parts.where(projects.c.name == project)).scalar_one(), size, oldest)

    def prune(self, keep: RetentionPolicy) -> int:
        """Delete what is older than `keep.since`, and beyond `keep.size` characters in all what was shortened longest
        ago. Returns how many outputs."""
        doomed = outputs.c.at < keep.since
        if keep.size is not None:
            order = (outputs.c.at.desc(), outputs.c.id.desc())
            upto = sa.func.sum(outputs.c.size).over(order_by=order, rows=(None, 0)).label("upto")
            sums = sa.select(outputs.c.id, upto).subquery()
            doomed |= outputs.c.id.in_(sa.select(sums.c.id).where(sums.c.upto > keep.size))
        return self._delete(doomed)

    def forget_conversations(self, names: Collection[str]) -> int:
        """Delete the outputs that stood in these conversations and in no other. Returns how many."""
        if not names:
            return 0
        known = sa.select(conversations.c.output).where(conversations.c.conversation.in_(sorted(names)))
        others = sa.select(conversations.c.output).where(conversations.c.conversation.not_in(sorted(names)))
        return self._delete(outputs.c.id.in_(known) & outputs.c.id.not_in(others))

    def _delete(self, which: sa.ColumnElement[bool]) -> int:
        with self._file.reading() as db:
            doomed = db.execute(sa.select(outputs.c.id, outputs.c.project).where(which)).all()
        for row in doomed:
            with self._file.writing() as db:  # one at a time: a search or a proxy need not wait for all
                _delete_output(db, row.id, row.project)
        for project in {row.project for row in doomed}:
            with self._file.writing() as db:
                ChunkWords(project).optimize(db)
        return len(doomed)

    def _number(self, project: str) -> int | None:
        with self._file.reading() as db:
            found: int | None = db.execute(sa.select(projects.c.id).where(projects.c.name == project)).scalar()
            return found

    def _embed(self, project: int, embedder: Embedder) -> None:
        """Make the vectors that a project's chunks lack or have of another embedder."""
        from penstock.outputs.vectors import made_vectors

        while True:
            with self._file.reading() as db:
                made = made_vectors(db, project, embedder)
            if not made:
                return
            with self._file.writing() as db:
                change = chunks.update().where(chunks.c.id == sa.bindparam("chunk"))
                db.execute(change.values(embedder=embedder.name, vector=sa.bindparam("made")), made)


def _project(db: sa.Connection, name: str, owner: str) -> int:
    """The number of the project that `owner` means by `name`: one that another account used first stays apart."""
    found = db.execute(sa.select(projects).where(projects.c.name == name)).first()
    if found is None:
        number = _inserted(db.execute(projects.insert().values(name=name, owner=owner)))
        ChunkWords(number).create(db)
        return number
    if owner and not found.owner:
        db.execute(projects.update().where(projects.c.id == found.id).values(owner=owner))
    elif owner and found.owner != owner:
        return _project(db, apart(name, owner), owner)
    return int(found.id)


def _note_again(db: sa.Connection, project: int, digest: str, output: Output) -> bool:
    which = (outputs.c.project == project) & (outputs.c.digest == digest)
    number = db.execute(sa.select(outputs.c.id).where(which)).scalar()
    if number is None:
        return False
    db.execute(outputs.update().where(outputs.c.id == number, outputs.c.at < output.at).values(at=output.at))
    _note_conversation(db, number, output.conversation)
    return True


def _note_conversation(db: sa.Connection, output: int, name: str) -> None:
    driver(db).execute("INSERT OR IGNORE INTO conversations(output, conversation) VALUES (?, ?)", (output, name))


def _delete_output(db: sa.Connection, number: int, project: int) -> None:
    text = db.execute(sa.select(outputs.c.text).where(outputs.c.id == number)).scalar()
    if text is None:
        return  # another process was quicker
    whole = unpacked(text)
    rows = db.execute(sa.select(chunks).where(chunks.c.output == number)).all()
    ChunkWords(project).remove(db, [(row.id, whole[row.first : row.last]) for row in rows])
    db.execute(chunks.delete().where(chunks.c.output == number))
    db.execute(conversations.delete().where(conversations.c.output == number))
    db.execute(outputs.delete().where(outputs.c.id == number))


def _inserted(result: sa.CursorResult[Any]) -> int:
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])
