"""Writes exports: contexts of a workspace, the memory, or both."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from penstock.base import paths, sqlite
from penstock.base.errors import MemoryDown
from penstock.base.version import VERSION
from penstock.contexts.contexts import Contexts
from penstock.contexts.exporting import WholeContext, whole_contexts
from penstock.memory.schema import memories, projects
from penstock.transfer.lines import FORMAT, Counts, ExportWhat

__all__ = ["export"]

_PAGE = 200
_BUSY_MS = 5_000
_PLAIN = ("session", "conversation", "seq", "part", "at", "role", "kind", "text", "tags", "pinned", "expires_at")
_ITEM = (*_PLAIN, "helpful", "wrong")


def export(
    out: BinaryIO,
    contexts: Contexts,
    store: Path,
    workspace: str,
    what: ExportWhat,
    progress: Callable[[int], None] = lambda _: None,
) -> Counts:
    """Write the lines that `penstock.transfer.lines` describes, and say how many there were. `store`: the file of the
    proxy's events, beside which the memory is. `progress` is called with the number of lines now and then. Contexts are
    of one state, and so are items; never are all in memory. Raises `StoreError`, `MemoryDown` and `OSError`."""
    counts = Counts()
    first = {"penstock_export": FORMAT, "version": VERSION, "at": contexts.clock.now(), "workspace": workspace}
    _write(out, first | {"what": what})
    if what != "memory":
        for context in whole_contexts(contexts, workspace):
            _write_context(out, context, counts)
            progress(counts.contexts + counts.versions)
    if what != "contexts":
        for item in _items(paths.memory_dir(store) / "memory.db"):
            _write(out, {"item": item})
            counts.items += 1
            progress(counts.contexts + counts.versions + counts.items)
    _write(out, {"end": counts.model_dump()})
    return counts


def _write_context(out: BinaryIO, context: WholeContext | str, counts: Counts) -> None:
    if isinstance(context, str):
        counts.left_out += 1
        return
    head = context.head
    times = {"created_at": head.created_at, "updated_at": head.updated_at, "expires_at": head.expires_at}
    marks = {"key": head.key, "tags": list(head.tags), "session": head.session, "agent": head.agent, "by": head.by}
    _write(out, {"context": {**marks, **times, "versions": context.count}})
    counts.contexts += 1
    for one in context.versions:
        line = {"version": one.line.version, "at": one.line.at, "by": one.line.by, "change": one.line.change}
        _write(out, {"version": {**line, "data": one.data}})
        counts.versions += 1


def _items(file: Path) -> Iterator[dict[str, Any]]:
    """The items of a memory, by the order in which they were remembered. Read from the file itself: its owner may be
    another process, and need not be asked for each."""
    if not file.exists():
        return
    m = memories.c
    columns = [m[name] for name in _ITEM]
    try:
        engine = sqlite.connect(file, _BUSY_MS)
        try:
            with engine.connect() as db:
                db.exec_driver_sql("BEGIN")  # all pages see one state of the file
                after = 0
                while True:
                    page = sa.select(m.id, projects.c.name.label("project"), *columns).join(projects)
                    rows = db.execute(page.where(m.id > after).order_by(m.id).limit(_PAGE)).all()
                    for row in rows:
                        yield {"project": row.project, **{name: row._mapping[name] for name in _ITEM}}
                    if len(rows) < _PAGE:
                        return
                    after = rows[-1].id
        finally:
            engine.dispose()
    except SQLAlchemyError as e:
        raise MemoryDown(f"{file} cannot be read: {sqlite.why(e)}") from e


def _write(out: BinaryIO, line: dict[str, Any]) -> None:
    out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode())
    out.write(b"\n")
