"""Searches the full-text index of contexts in SQLite, for `words.py`: `find` has FTS5 rank what has any of the words,
and looks up the best of those alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice, takewhile
from typing import Any

import sqlalchemy as sa

from penstock.base.prepared import Prepared, driver
from penstock.base.sql_functions import among
from penstock.contexts.filters import alive, fitting
from penstock.contexts.records import Filter
from penstock.contexts.schema import context_versions, contexts

__all__ = ["TABLE", "find", "is_common"]

TABLE = "context_words"
_FIRST = 4
"""How many times the hits that are wanted are looked up first; four times as many, each time after that. To look up all
that FTS5 ranks took longer than the ranking: 2.6 of 4.3 ms for 1,740 of 100,000 contexts."""
_NEWEST = (context_versions.c.context == contexts.c.id) & (context_versions.c.version == contexts.c.version)
_VALUES = Prepared(
    sa.select(contexts, context_versions.c.body, context_versions.c.codec)
    .join(context_versions, _NEWEST)
    .where(among(contexts.c.id, "ids"))
)
_Place = tuple[float, str, int]
"""The rank of a context, the lowest for the best; its key, which decides between equal ranks; its id."""


def find(
    db: sa.Connection, asked: Sequence[str], workspace: str, wanted: Filter, now: float, limit: int
) -> list[tuple[Any, float]]:
    """The rows of the best contexts that have any of these words, with `body` and `codec`, and their scores."""
    conditions = fitting(wanted)
    look_up = _KEYS.run if not conditions else lambda db, **values: db.execute(_keys(*conditions), values).all()
    best = _best(db, asked, limit, lambda ids: look_up(db, ids=ids, workspace=workspace, now=now))
    rows = {row.id: row for row in _VALUES.run(db, ids=[number for *_, number in best])}
    return [(rows[number], -rank) for rank, _, number in best]


def is_common(db: sa.Connection, word: str) -> bool:
    """Whether half of all contexts have a word."""
    most = "SELECT coalesce(max(id), 0) / 2 FROM contexts"
    some = f"SELECT 1 FROM {TABLE} WHERE {TABLE} MATCH ? LIMIT ({most})"
    return bool(driver(db).execute(f"SELECT count(*) >= ({most}) FROM ({some})", (_match([word]),)).fetchone()[0])


def _best(
    db: sa.Connection, asked: Sequence[str], limit: int, look_up: Callable[[list[int]], Sequence[Any]]
) -> list[_Place]:
    """The best of those that `look_up` knows: id and key of the ones wanted among some ids."""
    ranked = driver(db).execute(
        f"SELECT rowid, rank FROM {TABLE} WHERE {TABLE} MATCH ? ORDER BY rank", (_match(asked),)
    )
    best: list[_Place] = []

    def add(some: dict[int, float]) -> None:
        best.extend((some[row.id], row.key, row.id) for row in look_up(list(some)))
        best.sort()
        del best[limit:]

    count = limit * _FIRST
    while len(best) < limit and (some := dict(islice(ranked, count))):
        add(some)
        count *= 4
    if best and (equal := dict(takewhile(lambda one: one[1] <= best[-1][0], ranked))):
        add(equal)  # their keys may be before
    return best


def _keys(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    of_it = alive(sa.bindparam("workspace"), sa.bindparam("now"), of_few=True)
    return sa.select(contexts.c.id, contexts.c.key).where(among(contexts.c.id, "ids"), of_it, *conditions)


_KEYS = Prepared(_keys())


def _match(asked: Sequence[str]) -> str:
    """Any of these words, as FTS5 is asked for them. The column `scope` is not asked for: BM25 would look up every
    context of the workspace to say how rare its name is."""
    return "text:({})".format(" OR ".join(f'"{word}"' for word in asked))
