"""`VectorSearch`: finds contexts by meaning, with vectors of their keys, tags and values; `fused` merges its hits with
those of the search by words.

Vectors are made when they are asked for, some hundred at a time, and in between by `catch_up`: a write does not wait
for them. All vectors of a workspace are compared with that of the question.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from penstock.contexts.contexts import Contexts
from penstock.contexts.filters import alive, fitting
from penstock.contexts.finding import head_of
from penstock.contexts.records import Filter, Hit
from penstock.contexts.schema import changes, context_vectors, context_versions, contexts
from penstock.contexts.values import text_of
from penstock.contexts.words import excerpt
from penstock.memory.embedders import Embedder, vectors_of

__all__ = ["VectorSearch", "fused"]

_AT_ONCE = 500
"""The most vectors that a search makes before it answers."""
_TEXT = 8_000
"""Characters of a value that its vector is made of."""
_LOOKED_AT = 1_000
"""Contexts that are read at once to find those that fit a filter, the nearest first."""
_NEWEST = sa.select(contexts, context_versions.c.body, context_versions.c.codec).join(
    context_versions,
    (context_versions.c.context == contexts.c.id) & (context_versions.c.version == contexts.c.version),
)
_RANKED = 60
"""How little the first places count above those behind them: Cormack et al., Reciprocal Rank Fusion, SIGIR 2009."""
WEAK = 0.3
"""Cosines below may be of texts about something else: of unrelated paragraphs, 19 of 20 come to 0.25 or less."""


@dataclass
class _Matrix:
    """The vectors of one workspace. A context with a new vector is in it twice; the later one counts."""

    numbers: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    vectors: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty((0, 0), np.float32))
    seq: int = 0
    """The last vector of all workspaces that was looked at."""
    counted_at: int = 0
    """The change at which it was last compared with how many there are."""


class VectorSearch:
    """The vector search in one file of contexts. Any thread may call. `embedder` is called when vectors are first
    needed, and raises `MemoryDown` if there is none."""

    def __init__(self, kept: Contexts, embedder: Callable[[], Embedder]) -> None:
        self._kept, self._open = kept, embedder
        self._lock = threading.Lock()
        self._embedder: Embedder | None = None
        self._known: dict[str, _Matrix] = {}
        self._done: dict[str | None, int] = {}
        """The change up to which nothing lacks a vector, by workspace; of all of them under None."""

    def search(
        self,
        workspace: str,
        query: str,
        wanted: Filter | None = None,
        *,
        limit: int = 20,
    ) -> tuple[list[Hit], bool]:
        """The contexts nearest to `query`, and whether all contexts have their vectors by now. Raises `MemoryDown`,
        `StoreError` and `InvalidContext`."""
        with self._lock:
            embedder = self._embedder or self._open()
            self._embedder = embedder
            is_complete = self._embed(embedder, workspace) < _AT_ONCE
            matrix = self._refreshed(embedder, workspace)
            numbers, vectors = matrix.numbers, matrix.vectors
            asked = vectors_of(embedder, [query])[0]
        cosines = vectors @ asked
        conditions = [contexts.c.data_key.is_(None), alive(workspace, self._kept.clock.now(), of_few=True)]
        fit = sa.select(contexts.c.id).where(*conditions, *fitting(wanted or Filter()))
        near: dict[int, float] = {}
        with self._kept.snapshot() as db:
            for some in _nearest(cosines, limit):  # the nearest may all be others than those that are wanted
                fits = set(db.scalars(fit.where(contexts.c.id.in_(numbers[some].tolist()))))
                found = zip(numbers[some].tolist(), cosines[some].tolist(), strict=True)
                near |= [one for one in found if one[0] in fits and one[0] not in near][: limit - len(near)]
                if len(near) == limit:
                    break
            rows = {row.id: row for row in db.execute(_NEWEST.where(contexts.c.id.in_(list(near))))}
        return [_hit(rows[number], cosine, query) for number, cosine in near.items()], is_complete

    def catch_up(self) -> None:
        """Make some of the missing vectors, in all workspaces, if vectors were ever searched. Raises `MemoryDown` and
        `StoreError`."""
        made = _AT_ONCE
        while made == _AT_ONCE:
            with self._lock:  # taken for each batch: a search need not wait for all of them
                made = 0 if self._embedder is None else self._embed(self._embedder, None)

    def _embed(self, embedder: Embedder, workspace: str | None) -> int:
        """Make vectors that are missing or of an older version, the newest contexts first. Returns how many were
        made."""
        has_one = (context_vectors.c.context == contexts.c.id) & (context_vectors.c.version == contexts.c.version)
        lacking = (
            _NEWEST.where(contexts.c.deleted_at.is_(None), contexts.c.data_key.is_(None))
            .where(~sa.exists().where(has_one & (context_vectors.c.embedder == embedder.name)))
            .order_by(contexts.c.updated_at.desc())
            .limit(_AT_ONCE)
        )
        if workspace is not None:
            lacking = lacking.where(contexts.c.workspace == workspace)
        done = max(self._done.get(workspace, 0), self._done.get(None, 0))
        with self._kept.snapshot() as db:
            oldest, newest = _changes(db)
            if done and oldest <= done + 1:  # else changes since are not kept any more: every context is looked at
                lacking = lacking.where(contexts.c.id.in_(_changed_after(done)))
            rows = [] if 0 < done == newest else db.execute(lacking).all()
        if rows:
            texts = [f"{row.key} {' '.join(row.tags)} {text_of(row.body, row.codec)[:_TEXT]}" for row in rows]
            vectors = vectors_of(embedder, texts).astype(np.float16)
            made = [
                {"context": row.id, "version": row.version, "embedder": embedder.name, "vector": vector.tobytes()}
                for row, vector in zip(rows, vectors, strict=True)
            ]
            with self._kept.write("", "vectors") as writer:
                writer.set_vectors(made)
        if len(rows) < _AT_ONCE:
            self._done[workspace] = newest
        return len(rows)

    def _refreshed(self, embedder: Embedder, workspace: str) -> _Matrix:
        known = self._known.setdefault(workspace, _Matrix(vectors=np.empty((0, embedder.dimension), np.float32)))
        vectors = (
            sa.select(context_vectors.c.context, context_vectors.c.vector)
            .join(contexts, contexts.c.id == context_vectors.c.context)
            .where(contexts.c.workspace == workspace, context_vectors.c.embedder == embedder.name)
            .order_by(context_vectors.c.seq)
        )
        of_it = (
            sa.select(sa.func.count())
            .select_from(context_vectors)
            .join(contexts, contexts.c.id == context_vectors.c.context)
            .where(contexts.c.workspace == workspace, context_vectors.c.embedder == embedder.name)
        )
        with self._kept.snapshot() as db:
            _, newest = _changes(db)
            last = db.execute(sa.select(sa.func.max(context_vectors.c.seq))).scalar() or 0
            is_old = last > known.seq
            rows = db.execute(vectors.where(context_vectors.c.seq > known.seq)).all() if is_old else []
            if newest - known.counted_at > _LOOKED_AT:  # not each time: it looks at every vector
                known.counted_at = newest
                count = int(db.execute(of_it).scalar_one())
                if len(known.numbers) + len(rows) > 2 * count + _LOOKED_AT and known.seq:
                    known = self._known[workspace] = _Matrix(vectors=known.vectors[:0], counted_at=newest)
                    rows = db.execute(vectors).all()  # most of it is gone or superseded
        known.seq = last
        if rows:
            numbers = np.array([row.context for row in rows], np.int64)
            stays = ~np.isin(known.numbers, numbers)
            added = (
                np.frombuffer(b"".join(row.vector for row in rows), np.float16)
                .reshape(len(rows), -1)
                .astype(np.float32)
            )
            known.numbers = np.concatenate([known.numbers[stays], numbers])
            known.vectors = np.concatenate([known.vectors[stays], added])
        return known


def _nearest(cosines: npt.NDArray[np.float32], first: int) -> Iterator[npt.NDArray[np.intp]]:
    """The places of the largest cosines, so many; then those of all, the largest first, a thousand at a time: to sort
    them all takes long."""
    if first < len(cosines):
        some = np.argpartition(-cosines, first)[:first]
        yield some[np.argsort(-cosines[some], kind="stable")]
    order = np.argsort(-cosines, kind="stable")
    for at in range(0, len(order), _LOOKED_AT):
        yield order[at : at + _LOOKED_AT]


def _changes(db: sa.Connection) -> tuple[int, int]:
    """The oldest change that is kept, and the newest; 0 where there is none."""
    ends = sa.select(*(sa.select(end(changes.c.seq)).scalar_subquery() for end in (sa.func.min, sa.func.max)))
    oldest, newest = db.execute(ends).one()
    return oldest or 0, newest or 0


def _changed_after(cursor: int) -> sa.Select[Any]:
    """The numbers of contexts that were changed after `cursor`."""
    of_change = contexts.alias("changed")
    same = (of_change.c.workspace == changes.c.workspace) & (of_change.c.key == changes.c.key)
    return sa.select(of_change.c.id).join(changes, same).where(changes.c.seq > cursor)


def _hit(row: sa.Row[Any], cosine: float, query: str) -> Hit:
    return Hit(head_of(row), cosine, excerpt(text_of(row.body, row.codec), query), cosine < WEAK)


def fused(lists: Sequence[Sequence[Hit]], limit: int) -> list[Hit]:
    """Merge rankings into one by reciprocal rank: a hit near the top of several comes first. Its score is the sum."""
    scores: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for one in lists:
        for place, hit in enumerate(one):
            scores[hit.head.key] = scores.get(hit.head.key, 0.0) + 1 / (_RANKED + 1 + place)
            if hit.head.key not in hits or not hit.weak:
                hits[hit.head.key] = hit
    first = sorted(hits, key=lambda key: (-scores[key], key))[:limit]
    return [Hit(hits[key].head, scores[key], hits[key].excerpt, hits[key].weak) for key in first]
