"""Finds the row of a context, and says what is wrong where there is none that can be read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from rapidfuzz import fuzz, process

from penstock.base.format import rfc3339
from penstock.contexts.errors import ContextError, Expired, NoContext
from penstock.contexts.keys import check_key
from penstock.contexts.records import ContextHead, ContextValue
from penstock.contexts.schema import context_versions, contexts
from penstock.contexts.values import decode

__all__ = ["Row", "find", "head_of", "look_up", "no_version", "read"]

Row = sa.Row[Any]
_NEAR = 500
"""Keys among which a similar one is looked for, for an error's hint."""


def look_up(db: sa.Connection, workspace: str, key: str) -> Row | None:
    """The row of a context, also of one that was deleted or is past its end. Raises `InvalidContext`."""
    check_key(key)
    one = (contexts.c.workspace == workspace) & (contexts.c.key == key)
    return db.execute(contexts.select().where(one)).first()


def find(db: sa.Connection, workspace: str, key: str, now: float) -> Row:
    """The row of a context that can be read. Raises `NoContext`, `Expired`, `InvalidContext`."""
    row = look_up(db, workspace, key)
    if row is None:
        near = _similar(db, workspace, key)
        hint = f"; near: {near}" if near else ""
        raise NoContext(f"there is no context {key} in workspace {workspace}{hint}", "key")
    if row.deleted_at is not None:
        raise Expired(f"context {key} was deleted; within 30 days `undelete` brings it back", "key")
    if row.expires_at is not None and row.expires_at <= now:
        raise Expired(f"context {key} ended at {rfc3339(row.expires_at)}", "key")
    return row


def read(db: sa.Connection, workspace: str, key: str, version: int | None, now: float) -> ContextValue:
    """A version with its value, the newest for None. Raises as `find` does, and `NoContext` for one that is not
    kept."""
    row = find(db, workspace, key, now)
    wanted = row.version if version is None else version
    one = (context_versions.c.context == row.id) & (context_versions.c.version == wanted)
    kept = db.execute(context_versions.select().where(one)).first()
    if kept is None:
        raise no_version(db, row, wanted)
    head = head_of(row)
    if wanted != row.version:
        head = replace(head, version=wanted, size=kept.size, digest=kept.digest, updated_at=kept.at, by=kept.by)
    return ContextValue(head, decode(kept.body, kept.codec))


def no_version(db: sa.Connection, row: Row, version: int) -> ContextError:
    """The error for a version that is not kept, with those that are."""
    kept = sa.select(context_versions.c.version).where(context_versions.c.context == row.id)
    numbers = sorted(db.scalars(kept))
    return NoContext(f"context {row.key} has no version {version}; kept are {numbers[0]} to {numbers[-1]}", "version")


def head_of(row: Row) -> ContextHead:
    """A row as callers see it."""
    return ContextHead(
        row.key,
        row.version,
        tuple(row.tags),
        row.session,
        row.agent,
        row.size,
        row.digest,
        row.created_at,
        row.updated_at,
        row.expires_at,
        row.by,
    )


def _similar(db: sa.Connection, workspace: str, key: str) -> str:
    alive = (contexts.c.workspace == workspace) & contexts.c.deleted_at.is_(None)
    keys = db.scalars(sa.select(contexts.c.key).where(alive).order_by(contexts.c.updated_at.desc()).limit(_NEAR)).all()
    found = process.extractOne(key, keys, scorer=fuzz.ratio, score_cutoff=60)
    return str(found[0]) if found else ""
