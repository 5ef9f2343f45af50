"""`RankedWords`: searches contexts by words with lists in memory (`word_lists`) of those that have each word, for a
process that is asked again and again. It finds what a ranking of all contexts gives.

A list is read when its word is asked for: a short one at once, a long one in a thread, while `Contexts.search` answers.
It serves for as long as few contexts were changed since: then the best by the lists and all that were changed are
ranked again. Conditions, and PostgreSQL, are left to `Contexts.search`.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, Generic, TypeVar

import numpy as np
import sqlalchemy as sa

from penstock.base.prepared import Prepared
from penstock.base.sql_functions import among
from penstock.contexts import words
from penstock.contexts.contexts import Contexts
from penstock.contexts.filters import alive
from penstock.contexts.json import hit_line
from penstock.contexts.kept_lists import KeptLists, Key
from penstock.contexts.records import Filter, Hit
from penstock.contexts.schema import context_versions, contexts
from penstock.contexts.word_lists import Mark, Numbers, Scores, WordList, best, first_of, sums
from penstock.contexts.word_reader import KeyOrder, WordReader

__all__ = ["RankedWords"]

_Found = list[tuple[Any, float]]
"""Rows of contexts with their values, and their scores, the best first."""
T = TypeVar("T")

_SHORT = 500
"""Contexts in the lists that one search reads itself, at most."""
_MOST_WORDS, _LONGEST_WORD = 8, 64
"""Words of a question, and characters of one, up to which lists are used: each word is looked for in the lists of all,
and of more words SQLite is the faster one."""
_BRIEF = 20_000
"""Contexts in the lists of a search that takes less than a millisecond, at most."""
_BRIEF_WORDS, _BRIEF_QUERY, _BRIEF_LIMIT, _BRIEF_SIZE = 4, 200, 20, 4 << 10
"""Words and characters of the question of such a search, hits, and bytes of the value of one, at most."""
_LONGEST = 400_000
"""Contexts in a list, at most: 8 MB."""
_CHANGED, _SHARE = 500, 0.1
"""Changes after which a list is read again; of a shorter one, this share of its length."""
_QUIET_S = 1.0
"""Seconds after the last change when lists from before it are read again."""
_SLACK, _DRIFT = 0.05, 0.02
"""After changes, all are ranked again that have nearly as much by the lists as the last one that is wanted: less by the
share `_SLACK` at most. If a score is another than that by the lists by more than `_DRIFT`, the lists are read again."""

_IS_SHORT = contexts.c.size <= sa.func.coalesce(sa.bindparam("most", type_=sa.Integer), contexts.c.size)
_SHORT_BODY = sa.case((_IS_SHORT, context_versions.c.body)).label("body")


def _rows(*columns: sa.ColumnElement[Any]) -> Prepared:
    newest = (context_versions.c.context == contexts.c.id) & (context_versions.c.version == contexts.c.version)
    return Prepared(
        sa.select(*columns, _SHORT_BODY, context_versions.c.codec)
        .join(context_versions, newest)
        .where(among(contexts.c.id, "ids"), alive(sa.bindparam("workspace"), sa.bindparam("now"), of_few=True))
    )


@dataclass(frozen=True)
class _Form(Generic[T]):
    """A form in which contexts that were found are returned."""

    rows: Prepared
    """Reads what it needs of some contexts."""
    make: Callable[[Any, float, str], T]
    """Makes it of a row, its score and the question."""


def _line_of(row: Any, score: float, query: str) -> dict[str, Any]:
    return hit_line(row, score, words.excerpt_of(row, query))


_c = contexts.c
_HITS = _Form(_rows(*_c), words.hit_of)
_LINES = _Form(_rows(_c.id, _c.key, _c.version, _c.tags, _c.updated_at, _c.data_key), _line_of)


class RankedWords:
    """The searches of one process. Any thread may call. Methods raise `StoreError`, and `InvalidContext` for a
    filter."""

    def __init__(self, kept: Contexts, most_bytes: int = 32 << 20) -> None:
        """`most_bytes`: of all lists in memory."""
        self._kept = kept
        self.lists = KeptLists(self._read, most_bytes)
        self._order: KeyOrder | None = None
        """That of the workspace of which a list was read last; of the thread that reads them."""

    def search(self, workspace: str, query: str, wanted: Filter = Filter(), *, limit: int = 20) -> list[Hit]:  # noqa: B008
        """Contexts with any of the words of `query` in their key, tags or value, the best first."""
        hits = self.search_with_lists(workspace, query, limit=limit) if wanted == Filter() else None
        return self._kept.search(workspace, query, wanted, limit=limit) if hits is None else hits

    def search_with_lists(self, workspace: str, query: str, *, limit: int = 20) -> list[Hit] | None:
        """As `search`; None: some lists have to be read first, which a thread does."""
        return self._search(_HITS, workspace, query, limit, is_brief=False)

    def lines_at_once(self, workspace: str, query: str, *, limit: int = 20) -> list[dict[str, Any]] | None:
        """What `hit_json` makes of the hits of `search`, where that takes less than a millisecond: fit for the thread
        of an event loop. None: it takes longer."""
        return self._search(_LINES, workspace, query, limit, is_brief=True)

    def close(self) -> None:
        """End the thread that reads lists. The contexts must still be open."""
        self.lists.close()

    def _search(self, form: _Form[T], workspace: str, query: str, limit: int, *, is_brief: bool) -> list[T] | None:
        asked = words.asked_words(query)
        if self._kept.is_server or not 0 < len(asked) <= _MOST_WORDS or limit < 1:
            return None
        if max(map(len, asked)) > _LONGEST_WORD:
            return None
        if is_brief and (
            len(asked) > _BRIEF_WORDS
            or len(query) > _BRIEF_QUERY
            or limit > _BRIEF_LIMIT
            or None in self.lists.get([(workspace, word) for word in asked])
        ):
            return None
        with self._kept.snapshot() as db:
            reader = WordReader(db, workspace, self._kept.clock.now())
            found = self._found(reader, form.rows, asked, limit, is_brief=is_brief)
        if found is None:
            return None
        self._kept.count_hits(workspace, [row.key for row, _ in found])
        return [form.make(row, score, query) for row, score in found]

    def _found(
        self, reader: WordReader, rows: Prepared, asked: list[str], limit: int, *, is_brief: bool
    ) -> _Found | None:
        mark = reader.mark
        keys = [(reader.workspace, word) for word in asked]
        lists = None if mark is None else self._lists_for(reader, keys, mark, is_brief=is_brief)
        if mark is None or lists is None:
            return None
        oldest = min(one.mark for one in lists)
        if oldest == mark:
            return _best(reader, rows, lists, limit, most_size=_BRIEF_SIZE if is_brief else None)
        if reader.now - mark[1] > _QUIET_S:
            self.lists.want(key for key, one in zip(keys, lists, strict=True) if one.mark != mark)
        changed = reader.changed_since(oldest)
        found = (
            None if changed is None else _best(reader, rows, lists, limit, _Again(reader, mark, asked, lists, changed))
        )
        if found is None:
            self.lists.drop(keys)
            self.lists.want(keys)
        return found

    def _lists_for(self, reader: WordReader, keys: list[Key], mark: Mark, *, is_brief: bool) -> list[WordList] | None:
        """The lists of these words; None: some have to be read first, or take long to be searched."""
        kept = self.lists.get(keys)
        if is_brief:
            fresh = [one for one in kept if one is not None and one.mark == mark]
            return fresh if len(fresh) == len(keys) and sum(len(one.ids) for one in fresh) <= _BRIEF else None
        lists = {key: one for key, one in zip(keys, kept, strict=True) if one is not None and _serves(one, mark)}
        counts = {key: reader.count(key[1], _SHORT + 1) for key in keys if key not in lists}
        missing = sorted(counts, key=counts.__getitem__)
        last = bisect(list(accumulate(counts[key] for key in missing)), _SHORT)
        for key in missing[:last]:
            lists[key] = reader.read_short(key[1], mark)
            self.lists.keep(key, lists[key])
        self.lists.want(missing[last:])
        return None if last < len(missing) else [lists[key] for key in keys]

    def _read(self, key: Key) -> WordList | None:
        workspace, word = key
        with self._kept.snapshot() as db:
            reader = WordReader(db, workspace, self._kept.clock.now())
            mark = reader.mark
            is_long = mark is None or reader.count(word, _LONGEST + 1) > _LONGEST
            if mark is None or is_long:
                return None
            order = self._order = reader.key_order(self._order)
            return None if order is None else reader.read_long(word, mark, order)


def _serves(one: WordList, mark: Mark) -> bool:
    """Whether a list can be used in a later state: a short one is read faster than others are ranked again."""
    changes, is_renewed = mark[0] - one.mark[0], mark[2] != one.mark[2]
    few = min(_CHANGED, _SHARE * one.of_all)
    return one.mark == mark or (one.of_all > _SHORT and 0 < changes <= few and not is_renewed)


@dataclass
class _Again:
    """Ranks contexts again, after changes."""

    reader: WordReader
    mark: Mark
    asked: Sequence[str]
    lists: Sequence[WordList]
    changed: Numbers

    def rank(self, ids: Numbers) -> tuple[Numbers, Scores] | None:
        """Some contexts and all that were changed, with their scores now; those that have none are left out. None: the
        lists are of no use any more."""
        ids = np.union1d(ids, self.changed)
        now = [self._now(word, one, ids) for word, one in zip(self.asked, self.lists, strict=True)]
        newer = [one for one in now if one is not None]
        if len(newer) < len(now):
            return None
        scores = sums(newer, ids)
        return ids[scores > 0], scores[scores > 0]

    def _now(self, word: str, one: WordList, ids: Numbers) -> WordList | None:
        """What a list would have of some contexts. None: it has drifted, of which those tell that are in its `sample`,
        too: where a word has become rarer, contexts that were not among the best may be by now."""
        if one.mark == self.mark:
            return one
        now = self.reader.read_some(word, self.mark, np.union1d(ids, one.sample))
        same = ~np.isin(now.ids, self.changed)
        before = sums([one], now.ids[same])
        is_known = len(before) or len(one.ids) <= len(self.changed)
        has_drifted = np.any(np.abs(now.scores[same] - before) > _DRIFT * before)
        return now if is_known and not has_drifted else None


def _best(
    reader: WordReader,
    which: Prepared,
    lists: Sequence[WordList],
    limit: int,
    again: _Again | None = None,
    most_size: int | None = None,
) -> _Found | None:
    """The best contexts by their lists, or ranked `again`. More are looked at if some have expired. `most_size`:
    bytes of a value, at most, for who has little time. None: the lists are of no use any more, or it takes longer."""
    count = limit
    while True:
        ids, scores, from_here = best(lists, count, 0.0 if again is None else _SLACK)
        if again is not None:
            ranked = again.rank(ids)
            if ranked is None:
                return None
            (ids, scores), from_here = ranked, from_here * (1 + _DRIFT)
        chosen, of_them = (some.tolist() for some in first_of(lists, ids, scores, count))
        score_of = dict(zip(chosen, of_them, strict=True))
        rows = which.run(reader.db, ids=chosen, workspace=reader.workspace, now=reader.now, most=most_size)
        if any(row.body is None for row in rows):
            return None
        found = [(row, score_of[row.id]) for row in rows]
        found.sort(key=lambda one: (-one[1], one[0].key))
        if not from_here or (len(found) >= limit and found[limit - 1][1] >= from_here):
            return found[:limit]
        if most_size is not None:
            return None
        count *= 4
