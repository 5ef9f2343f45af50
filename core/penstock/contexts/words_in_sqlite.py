"""Searches the full-text index of contexts in SQLite, for `words.py`: `find` has FTS5 rank what has any of the words.
`has_outdated` and `is_outdated` tell entries of another version, by a word in the column `scope`.

To rank a context takes FTS5 about a microsecond, and a frequent word is in most of them. So words are taken from the
rarest on. All contexts with one of the rarest are ranked, with all the words that they have; of those that have only
more frequent ones the newest, as long as these can be among the best: those with all of them, and those with two.

With the four numbers below, 99.7 % of the best ten that a ranking of all gives for 744 questions about 17,398 passages
are among the first ten of twenty hits (LoCoMo; the numbers were chosen on these), and 99.6 % for 124 others (BEAM; on
these `_FREQUENT` was looked at too).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from penstock.base.prepared import Prepared, driver
from penstock.base.sql_functions import among, unindexed
from penstock.contexts.filters import alive, fitting
from penstock.contexts.records import Filter
from penstock.contexts.schema import context_versions, contexts

__all__ = ["RENEWALS", "TABLE", "find", "has_outdated", "is_outdated", "matching", "note_renewed"]

TABLE = "context_words"
_RANKED = 500
"""Contexts up to which those with any of the rarest words are ranked, all of them."""
_FREQUENT = 4
"""More frequent words for which others are ranked, where there are hits enough without."""
_TOGETHER, _ALONE = 250, 100
"""The most of them for each of these words: contexts that have one more word, and any that have it."""
_MOST = 1.6
"""What a word that stands three times in a text of average length adds to its score, in weights of the word: more is
not expected of frequent words. The most that BM25 could give is 2.2."""
_ALL = -1
"""SQLite's limit that is none."""

_NEWEST = (context_versions.c.context == contexts.c.id) & (context_versions.c.version == contexts.c.version)
_VALUES = Prepared(
    sa.select(contexts, context_versions.c.body, context_versions.c.codec)
    .join(context_versions, _NEWEST)
    .where(among(contexts.c.id, "ids"))
)
_COUNTED = f"""SELECT json_group_array(json((
        SELECT json_array(asked.key, count(*), min(rowid)) FROM (
            SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH asked.value ORDER BY rowid DESC LIMIT ?)
    ))), (SELECT coalesce(max(id), 0) FROM contexts) FROM json_each(?) AS asked"""


def find(
    db: sa.Connection, asked: Sequence[str], workspace: str, wanted: Filter, now: float, limit: int
) -> list[tuple[Any, float]]:
    """The rows of the best contexts that have any of these words, with `body` and `codec`, and their scores."""
    if limit < 1:
        return []
    ranking = _Ranking(db, workspace, wanted, now, limit)
    rare, frequent, common = _by_rarity(db, asked)
    if rare:
        ranking.add(_any(rare), _ALL)
        if frequent:
            ranking.add(f"{_any(rare)} AND {_any(frequent)}", _ALL)
    weight = sum(frequent.values())
    if not (ranking.is_full and ranking.least >= _MOST * weight):
        # What has all of them may be old, and is among the best: also of those that tell next to nothing.
        for some in (list(frequent), [*frequent, *common] if common and not rare else []):
            if len(some) > 1:
                ranking.add(" AND ".join(_any([word]) for word in some), max(limit, _RANKED))
    for at, word in enumerate(frequent):
        after = list(frequent)[at + 1 :]
        if ranking.is_full and (at >= _FREQUENT or ranking.least >= _MOST * weight):
            break
        if after:
            ranking.add(f"{_any([word])} AND {_any(after)}", max(limit, _TOGETHER))
        if not ranking.is_full or ranking.least < _MOST * frequent[word]:
            ranking.add(_any([word]), max(limit, _ALONE if ranking.is_full else _RANKED))
        weight -= frequent[word]
    if common and not ranking.is_full:
        ranking.add(_any([*rare, *frequent, *common]), max(limit, _RANKED))
    best = ranking.best()
    rows = {row.id: row for row in _VALUES.run(db, ids=[number for *_, number in best])}
    return [(rows[number], -rank) for rank, _, number in best]


class _Ranking:
    """The best contexts of those that were ranked."""

    def __init__(self, db: sa.Connection, workspace: str, wanted: Filter, now: float, limit: int) -> None:
        self._db, self._conditions, self._limit = db, fitting(wanted), limit
        self._values = {"workspace": workspace, "now": now, "limit": limit}
        self._places: dict[int, tuple[float, str]] = {}
        self.is_full = False
        """Whether there are as many as are wanted."""
        self.least = 0.0
        """The score of the last one that is wanted, if there are so many."""

    def add(self, match: str, newest: int) -> None:
        """Rank the newest contexts that FTS5 finds. For one that was ranked before, the better rank counts: it is that
        by more of its words."""
        values = {"match": f"text:({match})", "newest": newest, **self._values}
        if self._conditions:
            found = self._db.scalar(_ranked(*self._conditions), values)
        else:
            ((found,),) = _RANKED_ONES.run(self._db, **values)
        for number, rank, key in json.loads(found):
            self._places[number] = min((rank, key), self._places.get(number, (rank, key)))
        self.is_full = len(self._places) >= self._limit
        if self.is_full:
            self.least = -sorted(self._places.values())[self._limit - 1][0]

    def best(self) -> list[tuple[float, str, int]]:
        """Ranks (the lowest for the best), keys and ids, in order. The key decides between equal ranks."""
        return sorted((*place, number) for number, place in self._places.items())[: self._limit]


def _by_rarity(db: sa.Connection, asked: Sequence[str]) -> tuple[list[str], dict[str, float], list[str]]:
    """The words that contexts have, from the rarest on: those that `_RANKED` contexts have in sum; others, with the
    weight that BM25 gives them; and those that half of all have: it gives nothing for them, but looks at each context
    that has one."""
    texts = json.dumps([matching([word]) for word in asked])
    counted, every = driver(db).execute(_COUNTED, (_RANKED + 1, texts)).fetchone()
    counts: dict[str, float] = {}
    for at, count, first in json.loads(counted):
        if count:  # of more than are counted: as if they were as frequent in all contexts as in the newest
            counts[asked[at]] = count if count <= _RANKED else max(count, count * every / (every + 1 - first))
    rare: list[str] = []
    frequent: dict[str, float] = {}
    common: list[str] = []
    total = 0.0
    for word, count in sorted(counts.items(), key=lambda one: one[1]):
        total += count
        if len(counts) > 1 and count >= every // 2 and (count <= _RANKED or _is_common(db, word)):
            common.append(word)
        elif total <= _RANKED:
            rare.append(word)
        else:
            frequent[word] = max(0.0, math.log((every - count + 0.5) / (count + 0.5))) if count < every else 0.0
    return rare, frequent, common


def _is_common(db: sa.Connection, word: str) -> bool:
    """Whether half of all contexts have a word."""
    most = "SELECT coalesce(max(id), 0) / 2 FROM contexts"
    some = f"SELECT 1 FROM {TABLE} WHERE {TABLE} MATCH ? LIMIT ({most})"
    found = driver(db).execute(f"SELECT count(*) >= ({most}) FROM ({some})", (matching([word]),)).fetchone()
    return bool(found[0])


def _ranked(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The best of the newest contexts that `match` finds: a JSON list of id, rank and key. In one row, since for each
    row its thread waits for others that run Python."""
    index = sa.table(TABLE, sa.column("rowid", sa.Integer), sa.column("rank", sa.Float))
    some = (
        sa.select(contexts.c.id, index.c.rank, contexts.c.key)
        .select_from(index.join(contexts, contexts.c.id == unindexed(index.c.rowid)))
        .where(sa.column(TABLE).op("MATCH")(sa.bindparam("match")), *conditions)
        .where(alive(sa.bindparam("workspace"), sa.bindparam("now"), of_few=True))
        .order_by(index.c.rowid.desc())
        .limit(sa.bindparam("newest"))
        .subquery()
    )
    best = sa.select(some).order_by(some.c.rank, some.c.key).limit(sa.bindparam("limit")).subquery()
    return sa.select(sa.func.json_group_array(sa.func.json_array(best.c.id, best.c.rank, best.c.key)))


_RANKED_ONES = Prepared(_ranked())


def has_outdated(db: sa.Connection, version: str) -> bool:
    """Whether there are entries of another version than this one."""
    every = f"SELECT count(*) FROM {TABLE}_docsize"  # the table of FTS5 with a short row for each entry
    same = f"SELECT count(*) FROM {TABLE} WHERE {TABLE} MATCH ?"
    found = driver(db).execute(f"SELECT ({every}) != ({same})", (f"scope:{version}",)).fetchone()
    return bool(found[0])


def is_outdated(version: str) -> sa.ColumnElement[bool]:
    """Whether a context has no entry, or one of another version than this one."""
    entry = sa.table(TABLE, sa.column("rowid", sa.Integer), sa.column("scope", sa.Text))
    own = sa.select(entry.c.scope).where(entry.c.rowid == contexts.c.id).scalar_subquery()
    return sa.func.coalesce(own, "").not_like(f"% {version}")


RENEWALS = "SELECT user_version FROM pragma_user_version"
"""How often entries were renewed: a number that SQLite keeps in the file for its users, and changes with the
transaction."""


def note_renewed(db: sa.Connection) -> None:
    """Count one more renewal."""
    connection = driver(db)
    (count,) = connection.execute(RENEWALS).fetchone()
    connection.execute(f"PRAGMA user_version = {(count + 1) % 2**31}")


def matching(words: Iterable[str]) -> str:
    """The query of FTS5 for contexts with any of these words."""
    return f"text:{_any(words)}"


def _any(words: Iterable[str]) -> str:
    """Any of these words, as FTS5 is asked for them."""
    return "({})".format(" OR ".join(f'"{word}"' for word in words))
