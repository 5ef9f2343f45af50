"""`delete`: deletes conversations from the store's SQL tables, with all that belongs to them alone; `weigh`: counts it
beforehand."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from penstock.events.kinds import EventKind, stored_names
from penstock.store.base import Deletion, DeletionCounts
from penstock.store.schema import conversations, edits, events, facts, originals

__all__ = ["delete", "weigh"]

ROWS = 500
"""Values in one statement."""
HANDLE = 8


def weigh(db: sa.Connection, doomed: Deletion) -> DeletionCounts:
    """What `delete` would delete."""
    return DeletionCounts(
        events=_count(db, events.c.exchange, doomed.exchanges) + _count(db, events.c.seq, doomed.events),
        edits=_count(db, edits.c.conversation, doomed.conversations),
        originals=sum(heir is None for heir in _heirs(db, doomed).values()),
        tips=_count(db, conversations.c.id, doomed.conversations),
        facts=sum(_count(db, facts.c.key, keys, facts.c.kind == kind) for kind, keys in _by_kind(doomed).items()),
    )


def delete(db: sa.Connection, doomed: Deletion) -> DeletionCounts:
    """Delete them, within the transaction of `db`, and count the rows."""
    gone, heirs = weigh(db, doomed), _heirs(db, doomed)
    _delete(db, events.c.exchange, doomed.exchanges)
    _delete(db, events.c.seq, doomed.events)
    _delete(db, edits.c.conversation, doomed.conversations)
    _delete(db, conversations.c.id, doomed.conversations)
    _delete(db, originals.c.digest, {digest for digest, heir in heirs.items() if heir is None})
    for digest, heir in heirs.items():
        if heir is not None:
            db.execute(originals.update().where(originals.c.digest == digest).values(conversation=heir))
    for kind, keys in _by_kind(doomed).items():
        _delete(db, facts.c.key, keys, facts.c.kind == kind)
    return gone


def _heirs(db: sa.Connection, doomed: Deletion) -> dict[str, str | None]:
    """The originals of the deleted conversations, by digest, with the conversation that has them next. None: no other,
    they are deleted too."""
    found = sa.select(originals.c.digest)
    mine = {
        row.digest for some in _pieces(doomed.conversations) for row in _rows(db, found, originals.c.conversation, some)
    }
    used = sa.select(edits.c.original, edits.c.conversation).distinct()
    heirs: dict[str, str | None] = dict.fromkeys(mine)
    for some in _pieces(mine):
        for row in _rows(db, used, edits.c.original, some):
            if row.conversation not in doomed.conversations:
                heirs[row.original] = row.conversation
    if None in heirs.values():
        handles = _handles(db, doomed)
        heirs |= {digest: "" for digest, heir in heirs.items() if heir is None and digest[:HANDLE] in handles}
    return heirs


def _handles(db: sa.Connection, doomed: Deletion) -> set[str]:
    """Handles of histories that clients have summarised in other exchanges, which are stored without an edit."""
    archived = stored_names([EventKind.HISTORY_ARCHIVED])
    found = sa.select(events.c.exchange, events.c.payload).where(events.c.kind.in_(archived))
    kept = [row.payload for row in db.execute(found) if row.exchange not in doomed.exchanges]
    return {str(payload.get("handle", "")) for payload in kept if isinstance(payload, dict)}


def _by_kind(doomed: Deletion) -> dict[str, set[str]]:
    out: dict[str, set[str]] = {}
    for kind, key in doomed.facts:
        out.setdefault(kind, set()).add(key)
    return out


def _count(
    db: sa.Connection, column: sa.Column[Any], values: Collection[Any], which: sa.ColumnElement[bool] | None = None
) -> int:
    found = sa.select(sa.func.count()).select_from(column.table)
    found = found if which is None else found.where(which)
    return sum(int(db.execute(found.where(column.in_(some))).scalar() or 0) for some in _pieces(values))


def _delete(
    db: sa.Connection, column: sa.Column[Any], values: Collection[Any], which: sa.ColumnElement[bool] | None = None
) -> None:
    doomed = sa.delete(column.table)
    doomed = doomed if which is None else doomed.where(which)
    for some in _pieces(values):
        db.execute(doomed.where(column.in_(some)))


def _rows(
    db: sa.Connection, found: sa.Select[Any], column: sa.Column[Any], values: Collection[Any]
) -> sa.CursorResult[Any]:
    return db.execute(found.where(column.in_(values)))


def _pieces(values: Collection[Any]) -> Iterator[list[Any]]:
    """`values` in lists that one SQL statement can take."""
    every = sorted(values)
    for i in range(0, len(every), ROWS):
        yield every[i : i + ROWS]
