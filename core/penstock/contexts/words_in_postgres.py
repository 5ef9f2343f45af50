"""The full-text index of contexts in PostgreSQL, for `words.py`: `add` stores the words of each with their counts,
`find` searches them by a GIN index and ranks by BM25 as SQLite's FTS5 does, so that both databases answer alike.
`has_outdated` and `is_outdated` tell entries of another version, by a key among the counts that is no word."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert

from penstock.contexts.postgres_schema import context_words
from penstock.contexts.schema import context_versions, contexts

__all__ = ["add", "find", "has_outdated", "is_outdated", "remove"]

_K1, _B = 1.2, 0.75
"""Of BM25, as FTS5 has them."""
_LEAST = 1e-6
"""The weight of a word that half of all contexts have."""
_DIGITS = 9
"""Decimals of a score that count: two of the same words may differ behind them."""
_NEW = insert(context_words)
_ADD = _NEW.on_conflict_do_update(
    index_elements=["context"], set_={"length": _NEW.excluded.length, "counts": _NEW.excluded.counts}
)
_TOTALS = sa.select(sa.func.count(), sa.cast(sa.func.sum(context_words.c.length), sa.Float))
_WORDS = sa.bindparam("words", type_=ARRAY(sa.Text))
_SCORED = (
    sa.func.unnest(_WORDS, sa.bindparam("weights", type_=ARRAY(sa.Float)))
    .table_valued(sa.column("word", sa.Text), sa.column("weight", sa.Float))
    .render_derived(name="asked")
)
_EACH = sa.func.unnest(_WORDS).table_valued(sa.column("word", sa.Text)).render_derived(name="asked")
_HAVE = sa.select(sa.func.count()).select_from(context_words).where(context_words.c.counts.has_key(_EACH.c.word))
_FREQUENCIES = sa.select(_EACH.c.word, _HAVE.scalar_subquery())
_MOST = sa.select(sa.func.coalesce(sa.func.max(contexts.c.id), 0))


def add(db: sa.Connection, number: int, words: Sequence[str], version: str) -> None:
    """Index the context of this number, in place of its earlier entry."""
    counts = {**Counter(words), _mark(version): 1}
    # FTS5 counts its workspace and the version, too.
    db.execute(_ADD, {"context": number, "length": len(words) + 2, "counts": counts})


def _mark(version: str) -> str:
    """The version as a key of the counts: no word has a blank."""
    return f" {version}"


def has_outdated(db: sa.Connection, version: str) -> bool:
    """Whether there are entries of another version than this one."""
    return db.execute(sa.select(context_words.c.context).where(_has_other(version)).limit(1)).first() is not None


def is_outdated(version: str) -> sa.ColumnElement[bool]:
    """Whether a context has no entry, or one of another version than this one."""
    own = context_words.c.context == contexts.c.id
    return ~sa.exists().where(own, ~_has_other(version))


def _has_other(version: str) -> sa.ColumnElement[bool]:
    has_this: sa.ColumnElement[bool] = context_words.c.counts.has_key(_mark(version))
    return ~has_this


def remove(db: sa.Connection, number: int) -> None:
    """Remove a context."""
    db.execute(context_words.delete().where(context_words.c.context == number))


def find(
    db: sa.Connection, asked: Sequence[str], limit: int, conditions: Sequence[sa.ColumnElement[bool]]
) -> list[tuple[Any, float]]:
    """The rows of contexts that have any of these words and fit the conditions, with `body` and `codec`, and their
    scores, the best first. Words that half of all have are searched only where the others find fewer than `limit`: BM25
    gives nothing for those, but looks at each context that has one."""
    telling = [word for word in asked if len(asked) > 1 and not _is_common(db, word)]
    hits: Sequence[Any] = []
    for tried in (asked,) if telling == asked else (telling, asked):
        if tried and len(hits) < limit:
            hits = _found(db, tried, limit, conditions)
    return [(row, row.score) for row in hits]


def _is_common(db: sa.Connection, word: str) -> bool:
    """Whether half of all contexts have a word."""
    return _frequencies(db, [word])[word] >= int(db.execute(_MOST).scalar_one()) // 2


def _found(
    db: sa.Connection, asked: Sequence[str], limit: int, conditions: Sequence[sa.ColumnElement[bool]]
) -> Sequence[Any]:
    words = list(asked)
    count, length = db.execute(_TOTALS).one()
    if not count:
        return []
    have = _frequencies(db, words)
    weights = [max(math.log((count - have[word] + 0.5) / (have[word] + 0.5)), _LEAST) for word in words]
    tf = sa.cast(context_words.c.counts.op("->>")(_SCORED.c.word), sa.Float)
    of_length = _K1 * (1 - _B + _B * context_words.c.length * sa.bindparam("short", type_=sa.Float))
    # Rounded: words that were added up in another order give another last digit, and equal texts have equal ranks.
    score = sa.func.round(
        sa.cast(sa.func.sum(_SCORED.c.weight * tf * (_K1 + 1) / (tf + of_length)), sa.Numeric), _DIGITS
    )
    best = (
        sa.select(contexts.c.id, score.label("score"))
        .select_from(context_words.join(contexts, contexts.c.id == context_words.c.context).join(_SCORED, sa.true()))
        .where(context_words.c.counts.has_any(_WORDS), *conditions)
        .group_by(contexts.c.id)
        .order_by(score.desc(), contexts.c.key)
        .limit(limit)
        .subquery()
    )
    newest = (context_versions.c.context == contexts.c.id) & (context_versions.c.version == contexts.c.version)
    rows = (
        sa.select(
            contexts, context_versions.c.body, context_versions.c.codec, sa.cast(best.c.score, sa.Float).label("score")
        )
        .join(best, best.c.id == contexts.c.id)
        .join(context_versions, newest)
        .order_by(best.c.score.desc(), contexts.c.key)
    )
    return db.execute(rows, {"words": words, "weights": weights, "short": count / length}).all()


def _frequencies(db: sa.Connection, words: Sequence[str]) -> dict[str, int]:
    """How many contexts have each word."""
    rows = db.execute(_FREQUENCIES, {"words": list(words)})
    return {row[0]: row[1] for row in rows}
