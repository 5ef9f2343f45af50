"""Stored answers to requests that may be sent again (idempotency keys), in the transaction of a `Writer`:
`find_answer`, `store_answer`, `forget_answers` of a context, `drop_expired`."""

from __future__ import annotations

import json

import sqlalchemy as sa

from penstock.base.sql_functions import place_in
from penstock.contexts.errors import Conflict
from penstock.contexts.schema import idempotency

__all__ = ["drop_expired", "find_answer", "forget_answers", "store_answer"]

KEPT_ANSWERS_S = 86_400.0
"""Seconds for which a repeated request gets its first answer."""


def find_answer(db: sa.Connection, workspace: str, name: str, digest: str, now: float) -> tuple[int, bytes] | None:
    """The stored status and body of the answer to a request with the idempotency key `name`. None: there is none.
    Raises `Conflict` if that request had another digest."""
    row = db.execute(idempotency.select().where(_named(workspace, name) & (idempotency.c.until > now))).first()
    if row is None:
        return None
    if row.digest != digest:
        raise Conflict(f"the Idempotency-Key {name!r} was used for another request", "Idempotency-Key")
    return row.status, row.answer


def store_answer(
    db: sa.Connection, workspace: str, name: str, digest: str, status: int, answer: bytes, now: float
) -> None:
    """Store an answer for a day, in place of an earlier one."""
    db.execute(idempotency.delete().where(_named(workspace, name)))
    values = {"digest": digest, "status": status, "answer": answer, "until": now + KEPT_ANSWERS_S}
    db.execute(idempotency.insert().values(workspace=workspace, name=name, **values))


def forget_answers(db: sa.Connection, workspace: str, key: str) -> None:
    """Delete the stored answers that name the context `key`, since they hold the digest of its value."""
    named = json.dumps({"key": key}, separators=(",", ":"))[1:-1].encode()
    has_it = place_in(idempotency.c.answer, named) > 0
    db.execute(idempotency.delete().where((idempotency.c.workspace == workspace) & has_it))


def drop_expired(db: sa.Connection, now: float) -> None:
    """Delete the expired answers of all workspaces."""
    db.execute(idempotency.delete().where(idempotency.c.until <= now))


def _named(workspace: str, name: str) -> sa.ColumnElement[bool]:
    return (idempotency.c.workspace == workspace) & (idempotency.c.name == name)
