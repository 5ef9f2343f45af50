"""The vectors of chunks of tool outputs: `nearest` finds the chunks whose vectors are like that of a question,
`made_vectors` makes those that are missing."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from penstock.contexts.vectors import WEAK
from penstock.memory.embedders import Embedder, vectors_of
from penstock.outputs.schema import chunks, outputs
from penstock.store.originals import unpacked

__all__ = ["made_vectors", "nearest"]

_AT_ONCE = 200
"""Chunks that are embedded in one go."""


def made_vectors(db: sa.Connection, project: int, embedder: Embedder) -> list[dict[str, Any]]:
    """Vectors of some chunks that have none of this embedder: `chunk` and `made`. Empty: all have one. Raises
    `MemoryDown`."""
    lacking = (
        sa.select(chunks.c.id, chunks.c.first, chunks.c.last, chunks.c.output, outputs.c.text)
        .join(outputs)
        .where(outputs.c.project == project, chunks.c.embedder != embedder.name)
        .order_by(chunks.c.output)
        .limit(_AT_ONCE)
    )
    texts: list[str] = []
    ids: list[int] = []
    whole, at = "", 0
    for row in db.execute(lacking):
        if row.output != at:
            whole, at = unpacked(row.text), row.output
        ids.append(row.id)
        texts.append(whole[row.first : row.last])
    if not ids:
        return []
    vectors = vectors_of(embedder, texts).astype(np.float16)
    return [{"chunk": i, "made": vector.tobytes()} for i, vector in zip(ids, vectors, strict=True)]


def nearest(db: sa.Connection, project: int, embedder: Embedder, question: str, limit: int) -> list[int]:
    """The chunks whose vectors are nearest to that of `question`, the nearest first, without those that are far from
    it. Raises `MemoryDown`."""
    found = sa.select(chunks.c.id, chunks.c.vector).join(outputs)
    rows = db.execute(found.where(outputs.c.project == project, chunks.c.embedder == embedder.name)).all()
    if not rows:
        return []
    raw = np.frombuffer(b"".join(row.vector for row in rows), np.float16).reshape(len(rows), -1)
    cosines = raw.astype(np.float32) @ vectors_of(embedder, [question])[0]
    order = np.argsort(-cosines, kind="stable")[:limit]
    return [rows[i].id for i in order.tolist() if cosines[i] >= WEAK]
