"""`WordReader`: has FTS5 give the contexts of a workspace that have a word, with their scores, and tells which were
changed since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from penstock.base.prepared import Prepared, driver
from penstock.base.sql_functions import unindexed, values_in
from penstock.contexts.filters import alive
from penstock.contexts.schema import changes, contexts
from penstock.contexts.word_lists import Mark, Numbers, Scores, WordList, find
from penstock.contexts.words_in_sqlite import RENEWALS, TABLE, matching

__all__ = ["KeyOrder", "WordReader"]

_UNIT = 1e17
"""Scores are read as whole numbers of this part of one: of a billion contexts a word gives 46 at most."""
_MOST_NEWER = 500
"""Contexts that were added since the order of keys was read, at most."""
_MOST_ORDERED = 1_000_000
"""Contexts of a workspace whose order is kept, at most: 12 MB."""


_INDEX = sa.table(TABLE, sa.column("rowid", sa.Integer), sa.column("rank", sa.Float))
_SCORE: sa.ColumnElement[int] = sa.literal_column(f"CAST({TABLE}.rank * -{_UNIT} AS INTEGER)").label("score")
_MATCH = sa.column(TABLE).op("MATCH")(sa.bindparam("match"))


def _packed(rows: sa.Select[Any]) -> Prepared:
    """The columns of some rows as one text, 16 digits to the base of 16 for each number: for each row of an answer its
    thread waits for others that run Python, and these for it while it parses another form."""
    listed = rows.subquery()
    digits = sa.func.printf("%016x" * len(listed.c), *listed.c)
    return Prepared(sa.select(sa.func.group_concat(digits, "").label("packed")))


def _unpacked(rows: list[Any], columns: int = 1) -> Numbers:
    """The numbers in such an answer, a row for each column."""
    content = bytes.fromhex(rows[0].packed or "")
    return np.frombuffer(content, ">i8").reshape(-1, columns).T.astype(np.int64)


_FEW = (
    sa.select(contexts.c.id, _SCORE)
    .select_from(_INDEX.join(contexts, contexts.c.id == unindexed(_INDEX.c.rowid)))
    .where(_MATCH, alive(sa.bindparam("workspace"), sa.bindparam("now"), of_few=True))
)
_EACH = values_in(sa.bindparam("ids", type_=sa.JSON))
_SHORT = _packed(_FEW.order_by(contexts.c.key))
_AMONG = _packed(_FEW.where(unindexed(contexts.c.id).in_(sa.select(_EACH.c.value))))
_EVERYWHERE = _packed(sa.select(_INDEX.c.rowid, _SCORE).where(_MATCH))
_BY_KEY = _packed(
    sa.select(contexts.c.id).where(contexts.c.workspace == sa.bindparam("workspace")).order_by(contexts.c.key)
)
_NEWER = _packed(
    sa.select(contexts.c.id)
    .where(contexts.c.id > sa.bindparam("last"), unindexed(contexts.c.workspace) == sa.bindparam("workspace"))
    .limit(_MOST_NEWER + 1)
)
_CHANGED = _packed(
    sa.select(contexts.c.id)
    .join(changes, (changes.c.workspace == contexts.c.workspace) & (changes.c.key == contexts.c.key))
    .where(changes.c.seq > sa.bindparam("seq"), changes.c.workspace == sa.bindparam("workspace"))
)
_STATE = f"SELECT seq, at, ({RENEWALS}) FROM changes ORDER BY seq DESC LIMIT 1"
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
        found = driver(self.db).execute(_STATE).fetchone()
        return None if found is None else (found[0], found[1], found[2])

    def changed_since(self, mark: Mark) -> Numbers | None:
        """The contexts that were changed after an earlier state; None where that is not known: its change is no longer
        kept, or was another one."""
        found = driver(self.db).execute("SELECT at FROM changes WHERE seq = ?", mark[:1]).fetchone()
        if found != mark[1:2]:
            return None
        [ids] = _unpacked(_CHANGED.run(self.db, seq=mark[0], workspace=self.workspace))
        return np.unique(ids)

    def count(self, word: str, most: int) -> int:
        """How many contexts of all workspaces have a word; `most` if there are as many or more."""
        return int(driver(self.db).execute(_COUNTED, (matching([word]), most)).fetchone()[0])

    def read_short(self, word: str, mark: Mark) -> WordList:
        """The list of a word that few contexts have. `mark`: that of this state."""
        ids, scores = self._scored(_SHORT, word)
        order = np.argsort(ids)
        return WordList(mark, ids[order], scores[order], order.astype(np.int32))

    def read_long(self, word: str, mark: Mark, order: KeyOrder) -> WordList:
        """The list of a word that many contexts have: each that is looked at costs more than its rank. Those that have
        expired are in it."""
        ids, scores = _unpacked(_EVERYWHERE.run(self.db, match=matching([word])), 2)
        places, is_own = order.places_of(ids)
        return WordList(mark, ids[is_own], scores[is_own] / _UNIT, places[is_own], len(ids))

    def key_order(self, earlier: KeyOrder | None) -> KeyOrder | None:
        """The order of keys; an earlier one with those added since, as long as these are few. None: there are too many
        contexts."""
        if earlier is not None and earlier.workspace == self.workspace:
            [newer] = _unpacked(_NEWER.run(self.db, workspace=self.workspace, last=earlier.last))
            if len(newer) <= _MOST_NEWER:
                return replace(earlier, newer=newer)
        many = f"SELECT count(*) > {_MOST_ORDERED} FROM contexts WHERE workspace = ?"
        if driver(self.db).execute(many, (self.workspace,)).fetchone()[0]:
            return None
        [by_key] = _unpacked(_BY_KEY.run(self.db, workspace=self.workspace))
        places = np.argsort(by_key)
        return KeyOrder(self.workspace, by_key[places], places.astype(np.int32), by_key[:0])

    def read_some(self, word: str, mark: Mark, some: Numbers) -> WordList:
        """Those of some contexts that have a word. Their places are not known."""
        ids, scores = self._scored(_AMONG, word, ids=some.tolist())
        order = np.argsort(ids)
        return WordList(mark, ids[order], scores[order], np.full(len(ids), -1, np.int32))

    def _scored(self, which: Prepared, word: str, **values: object) -> tuple[Numbers, Scores]:
        match = matching([word])
        found = which.run(self.db, match=match, workspace=self.workspace, now=self.now, **values)
        ids, scores = _unpacked(found, 2)
        return ids, scores / _UNIT
