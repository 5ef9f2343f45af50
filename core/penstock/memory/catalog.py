"""`Catalog`: looks up items, sessions (`ThreadCounts`) and projects (`Counted`) in the memory's database, with their
numbers, and stores the labels of sessions. Raises `MemoryDown`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from penstock.memory.database import MemoryDatabase
from penstock.memory.items import Item
from penstock.memory.schema import labels, memories, passages, projects
from penstock.memory.search import search
from penstock.memory.selection import Selection

__all__ = ["Catalog", "Counted", "ThreadCounts"]

_HASH_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Counted:
    """The sizes, owner and embedder of one project."""

    name: str
    items: int
    sessions: int
    passages: int
    unindexed: int
    """Passages without a vector in the index. Of a project that does without it: passages without any vector."""
    newest: float | None
    """When the newest item was said."""
    embedder: str
    """The embedder that made the project's vectors."""
    owner: str
    """The owner's account, as a digest. Empty: no account has used the project yet."""
    shared: bool
    """Other accounts may use it as well."""


@dataclass(frozen=True, slots=True)
class ThreadCounts:
    """The number of items of one session, and its times."""

    session: str
    items: int
    first_at: float | None
    """When its first item was said, in seconds since 1970. None: not known."""
    last_at: float | None
    last_id: int
    """The number of the item that was added last."""


class Catalog:
    """Looks up projects, sessions and items in the memory's database, and stores the labels of sessions. Raises
    `MemoryDown`."""

    def __init__(self, database: MemoryDatabase, *, is_indexed: bool = True) -> None:
        """`is_indexed`: there is a vector index."""
        self._database, self._is_indexed = database, is_indexed

    def find(self, project: str, handle: str, limit: int = 10) -> list[Item]:
        """Items of a project whose hash begins with `handle`: digits 0-9 and a-f, lower case."""
        low, high = (bytes.fromhex(handle.ljust(_HASH_DIGITS, end)) for end in "0f")
        with self._database.reading() as db:
            number = self._number(db, project)
            ids = sa.select(memories.c.id).where((memories.c.project == number) & memories.c.hash.between(low, high))
            return self._items(db, number, project, list(db.scalars(ids.order_by(memories.c.hash).limit(limit))))

    def is_forgotten(self, item: Item) -> bool:
        """Whether a person deleted an item of this content, and it has not been added again since."""
        with self._database.reading() as db:
            return bool(self._database.forgotten(db, [(self._number(db, item.project), item.hash)]))

    def session(self, project: str, session: str) -> list[Item]:
        """All items of a session, in order."""
        with self._database.reading() as db:
            number = self._number(db, project)
            return self._items(db, number, project, self._in_order(db, number, session))

    def around(self, item: Item, each: int) -> list[Item]:
        """An item with up to `each` others of its session before and behind it, in order. Without a session: alone."""
        if not item.session:
            return [item]
        with self._database.reading() as db:
            number = self._number(db, item.project)
            ids = self._in_order(db, number, item.session)
            if item.id not in ids:
                return [item]
            at = ids.index(item.id)
            return self._items(db, number, item.project, ids[max(0, at - each) : at + each + 1])

    def newest(self, projects_of: Sequence[str], session: str = "", limit: int = 20, skip: int = 0) -> list[Item]:
        """Items by the time they were said, the newest first; items without a time come last. The first `skip` are left
        out."""
        m = memories.c
        with self._database.reading() as db:
            numbers = {self._number(db, name): name for name in projects_of}
            which = m.project.in_(numbers) & (m.session == session if session else sa.true())
            order = (sa.func.coalesce(m.at, 0).desc(), m.seq.desc(), m.part.desc(), m.id.desc())
            found = db.execute(sa.select(m.id, m.project).where(which).order_by(*order).limit(limit).offset(skip)).all()
            items: dict[int, Item] = {}
            for number, name in numbers.items():
                mine = [row[0] for row in found if row[1] == number]
                items |= self._database.items(db, number, name, mine)
            return [items[row[0]] for row in found]

    def selected(self, project: str, which: Selection) -> list[int]:
        """The ids of a project's selected items, ascending."""
        with self._database.reading() as db:
            mine = memories.c.project == self._number(db, project)
            found = sa.select(memories.c.id).where(mine & which.clause())
            return list(db.scalars(found.order_by(memories.c.id)))

    def page(self, project: str, which: Selection, limit: int, before: int | None = None) -> list[Item]:
        """Selected items, those added last first. `before`: the last id of the page before."""
        m = memories.c
        with self._database.reading() as db:
            number = self._number(db, project)
            wanted = (m.project == number) & which.clause() & (sa.true() if before is None else m.id < before)
            ids = db.scalars(sa.select(m.id).where(wanted).order_by(m.id.desc()).limit(limit))
            return self._items(db, number, project, list(ids))

    def tagged(self, project: str, tag: str, limit: int) -> list[Item]:
        """Items with a tag, in upper or lower case, those added last first."""
        m = memories.c
        like = sa.cast(m.tags, sa.Text).icontains(json.dumps(tag), autoescape=True)
        with self._database.reading() as db:
            number = self._number(db, project)
            found = sa.select(m.id).where((m.project == number) & like).order_by(m.id.desc()).limit(limit)
            return self._items(db, number, project, list(db.scalars(found)))

    def tags(self, project: str) -> list[tuple[str, int]]:
        """A project's tags with how many items have each, those of most items first."""
        with self._database.reading() as db:
            mine = memories.c.project == self._number(db, project)
            counted = Counter(tag for tags in db.scalars(sa.select(memories.c.tags).where(mine)) for tag in tags)
        return sorted(counted.items(), key=lambda one: (-one[1], one[0]))

    def last_seq(self, project: str, session: str) -> int:
        """The `seq` of the last item of a session; -1 if it has none."""
        with self._database.reading() as db:
            mine = (memories.c.project == self._number(db, project)) & (memories.c.session == session)
            found = db.scalar(sa.select(sa.func.max(memories.c.seq)).where(mine))
            return -1 if found is None else int(found)

    def counts(self) -> list[Counted]:
        """The numbers of every project, by name."""
        m, lacks = memories.c, passages.c.indexed.is_(False)
        waiting, bare = (sa.func.sum(sa.case((one, 1), else_=0)) for one in (lacks, passages.c.vector.is_(None)))
        unindexed = sa.case((sa.func.count() > search.EXACT, waiting), else_=bare) if self._is_indexed else bare
        with self._database.reading() as db:
            found = sa.select(m.project, sa.func.count(), sa.func.count(m.session.distinct()), sa.func.max(m.at))
            items = {row[0]: row for row in db.execute(found.group_by(m.project))}
            found = sa.select(m.project, sa.func.count(), unindexed).select_from(passages.join(memories))
            parts = {row[0]: row for row in db.execute(found.group_by(m.project))}
            return [
                Counted(
                    name,
                    *_two(items.get(row.id)),
                    *_two(parts.get(row.id)),
                    _newest(items, row),
                    row.embedder,
                    row.owner,
                    row.shared,
                )
                for name, row in self._database.projects(db).items()
            ]

    def labels(self, project: str) -> dict[str, str]:
        """The labels of a project's sessions, by session."""
        with self._database.reading() as db:
            mine = labels.c.project == self._number(db, project)
            return {row.session: row.label for row in db.execute(labels.select().where(mine))}

    def label(self, project: str, session: str, label: str) -> None:
        """Set the label of a session; an empty one removes it."""
        with self._database.writing() as db:
            number = self._number(db, project)
            db.execute(labels.delete().where((labels.c.project == number) & (labels.c.session == session)))
            if label:
                db.execute(labels.insert().values(project=number, session=session, label=label[:200]))

    def sessions(self, project: str) -> dict[str, int]:
        """How many items each session of a project has."""
        with self._database.reading() as db:
            mine = memories.c.project == self._number(db, project)
            found = sa.select(memories.c.session, sa.func.count()).where(mine).group_by(memories.c.session)
            return {row[0]: row[1] for row in db.execute(found)}

    def threads(
        self, project: str, limit: int, before: int | None = None, session: str | None = None
    ) -> list[ThreadCounts]:
        """Sessions with a name, those with the newest items first. `before`: the `last_id` of the session before.
        `session`: only this one."""
        m = memories.c
        last = sa.func.max(m.id)
        found = sa.select(m.session, sa.func.count(), sa.func.min(m.at), sa.func.max(m.at), last).group_by(m.session)
        if before is not None:
            found = found.having(last < before)
        with self._database.reading() as db:
            wanted = (m.project == self._number(db, project)) & (m.session != "")
            if session is not None:
                wanted &= m.session == session
            return [ThreadCounts(*row) for row in db.execute(found.where(wanted).order_by(last.desc()).limit(limit))]

    def _number(self, db: sa.Connection, project: str) -> int:
        found = db.scalar(sa.select(projects.c.id).where(projects.c.name == project))
        return -1 if found is None else int(found)

    def _in_order(self, db: sa.Connection, project: int, session: str) -> list[int]:
        m = memories.c
        found = sa.select(m.id).where((m.project == project) & (m.session == session))
        return list(db.scalars(found.order_by(m.seq, m.part, m.id)))

    def _items(self, db: sa.Connection, project: int, name: str, ids: list[int]) -> list[Item]:
        found = self._database.items(db, project, name, ids)
        return [found[number] for number in ids if number in found]


def _two(row: sa.Row[*tuple[Any, ...]] | None) -> tuple[int, int]:
    return (0, 0) if row is None else (int(row[1]), int(row[2] or 0))


def _newest(items: dict[int, sa.Row[*tuple[Any, ...]]], project: sa.Row[Any]) -> float | None:
    row = items.get(project.id)
    return None if row is None else row[3]
