"""`memory_lines`: reads the memory from its database as the lines of an export: projects, sessions' names, what was
forgotten, items. The owner of a file may be another process, and is not asked. Raises `MemoryDown` if it cannot be
read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from penstock.base import sqlite
from penstock.base.errors import MemoryDown
from penstock.memory.database_opening import open_database
from penstock.memory.schema import feedback, forgotten, labels, memories, projects

__all__ = ["memory_lines"]

_PAGE = 200
_BUSY_MS = 5_000
_PLAIN = ("session", "conversation", "seq", "part", "at", "role", "kind", "text", "tags", "pinned", "expires_at")
_ITEM = (*_PLAIN, "helpful", "wrong")
_Line = tuple[str, dict[str, Any]]


def memory_lines(file: Path, owner_key: str, url: str = "") -> Iterator[_Line]:
    """Kind and content of each line: projects with the names of their sessions and what was forgotten of them, then
    items by the order in which they were remembered. Read from the file itself, whose owner may be another process and
    need not be asked for each, or from the PostgreSQL database at `url`. All is of one state. `owner_key`: the id of
    the key by which owners are hashed. Raises `MemoryDown`."""
    if not url and not file.exists():
        return
    with _in_postgres(file, url) if url else _in_file(file) as db:
        for row in db.execute(projects.select().order_by(projects.c.id)).all():
            about = {"owner": row.owner, "owner_key": owner_key if row.owner else "", "shared": row.shared}
            yield "project", {"name": row.name, **about}
            yield from _labels(db, row)
            yield from _forgotten(db, row)
        yield from _items(db)


@contextmanager
def _in_postgres(file: Path, url: str) -> Iterator[sa.Connection]:
    with closing(open_database(file, url)) as database, database.snapshot() as db:
        yield db


@contextmanager
def _in_file(file: Path) -> Iterator[sa.Connection]:
    try:
        engine = sqlite.connect(file, _BUSY_MS)
        try:
            with engine.connect() as db:
                db.exec_driver_sql("BEGIN")  # all pages see one state of the file
                yield db
        finally:
            engine.dispose()
    except SQLAlchemyError as e:
        raise MemoryDown(f"{file} cannot be read: {sqlite.why(e)}") from e


def _labels(db: sa.Connection, project: sa.Row[Any]) -> Iterator[_Line]:
    mine = labels.select().where(labels.c.project == project.id).order_by(labels.c.session)
    for row in db.execute(mine):
        yield "label", {"project": project.name, "session": row.session, "label": row.label}


def _forgotten(db: sa.Connection, project: sa.Row[Any]) -> Iterator[_Line]:
    mine = sa.select(forgotten.c.hash).where(forgotten.c.project == project.id).order_by(forgotten.c.hash)
    for page in db.scalars(mine).partitions(_PAGE):
        yield "forgotten", {"project": project.name, "hashes": [one.hex() for one in page]}


def _items(db: sa.Connection) -> Iterator[_Line]:
    m, after = memories.c, 0
    columns = [m[name] for name in _ITEM]
    while True:
        page = sa.select(m.id, projects.c.name.label("project"), *columns).join(projects)
        rows = db.execute(page.where(m.id > after).order_by(m.id).limit(_PAGE)).all()
        voices = _voices(db, [row.id for row in rows])
        for row in rows:
            item = {"project": row.project, **{name: row._mapping[name] for name in _ITEM}}
            yield "item", item | ({"feedback": voices[row.id]} if row.id in voices else {})
        if len(rows) < _PAGE:
            return
        after = rows[-1].id


def _voices(db: sa.Connection, items: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """What callers say of these items, the newest first."""
    f, found = feedback.c, dict[int, list[dict[str, Any]]]()
    for row in db.execute(feedback.select().where(f.memory.in_(items)).order_by(f.at.desc(), f.by)):
        said = {"feedback_type": row.kind, "value": row.value, "comment": row.comment, "by": row.by, "at": row.at}
        found.setdefault(row.memory, []).append(said)
    return found
