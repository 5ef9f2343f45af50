"""Finds the row of a context (`find`; `look_up`: a deleted one, too, or None), and reads its value (`read`,
`read_text`; `read_short`: a short one, or None). If there is none to be read, `find`, `read` and `read_text` raise an
error that says why; for an unknown key it names a similar one. `head_of`: a row as callers see it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from rapidfuzz import fuzz, process

from penstock.base.format import rfc3339
from penstock.base.prepared import Prepared
from penstock.contexts.errors import ContextError, Expired, NoContext
from penstock.contexts.keys import check_key
from penstock.contexts.records import ContextHead, ContextText, ContextValue
from penstock.contexts.schema import context_versions, contexts
from penstock.contexts.sealed import data_key_of, opened
from penstock.contexts.values import text_of
from penstock.sealing.master_key import MasterKeys

__all__ = ["SHORT", "Row", "find", "head_of", "look_up", "read", "read_short", "read_text", "version_of"]

Row = Any
"""The row of a context, with its columns as attributes."""
_NEAR = 500
"""Keys, at most, in which a similar one is searched for an error's hint."""
SHORT = 64 << 10
"""Bytes of JSON up to which a value is short: it is read in a fraction of a millisecond."""

_ONE = (contexts.c.workspace == sa.bindparam("workspace")) & (contexts.c.key == sa.bindparam("key"))
_HEAD = Prepared(contexts.select().where(_ONE))
_ITS = {"size": "size", "digest": "digest", "updated_at": "at", "by": "by"}
"""Columns of a version by their names in a head."""
_VALUE = (
    sa.select(
        contexts,
        context_versions.c.body,
        context_versions.c.codec,
        context_versions.c.version.label("its_number"),
        *(context_versions.c[column].label(f"its_{name}") for name, column in _ITS.items()),
    )
    .join(context_versions, context_versions.c.context == contexts.c.id)
    .where(_ONE, context_versions.c.version == sa.func.coalesce(sa.bindparam("version"), contexts.c.version))
)
_READ = Prepared(_VALUE)
_READ_SHORT = Prepared(_VALUE.where(contexts.c.data_key.is_(None), sa.text(f"contexts.size <= {SHORT}")))


def look_up(db: sa.Connection, workspace: str, key: str) -> Row | None:
    """The row of a context, also of a deleted or expired one. None: there is none. Raises `InvalidContext`."""
    check_key(key)
    return _HEAD.first(db, workspace=workspace, key=key)


def find(db: sa.Connection, workspace: str, key: str, now: float) -> Row:
    """The row of a context that can be read. Raises `NoContext`, `Expired`, `InvalidContext`."""
    row = look_up(db, workspace, key)
    if row is None:
        near = _similar(db, workspace, key, now)
        hint = f"; near: {near}" if near else ""
        raise NoContext(f"there is no context {key} in workspace {workspace}{hint}", "key")
    if row.deleted_at is not None and row.deleted_at != row.expires_at:
        raise Expired(f"context {key} was deleted; within 30 days `undelete` brings it back", "key")
    if not _is_alive(row, now):
        raise Expired(
            f"context {key} ended at {rfc3339(row.expires_at)}; within 30 days `undelete` brings it back", "key"
        )
    return row


def read(
    db: sa.Connection, masters: MasterKeys, workspace: str, key: str, version: int | None, now: float
) -> ContextValue:
    """A version with its value; the newest if `version` is None. Raises as `find` does, `NoContext` for one that is not
    kept, and `Sealed`."""
    found = read_text(db, masters, workspace, key, version, now)
    return ContextValue(found.head, json.loads(found.text))


def read_text(
    db: sa.Connection, masters: MasterKeys, workspace: str, key: str, version: int | None, now: float
) -> ContextText:
    """As `read`, with the value as JSON."""
    kept = _READ.first(db, workspace=workspace, key=check_key(key), version=_asked(version))
    if kept is None or not _is_alive(kept, now):
        raise _no_version(db, find(db, workspace, key, now), version or 0)
    head = head_of(kept)
    if version not in (None, kept.version):
        head = replace(head, version=version, **{name: getattr(kept, f"its_{name}") for name in _ITS})
    key_of_it = data_key_of(db, masters, kept)
    body = kept.body if key_of_it is None else opened(key_of_it, kept, kept.its_number, kept.body, kept.codec)
    return ContextText(head, text_of(body, kept.codec))


def read_short(db: sa.Connection, workspace: str, key: str, now: float) -> ContextText | None:
    """The newest version, where the value is `SHORT` and not sealed. None: `read` finds it, or says what is wrong."""
    kept = _READ_SHORT.first(db, workspace=workspace, key=key, version=None)
    if kept is None or not _is_alive(kept, now):
        return None
    return ContextText(head_of(kept), text_of(kept.body, kept.codec))


def _is_alive(row: Row, now: float) -> bool:
    return row.deleted_at is None and (row.expires_at is None or row.expires_at > now)


def version_of(db: sa.Connection, row: Row, version: int) -> Row:
    """The row of a version to go back to. Raises `NoContext` for one that is not kept, with those that are."""
    if 0 < version <= row.version:  # SQLite cannot be asked for any number that Python has
        one = (context_versions.c.context == row.id) & (context_versions.c.version == version)
        kept = db.execute(context_versions.select().where(one)).first()
        if kept is not None:
            return kept
    raise _no_version(db, row, version, "to")


def _asked(version: int | None) -> int | None:
    """`version` within SQLite's range of integers; 0, which no version has, if it is beyond."""
    return version if version is None or 0 < version < 2**63 else 0


def _no_version(db: sa.Connection, row: Row, version: int, field: str = "version") -> ContextError:
    kept = sa.select(context_versions.c.version).where(context_versions.c.context == row.id)
    numbers = sorted(db.scalars(kept))
    return NoContext(f"context {row.key} has no version {version}; kept are {numbers[0]} to {numbers[-1]}", field)


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
        row.data_key is not None,
    )


def _similar(db: sa.Connection, workspace: str, key: str, now: float) -> str:
    lasting = contexts.c.expires_at.is_(None) | (contexts.c.expires_at > now)
    alive = (contexts.c.workspace == workspace) & contexts.c.deleted_at.is_(None) & lasting
    keys = db.scalars(sa.select(contexts.c.key).where(alive).order_by(contexts.c.updated_at.desc()).limit(_NEAR)).all()
    found = process.extractOne(key, keys, scorer=fuzz.ratio, score_cutoff=60)
    return str(found[0]) if found else ""
