"""`WordReader`: has FTS5 give the contexts of a workspace that have a word, or some words, with their scores, and tells
which were changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sqlalchemy as sa

from penstock.base.prepared import Prepared, driver
from penstock.base.sql_functions import unindexed, values_in
from penstock.contexts.filters import alive
from penstock.contexts.schema import changes, contexts
from penstock.contexts.word_lists import Mark, Numbers, Scores, WordList
from penstock.contexts.words_in_sqlite import TABLE, matching

__all__ = ["WordReader"]

_PIECE = 50_000
"""Characters of JSON that are parsed at once, while no other thread runs Python: about a millisecond."""


def _scored(*conditions: sa.ColumnElement[bool]) -> Prepared:
    """Ids and ranks of those that `match` finds in a workspace, in the order of keys, as two JSON lists: in one row,
    since for each row its thread waits for others that run Python."""
    index = sa.table(TABLE, sa.column("rowid", sa.Integer), sa.column("rank", sa.Float))
    some = (
        sa.select(contexts.c.id, index.c.rank)
        .select_from(index.join(contexts, contexts.c.id == unindexed(index.c.rowid)))
        .where(sa.column(TABLE).op("MATCH")(sa.bindparam("match")), *conditions)
        .where(alive(sa.bindparam("workspace"), sa.bindparam("now"), of_few=True))
        .order_by(contexts.c.key)
        .subquery()
    )
    lists = (sa.func.json_group_array(one).label(one.name) for one in (some.c.id, some.c.rank))
    return Prepared(sa.select(*lists))


_EACH = values_in(sa.bindparam("ids", type_=sa.JSON))
_ALL = _scored()
_AMONG = _scored(unindexed(contexts.c.id).in_(sa.select(_EACH.c.value)))
_CHANGED = Prepared(
    sa.select(contexts.c.id)
    .join(changes, (changes.c.workspace == contexts.c.workspace) & (changes.c.key == contexts.c.key))
    .where(changes.c.seq > sa.bindparam("seq"), changes.c.workspace == sa.bindparam("workspace"))
)
_COUNTED = f"SELECT count(*) FROM (SELECT 1 FROM {TABLE} WHERE {TABLE} MATCH ? LIMIT ?)"


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

    def read(self, word: str, mark: Mark) -> WordList:
        """The list of a word. `mark`: that of this state."""
        ids, scores = self._scored(_ALL, [word])
        order = np.argsort(ids)
        return WordList(mark, ids[order], scores[order], order.astype(np.int32))

    def scores_among(self, words: Sequence[str], ids: Numbers) -> tuple[Numbers, Scores]:
        """Those of some contexts that have any of the words, and their scores."""
        return self._scored(_AMONG, words, ids=ids.tolist())

    def _scored(self, which: Prepared, words: Sequence[str], **values: object) -> tuple[Numbers, Scores]:
        match = matching(words)
        ((ids, ranks),) = which.run(self.db, match=match, workspace=self.workspace, now=self.now, **values)
        return np.fromiter(_numbers(ids), np.int64), -np.fromiter(_numbers(ranks), np.float64)


def _numbers(text: str) -> Iterator[float]:
    """The numbers of a JSON list, which may be long."""
    start, end = 1, len(text) - 1
    while start < end:
        stop = text.find(",", start + _PIECE)
        stop = end if stop < 0 else stop
        yield from json.loads(f"[{text[start:stop]}]")
        start = stop + 1
