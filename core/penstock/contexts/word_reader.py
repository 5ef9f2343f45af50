"""`WordReader`: has FTS5 give the contexts of a workspace that have a word, or some words, with their scores, and tells
which were changed since."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from penstock.base.prepared import Prepared, driver
from penstock.base.sql_functions import unindexed, values_in
from penstock.contexts.filters import alive
from penstock.contexts.schema import changes, contexts
from penstock.contexts.word_lists import Mark, Numbers, Scores, WordList, find
from penstock.contexts.words_in_sqlite import TABLE, matching

__all__ = ["KeyOrder", "WordReader"]

Number = TypeVar("Number", np.int64, np.float64)

_PIECE = 50_000
"""Characters of JSON that are parsed at once, while no other thread runs Python: about a millisecond."""
_MOST_NEWER = 500
"""Contexts that were added since the order of keys was read, at most."""


_INDEX = sa.table(TABLE, sa.column("rowid", sa.Integer), sa.column("rank", sa.Float))
_MATCH = sa.column(TABLE).op("MATCH")(sa.bindparam("match"))


def _in_lists(rows: sa.Select[Any]) -> Prepared:
    """Each column of some rows as a JSON list: in one row, since for each row its thread waits for others that run
    Python."""
    listed = rows.subquery()
    return Prepared(sa.select(*(sa.func.json_group_array(one).label(one.name) for one in listed.c)))


_FEW = (
    sa.select(contexts.c.id, _INDEX.c.rank)
    .select_from(_INDEX.join(contexts, contexts.c.id == unindexed(_INDEX.c.rowid)))
    .where(_MATCH, alive(sa.bindparam("workspace"), sa.bindparam("now"), of_few=True))
)
_EACH = values_in(sa.bindparam("ids", type_=sa.JSON))
_SHORT = _in_lists(_FEW.order_by(contexts.c.key))
_AMONG = _in_lists(_FEW.where(unindexed(contexts.c.id).in_(sa.select(_EACH.c.value))))
_EVERYWHERE = _in_lists(sa.select(_INDEX.c.rowid, _INDEX.c.rank).where(_MATCH))
_BY_KEY = _in_lists(
    sa.select(contexts.c.id).where(contexts.c.workspace == sa.bindparam("workspace")).order_by(contexts.c.key)
)
_NEWER = _in_lists(
    sa.select(contexts.c.id)
    .where(contexts.c.id > sa.bindparam("last"), unindexed(contexts.c.workspace) == sa.bindparam("workspace"))
    .limit(_MOST_NEWER + 1)
)
_CHANGED = Prepared(
    sa.select(contexts.c.id)
    .join(changes, (changes.c.workspace == contexts.c.workspace) & (changes.c.key == contexts.c.key))
    .where(changes.c.seq > sa.bindparam("seq"), changes.c.workspace == sa.bindparam("workspace"))
)
_COUNTED = f"SELECT count(*) FROM (SELECT 1 FROM {TABLE} WHERE {TABLE} MATCH ? LIMIT ?)"


@dataclass(frozen=True)
class KeyOrder:
    """The contexts of a workspace in the order of their keys. It stays right: numbers are never used again."""

    workspace: str
    ids: Numbers
    """Ascending."""
    places: npt.NDArray[np.int32]
    newer: Numbers
    """Those that were added later, ascending; they have no place."""

    @property
    def last(self) -> int:
        """The last one that has a place."""
        return int(self.ids[-1]) if len(self.ids) else 0

    def places_of(self, ids: Numbers) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        """The places of some contexts, -1 for newer ones; and which are of this workspace."""
        places = np.full(len(ids), -1, np.int32)
        if len(self.ids):
            at, is_known = find(self.ids, ids)
            places[is_known] = self.places[at[is_known]]
        return places, (places >= 0) | np.isin(ids, self.newer)


@dataclass
class WordReader:
    """The words of a workspace, in the state that a connection to SQLite sees."""

    db: sa.Connection
    workspace: str
    now: float

    @cached_property
    def mark(self) -> Mark | None:
        """The state; None: no change is kept."""
        found = driver(self.db).execute("SELECT seq, at FROM changes ORDER BY seq DESC LIMIT 1").fetchone()
        return None if found is None else (found[0], found[1])

    def changed_since(self, mark: Mark) -> Numbers | None:
        """The contexts that were changed after an earlier state; None where that is not known: its change is no longer
        kept, or was another one."""
        found = driver(self.db).execute("SELECT at FROM changes WHERE seq = ?", mark[:1]).fetchone()
        if found != mark[1:]:
            return None
        rows = _CHANGED.run(self.db, seq=mark[0], workspace=self.workspace)
        return np.unique(np.array([row.id for row in rows], np.int64))

    def count(self, word: str, most: int) -> int:
        """How many contexts of all workspaces have a word; `most` if there are as many or more."""
        return int(driver(self.db).execute(_COUNTED, (matching([word]), most)).fetchone()[0])

    def read_short(self, word: str, mark: Mark) -> WordList:
        """The list of a word that few contexts have. `mark`: that of this state."""
        ids, scores = self._scored(_SHORT, [word])
        order = np.argsort(ids)
        return WordList(mark, ids[order], scores[order], order.astype(np.int32))

    def read_long(self, word: str, mark: Mark, order: KeyOrder) -> WordList:
        """The list of a word that many contexts have: each that is looked at costs more than its rank. Those that have
        expired are in it."""
        ((ids, ranks),) = _EVERYWHERE.run(self.db, match=matching([word]))
        found = _numbers(ids, np.int64)
        places, is_own = order.places_of(found)
        return WordList(mark, found[is_own], -_numbers(ranks, np.float64)[is_own], places[is_own])

    def key_order(self, earlier: KeyOrder | None) -> KeyOrder:
        """The order of keys; an earlier one with those added since, as long as these are few."""
        if earlier is not None and earlier.workspace == self.workspace:
            ((added,),) = _NEWER.run(self.db, workspace=self.workspace, last=earlier.last)
            newer = _numbers(added, np.int64)
            if len(newer) <= _MOST_NEWER:
                return replace(earlier, newer=newer)
        ((ids,),) = _BY_KEY.run(self.db, workspace=self.workspace)
        by_key = _numbers(ids, np.int64)
        places = np.argsort(by_key)
        return KeyOrder(self.workspace, by_key[places], places.astype(np.int32), by_key[:0])

    def scores_among(self, words: Sequence[str], ids: Numbers) -> tuple[Numbers, Scores]:
        """Those of some contexts that have any of the words, and their scores."""
        return self._scored(_AMONG, words, ids=ids.tolist())

    def _scored(self, which: Prepared, words: Sequence[str], **values: object) -> tuple[Numbers, Scores]:
        match = matching(words)
        ((ids, ranks),) = which.run(self.db, match=match, workspace=self.workspace, now=self.now, **values)
        return _numbers(ids, np.int64), -_numbers(ranks, np.float64)


def _numbers(text: str, kind: type[Number]) -> npt.NDArray[Number]:
    """The numbers of a JSON list, which may be long."""
    parts, start, end = [np.empty(0, kind)], 1, len(text) - 1
    while start < end:
        stop = text.find(",", start + _PIECE)
        stop = end if stop < 0 else stop
        parts.append(np.array(json.loads(f"[{text[start:stop]}]"), kind))
        start = stop + 1
    return np.concatenate(parts)
