"""The conditions, as SQL, of contexts that can be read (`alive`) and of those that fit a `Filter` (`fitting`)."""

from __future__ import annotations

import sqlalchemy as sa

from penstock.base.sql_functions import unindexed, values_in
from penstock.contexts.keys import check_prefix
from penstock.contexts.records import Filter
from penstock.contexts.schema import contexts

__all__ = ["alive", "fitting"]


def alive(
    workspace: str | sa.BindParameter[str], now: float | sa.BindParameter[float], *, of_few: bool = False
) -> sa.ColumnElement[bool]:
    """The condition of a context that can be read. `of_few`: where another condition names those to look at; SQLite
    would go through all of the workspace instead."""
    lasting = contexts.c.expires_at.is_(None) | (contexts.c.expires_at > now)
    named = unindexed(contexts.c.workspace) if of_few else contexts.c.workspace
    return (named == workspace) & contexts.c.deleted_at.is_(None) & lasting


def fitting(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    """The conditions of a filter."""
    out: list[sa.ColumnElement[bool]] = []
    if wanted.prefix:
        check_prefix(wanted.prefix)
        last = wanted.prefix[:-1] + chr(ord(wanted.prefix[-1]) + 1)
        out.append((contexts.c.key >= wanted.prefix) & (contexts.c.key < last))
    if wanted.tag:
        tags = values_in(contexts.c.tags)
        out.append(sa.exists().where(tags.c.value == wanted.tag))
    if wanted.session:
        out.append(contexts.c.session == wanted.session)
    if wanted.agent:
        out.append(contexts.c.agent == wanted.agent)
    if wanted.since is not None:
        out.append(contexts.c.updated_at >= wanted.since)
    if wanted.until is not None:
        out.append(contexts.c.updated_at <= wanted.until)
    return out
