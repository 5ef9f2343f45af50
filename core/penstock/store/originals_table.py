"""SQL queries on the table of originals: `keep` by content, `find` by handle, select what is `past` its age or size
limit. Called by the stores in SQL databases, in their transaction."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import sqlalchemy as sa

from penstock.base.upsert import upsert
from penstock.store.originals import Original, RetentionPolicy, packed, unpacked
from penstock.store.schema import originals

__all__ = ["find", "keep", "past"]

_ABOUT = ("conversation", "stage", "op", "reason", "at")
"""The columns that are updated each time that an original is removed."""

_AGAIN = originals.update().where(originals.c.digest == sa.bindparam("known"))
_KNOWN = sa.select(originals.c.digest).where(originals.c.digest.in_(sa.bindparam("digests", expanding=True)))
# Made once: to make a statement takes longer than to run it, and a request waits.


def keep(db: sa.Connection, taken: Iterable[Original]) -> None:
    """Store the originals `taken`. For known ones only when and why they were removed is updated."""
    # In one order, so that two transactions with the same texts wait for each other in turn.
    rows = dict(sorted({original.digest: original for original in taken}.items()))
    if not rows:
        return
    known = set(db.scalars(_KNOWN, {"digests": list(rows)}))
    # All packing is done before the first row is written: from then on every other writer waits.
    new = [_about(o) | _text(o.text) | {"digest": digest} for digest, o in rows.items() if digest not in known]
    again = [_about(o) | {"known": digest} for digest, o in rows.items() if digest in known]
    if new:
        db.execute(_keep(db.dialect.name), new)
    if again:
        db.execute(_AGAIN, again)


@cache
def _keep(dialect: str) -> sa.Insert:
    """Another process may have stored the same text meanwhile."""
    return upsert(dialect, originals, ["digest"], _ABOUT)


def find(db: sa.Connection, handle: str, limit: int) -> list[Original]:
    """The originals whose digest begins with `handle`, the newest first."""
    found = sa.select(originals).order_by(originals.c.at.desc(), originals.c.digest).limit(limit)
    if handle:  # a range, not LIKE, for which SQLite would read the whole table
        found = found.where((originals.c.digest >= handle) & (originals.c.digest < handle + "g"))
    return [
        Original(r.digest, unpacked(r.text), r.conversation, r.stage, r.op, r.reason, r.at) for r in db.execute(found)
    ]


def past(keep: RetentionPolicy) -> sa.ColumnElement[bool]:
    """The condition of the rows that are beyond the limits of `keep`."""
    old = originals.c.at < keep.since
    if keep.size is None:
        return old
    newest_first = (originals.c.at.desc(), originals.c.digest)
    upto = sa.func.sum(originals.c.bytes).over(order_by=newest_first, rows=(None, 0)).label("upto")
    sums = sa.select(originals.c.digest, upto).subquery()
    return old | originals.c.digest.in_(sa.select(sums.c.digest).where(sums.c.upto > keep.size))


def _about(o: Original) -> dict[str, Any]:
    return {
        "conversation": o.conversation,
        "stage": o.stage[:80],
        "op": o.op,
        "reason": o.reason[:400],
        "at": o.at,
    }


def _text(text: str) -> dict[str, Any]:
    data = packed(text)
    return {"text": data, "size": len(text), "bytes": len(data)}
