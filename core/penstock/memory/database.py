"""`MemoryDatabase`: the memory's SQLite file, with remembered items, their passages, vectors, feedback and labels, by
project (SQLAlchemy Core, Alembic). The memory in PostgreSQL is its subclass in `postgres.py`.

It is a file apart from the store's: events are written all the time and pruned by age, memories are kept, edited,
and deleted for good; each file can be moved, damaged or deleted without the other, and an import never blocks the write
of a ledger.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from penstock.base.errors import MemoryDown, StoreError
from penstock.base.sqlite import UnknownRevision, connect, migrate, why
from penstock.memory.items import Item, Kind
from penstock.memory.schema import feedback, forgotten, labels, memories, metadata, passages, projects
from penstock.memory.search.item_table import Row
from penstock.memory.search.word_index import WordIndex
from penstock.store.lock import StoreLock

__all__ = ["Content", "MemoryDatabase"]

BUSY_MS = 5000
"""Milliseconds that a write waits for another. Memory is written in the background: no request waits for it."""
SCRUB_S = 5.0
"""Seconds that a deletion waits for readers because of which the write-ahead log still has the deleted text."""
_FAILURES = (SQLAlchemyError, sqlite3.Error, OSError, ValueError, OverflowError)
_PAGE = 500
# Asked for each project of every write: built once, since building a query takes longer than running it.
_NAMED = projects.select().where(projects.c.name.in_(sa.bindparam("names", expanding=True)))
_WORDS_OF = sa.select(projects.c.id, projects.c.words).where(projects.c.id.in_(sa.bindparam("ids", expanding=True)))
_ADD_PROJECT = projects.insert()


def _with_contents(table: sa.Table, *columns: sa.Column[Any]) -> sa.Select[Any]:
    """Rows of these projects with one of these hashes: by pairs of both, SQLite would not use the index."""
    in_projects = table.c.project.in_(sa.bindparam("projects", expanding=True))
    found = sa.select(table.c.project, table.c.hash, *columns)
    return found.where(in_projects & table.c.hash.in_(sa.bindparam("hashes", expanding=True)))


_IDS_OF = _with_contents(memories, memories.c.id)
_FORGOTTEN = _with_contents(forgotten)
_COUNT = (
    sa.select(sa.func.count()).select_from(passages.join(memories)).where(memories.c.project == sa.bindparam("project"))
)
_ONE_MORE = sa.select(sa.literal(1)).select_from(passages.join(memories)).where(memories.c.project == projects.c.id)
_LARGER = sa.select(projects.c.id).where(
    projects.c.id.in_(sa.bindparam("ids", expanding=True)),
    # Not `exists`, of which a database may think that it needs no more than one row.
    _ONE_MORE.correlate(projects).limit(1).offset(sa.bindparam("count")).scalar_subquery().is_not(None),
)
_TEXT = {"at", "role", "kind", "text", "session", "conversation", "seq", "part", "pinned", "expires_at"}


Content = tuple[int, bytes]
"""An item's content: the id of its project, and the hash of its text."""


class MemoryDatabase:
    """Items by project. Raises `MemoryDown` when the file cannot be read or written, or belongs to another process."""

    is_shared = False
    """Whether other processes may write to it meanwhile."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            # What is deleted is overwritten: it may be what a person wants gone.
            self._engine = connect(path, BUSY_MS, "secure_delete=ON", "cache_size=-16000")
            self._lock = StoreLock(path)
        except (OSError, StoreError) as e:
            raise MemoryDown(f"memory cannot be opened: {e}") from e
        try:
            self._migrate()
            self._inode = path.stat().st_ino
        except UnknownRevision as e:
            self.close()
            raise MemoryDown(f"{path} was written by a newer version ({e})") from e
        except (*_FAILURES, OSError) as e:
            self.close()
            raise MemoryDown(f"{path} cannot be opened: {why(e)}") from e

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction, committed to disk at the end of the block, or rolled back if it raises."""
        self._check_file()
        try:
            with self._engine.begin() as db:
                yield db
        except _FAILURES as e:
            raise MemoryDown(f"{self.path} cannot be written: {why(e)}") from e

    def _check_file(self) -> None:
        """Raises `MemoryDown` if the file was deleted or replaced: SQLite would go on with it, and what is written
        would be gone at the end of the process."""
        try:
            inode = self.path.stat().st_ino
        except OSError:
            inode = 0
        if inode != self._inode:
            raise MemoryDown(f"{self.path} was deleted or replaced while in use: start the proxy and the service again")

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to read with."""
        try:
            with self._engine.connect() as db:
                yield db
        except _FAILURES as e:
            raise MemoryDown(f"{self.path} cannot be read: {why(e)}") from e

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """A connection that sees the file as it is now, whatever is written meanwhile."""
        with self.reading() as db:
            db.exec_driver_sql("BEGIN")  # sqlite3 itself begins no transaction for what only reads
            try:
                yield db
            finally:
                db.rollback()

    def words(self, project: int) -> WordIndex:
        """The word index of a project."""
        return WordIndex(project)

    @property
    def namespace(self) -> str:
        """What tells this memory from others on a vector server: a name or a path."""
        return str(self.path.parent / "vectors")

    def projects(self, db: sa.Connection) -> dict[str, sa.Row[Any]]:
        """Every project by name."""
        return {row.name: row for row in db.execute(projects.select().order_by(projects.c.name))}

    def project(self, db: sa.Connection, name: str) -> sa.Row[Any] | None:
        """One project, if anything was remembered for it."""
        return self.projects_named(db, [name]).get(name)

    def projects_named(self, db: sa.Connection, names: Sequence[str]) -> dict[str, sa.Row[Any]]:
        """Those of these projects for which anything was remembered, by name."""
        rows = {row.name: row for page in _pages(names) for row in db.execute(_NAMED, {"names": page})}
        return {name: rows[stored] for name in names if (stored := self._stored(name)) in rows}

    def _stored(self, name: str) -> str:
        """A project's name as the database has it."""
        return name

    def words_of(self, db: sa.Connection, ids: Sequence[int]) -> dict[int, str]:
        """What the words of these projects were made with."""
        return {int(row.id): row.words for page in _pages(ids) for row in db.execute(_WORDS_OF, {"ids": page})}

    def add_project(self, db: sa.Connection, name: str, words: str, embedder: str, owner: str) -> int:
        """A new project, of the account `owner` if it is not empty."""
        done = db.execute(_ADD_PROJECT, {"name": name, "words": words, "embedder": embedder, "owner": owner})
        return int((done.inserted_primary_key or (0,))[0])

    def set_owner(self, db: sa.Connection, project: int, owner: str) -> None:
        """Set the owner of a project that has none."""
        db.execute(projects.update().where((projects.c.id == project) & (projects.c.owner == "")).values(owner=owner))

    def set_shared(self, db: sa.Connection, name: str, shared: bool) -> bool:
        """Let other accounts use a project, or no longer. False: there is none of that name."""
        return db.execute(projects.update().where(projects.c.name == name).values(shared=shared)).rowcount > 0

    def set_made_with(self, db: sa.Connection, project: int, **made: str) -> None:
        """Note what the indexes of a project were made with: `words`, `embedder`."""
        db.execute(projects.update().where(projects.c.id == project).values(**made))

    def ids_of(self, db: sa.Connection, contents: Collection[Content]) -> dict[Content, int]:
        """The ids of the items with one of these contents."""
        return {(row.project, row.hash): row.id for row in _having(db, _IDS_OF, contents)}

    def forgotten(self, db: sa.Connection, contents: Collection[Content]) -> set[Content]:
        """The given contents whose items a person deleted."""
        return {(row.project, row.hash) for row in _having(db, _FORGOTTEN, contents)}

    def set_forgotten(self, db: sa.Connection, project: int, hashes: Sequence[bytes], *, stays: bool) -> None:
        """Mark content hashes as forgotten (`stays`), or allow them again."""
        for page in _pages(sorted(set(hashes))):
            db.execute(forgotten.delete().where((forgotten.c.project == project) & forgotten.c.hash.in_(page)))
            if stays:
                db.execute(forgotten.insert(), [{"project": project, "hash": one} for one in page])

    def items(self, db: sa.Connection, project: int, name: str, ids: Sequence[int]) -> dict[int, Item]:
        """Items of this project by id; ids of other projects are ignored."""
        out: dict[int, Item] = {}
        for page in _pages(ids):
            rows = db.execute(memories.select().where((memories.c.project == project) & memories.c.id.in_(page)))
            out |= {row.id: _item(row, name) for row in rows}
        return out

    def listed(self, db: sa.Connection, project: int, name: str, *, before: int, limit: int) -> list[Item]:
        """Items with a number below `before`, the newest first."""
        found = memories.select().where((memories.c.project == project) & (memories.c.id < before))
        return [_item(row, name) for row in db.execute(found.order_by(memories.c.id.desc()).limit(limit))]

    def rows(self, db: sa.Connection, project: int, above: int) -> list[Row]:
        """The columns that ranking needs, of the items with an id above `above`."""
        c = memories.c
        found = sa.select(
            c.id, c.session, c.seq, c.part, c.role, c.at, c.traits, c.helpful, c.wrong, c.pinned, c.expires_at
        )
        mine = (c.project == project) & (c.id > above)
        rows = db.execute(found.where(mine).order_by(c.id)).all()
        voices = self._voices(db, mine) if rows else {}
        return [Row(r[0], *r[1:7], r[7] - 2.0 * r[8] + r[9] + voices.get(r[0], 0.0), r[10]) for r in rows]

    def _voices(self, db: sa.Connection, which: sa.ColumnElement[bool]) -> dict[int, float]:
        """The feedback on items as a number of marks: `wrong` counts like a person's mark, `outdated` and `duplicate`
        half as much."""
        f = feedback.c
        against = sa.case((f.kind == "wrong", -2.0), else_=-1.0) * sa.func.abs(f.value)
        worth = sa.func.sum(sa.case((f.kind == "helpful", f.value), else_=against))
        found = sa.select(f.memory, worth).join(memories, memories.c.id == f.memory).where(which).group_by(f.memory)
        return {row[0]: float(row[1]) for row in db.execute(found)}

    def passage_rows(self, db: sa.Connection, project: int, above: int) -> list[tuple[int, int]]:
        """Passages of the items with a number above `above`: number, number of the item."""
        found = sa.select(passages.c.id, passages.c.memory).join(memories)
        found = found.where((memories.c.project == project) & (memories.c.id > above))
        return [(row[0], row[1]) for row in db.execute(found.order_by(passages.c.id))]

    def vectors(self, db: sa.Connection, embedder: str, ids: Iterable[int]) -> dict[int, bytes]:
        """The vectors of passages, as they were stored."""
        listed = ",".join(str(int(n)) for n in ids)
        if not listed:
            return {}
        sql = f"SELECT id, vector FROM passages WHERE id IN ({listed}) AND embedder = :embedder AND vector IS NOT NULL"
        # All at once: SQLAlchemy fetches rows that are iterated over one by one.
        return {row[0]: row[1] for row in db.execute(sa.text(sql), {"embedder": embedder}).all()}

    def passages_of(
        self,
        db: sa.Connection,
        project: int,
        *,
        above: int = 0,
        which: sa.ColumnElement[bool] | None = None,
        limit: int,
    ) -> list[sa.Row[Any]]:
        """Passages in the order of their numbers: id, memory, text, embedder, vector."""
        p, m = passages.c, memories.c
        first, length = (sa.cast(number, sa.Integer) for number in (p.first + 1, p.last - p.first))
        text = sa.func.substr(m.text, first, length).label("text")
        found = sa.select(p.id, p.memory, text, p.embedder, p.vector).join(memories)
        found = found.where((m.project == project) & (p.id > above))
        if which is not None:
            found = found.where(which)
        return list(db.execute(found.order_by(p.id).limit(limit)))

    def count_passages(self, db: sa.Connection, project: int, which: sa.ColumnElement[bool] | None = None) -> int:
        """How many passages a project has, or those that meet the condition `which`."""
        found = _COUNT if which is None else _COUNT.where(which)
        return int(db.execute(found, {"project": project}).scalar() or 0)

    def larger(self, db: sa.Connection, ids: Sequence[int], than: int) -> set[int]:
        """Those of these projects that have more passages than `than`. No more of them are counted."""
        pages = _pages(ids)
        return {int(one) for page in pages for one in db.scalars(_LARGER, {"ids": page, "count": than})}

    def texts(self, db: sa.Connection, project: int) -> list[tuple[int, str]]:
        """Every item's number and text."""
        found = sa.select(memories.c.id, memories.c.text).where(memories.c.project == project)
        return [(row[0], row[1]) for row in db.execute(found)]

    def set_vectors(self, db: sa.Connection, embedder: str, vectors: Sequence[tuple[int, bytes]]) -> None:
        """Give passages new vectors."""
        values = [{"number": n, "new": v, "embedder": embedder, "indexed": False} for n, v in vectors]
        changed = passages.update().where(passages.c.id == sa.bindparam("number"))
        if values:
            db.execute(changed.values(vector=sa.bindparam("new")), values)
            self.touch(db, sa.select(passages.c.memory).where(passages.c.id.in_([number for number, _ in vectors])))

    def set_indexed(self, db: sa.Connection, ids: Sequence[int]) -> None:
        """Note that Chroma has these passages."""
        for page in _pages(ids):
            db.execute(passages.update().where(passages.c.id.in_(page)).values(indexed=True))

    def unset_indexed(self, db: sa.Connection, project: int) -> None:
        """Note that Chroma holds no vectors of a project."""
        mine = sa.select(memories.c.id).where(memories.c.project == project)
        db.execute(passages.update().where(passages.c.memory.in_(mine)).values(indexed=False))

    def change(self, db: sa.Connection, project: int, ids: Sequence[int], values: dict[str, Any]) -> int:
        """Set columns of items. Returns how many there were."""
        done = 0
        for page in _pages(ids):
            which = (memories.c.project == project) & memories.c.id.in_(page)
            done += db.execute(memories.update().where(which).values(values)).rowcount
            self.touch(db, page)
        return done

    def touch(self, db: sa.Connection, items: Sequence[int] | sa.Select[Any]) -> None:
        """Note that what is cached of these items is out of date, in every process."""
        of = sa.select(memories.c.project).where(memories.c.id.in_(items))
        db.execute(projects.update().where(projects.c.id.in_(of)).values(revision=projects.c.revision + 1))

    def expired(self, db: sa.Connection, now: float) -> list[tuple[str, int]]:
        """Expired items that are not pinned, as project name and id."""
        found = sa.select(projects.c.name, memories.c.id).join(projects, projects.c.id == memories.c.project)
        rows = db.execute(found.where((memories.c.expires_at <= now) & memories.c.pinned.is_(False)))
        return [(row[0], row[1]) for row in rows]

    def delete(self, db: sa.Connection, ids: Sequence[int]) -> None:
        """Delete items with their passages."""
        for page in _pages(ids):
            self.touch(db, page)
            db.execute(passages.delete().where(passages.c.memory.in_(page)))
            db.execute(feedback.delete().where(feedback.c.memory.in_(page)))
            db.execute(memories.delete().where(memories.c.id.in_(page)))
        here = (memories.c.project == labels.c.project) & (memories.c.session == labels.c.session)
        db.execute(labels.delete().where(~sa.exists().where(here)))

    def delete_project(self, db: sa.Connection, project: int) -> None:
        """Delete a project with its items."""
        mine = sa.select(memories.c.id).where(memories.c.project == project)
        db.execute(passages.delete().where(passages.c.memory.in_(mine)))
        db.execute(feedback.delete().where(feedback.c.memory.in_(mine)))
        db.execute(memories.delete().where(memories.c.project == project))
        db.execute(labels.delete().where(labels.c.project == project))
        db.execute(forgotten.delete().where(forgotten.c.project == project))
        db.execute(projects.delete().where(projects.c.id == project))

    def scrub(self) -> None:
        """Remove deleted texts from the free pages of the file, and empty the write-ahead log."""
        try:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
                db.exec_driver_sql("VACUUM")
                deadline = time.monotonic() + SCRUB_S
                # Someone who reads keeps the old pages: the pragma says so by its first column, and waits for nobody.
                while db.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").scalar():
                    if time.monotonic() > deadline:
                        raise MemoryDown(f"{self.path} is being read: what was deleted stays in it until that ends")
                    time.sleep(0.02)
        except _FAILURES as e:
            raise MemoryDown(f"{self.path} cannot be cleaned: {why(e)}") from e

    def close(self) -> None:
        """Close the file."""
        self._engine.dispose()
        self._lock.release()

    def _migrate(self) -> None:
        with self._engine.connect() as db:
            migrate(db, Path(__file__).parent / "migrations", metadata)


def _having(db: sa.Connection, found: sa.Select[Any], contents: Collection[Content]) -> Iterator[sa.Row[Any]]:
    """The rows with one of these contents."""
    wanted = set(contents)
    for page in _pages(sorted(wanted)):
        numbers, hashes = zip(*page, strict=True)
        rows = db.execute(found, {"projects": set(numbers), "hashes": hashes})
        yield from (row for row in rows if (row.project, row.hash) in wanted)


def _pages(all_of: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for i in range(0, len(all_of), _PAGE):
        yield all_of[i : i + _PAGE]


def _item(row: sa.Row[Any], project: str) -> Item:
    tags = row.tags if isinstance(row.tags, list) else json.loads(row.tags or "[]")
    values = {name: row._mapping[name] for name in _TEXT - {"kind"}}
    return Item(
        project=project,
        kind=Kind(row.kind),
        tags=tuple(tags),
        helpful=row.helpful,
        wrong=row.wrong,
        id=row.id,
        **values,
    )
