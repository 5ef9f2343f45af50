"""`whole_contexts`: reads all contexts of a workspace with every kept version (`WholeContext`), from one state of the
database, for an export; of sealed ones only the keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from penstock.contexts.contexts import Contexts
from penstock.contexts.finding import head_of
from penstock.contexts.records import ContextHead, Version
from penstock.contexts.schema import context_versions, contexts
from penstock.contexts.values import decode

__all__ = ["WholeContext", "WholeVersion", "whole_contexts"]

_PAGE = 200


@dataclass(frozen=True, slots=True)
class WholeVersion:
    """One version with its value."""

    line: Version
    data: Any


@dataclass(frozen=True)
class WholeContext:
    """A context and its versions, the oldest first, each read when the iterator reaches it, since together they may be
    large."""

    head: ContextHead
    count: int
    versions: Iterator[WholeVersion]
    """Must be read before the next context."""


def whole_contexts(kept: Contexts, workspace: str) -> Iterator[WholeContext | str]:
    """Every context of a workspace that has not expired, by key; of a sealed one, only its key. All are read from one
    state of the file, whatever is written meanwhile. Raises `StoreError`."""
    alive = (contexts.c.workspace == workspace) & contexts.c.deleted_at.is_(None)
    lasting = contexts.c.expires_at.is_(None) | (contexts.c.expires_at > kept.clock.now())
    after = ""
    with kept.snapshot() as db:
        while True:
            page = contexts.select().where(alive & lasting & (contexts.c.key > after)).order_by(contexts.c.key)
            rows = db.execute(page.limit(_PAGE)).all()
            for row in rows:
                if row.data_key is not None:
                    yield row.key
                    continue
                numbers = _numbers(db, row.id)
                yield WholeContext(head_of(row), len(numbers), _versions(db, row.id, numbers))
            if len(rows) < _PAGE:
                return
            after = rows[-1].key


def _numbers(db: sa.Connection, context: int) -> list[int]:
    """The versions of a context, the oldest first."""
    mine = sa.select(context_versions.c.version).where(context_versions.c.context == context)
    return list(db.scalars(mine.order_by(context_versions.c.version)))


def _versions(db: sa.Connection, context: int, numbers: list[int]) -> Iterator[WholeVersion]:
    for number in numbers:
        one = (context_versions.c.context == context) & (context_versions.c.version == number)
        row = db.execute(context_versions.select().where(one)).one()
        line = Version(row.version, row.at, row.by, row.change, row.size, row.digest)
        yield WholeVersion(line, decode(row.body, row.codec))
