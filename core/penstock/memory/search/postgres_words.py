"""`PostgresWordIndex`: the full-text index of memory in PostgreSQL: GIN indexes over lexemes of our own.

It has the stems of `penstock.text.stems`, as SQLite's has, and finds the same passages.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from penstock.memory.postgres_schema import vocabulary, words
from penstock.memory.search.word_index import PREFIX_SCAN, WordIndex, reading
from penstock.text.stems import identifiers, terms

__all__ = ["PostgresWordIndex"]

_LONGEST = 400
"""Characters of a stem; a lexeme may have 2,046 bytes."""
_ALL = ""
"""The stem of all passages in the vocabulary."""

_ADD = sa.text(
    "INSERT INTO memory_words (passage, project, length, stems, pieces, names) VALUES (:passage, :project, :length, "
    "array_to_tsvector(CAST(:stems AS text[])), array_to_tsvector(CAST(:pieces AS text[])), :names)"
)
_COUNT = sa.text(
    "INSERT INTO memory_vocabulary AS v (project, stem, passages, occurrences) SELECT :project, * FROM unnest("
    "CAST(:stems AS text[]), CAST(:passages AS bigint[]), CAST(:occurrences AS bigint[])) ON CONFLICT (project, stem) "
    "DO UPDATE SET passages = v.passages + excluded.passages, occurrences = v.occurrences + excluded.occurrences"
)
"""All stems at once: a statement for each was most of what a proxy asked of the server."""
_HOLDING = sa.text(
    "SELECT asked.n, array_agg(found.passage) FROM unnest(CAST(:asked AS text[])) WITH ORDINALITY AS asked(query, n), "
    "LATERAL (SELECT w.passage FROM memory_words w WHERE w.stems @@ asked.query::tsquery ORDER BY w.passage DESC "
    "LIMIT :newest) AS found GROUP BY asked.n"
)
_LATELY = sa.text(
    # Without OFFSET the server may read all passages of the stem by its index, however few of them are this new.
    "SELECT asked.n, array_agg(late.passage) FROM unnest(CAST(CAST(:asked AS text[]) AS tsquery[])) WITH ORDINALITY "
    "AS asked(query, n), LATERAL (SELECT w.passage, w.stems FROM memory_words w WHERE w.passage >= :first "
    "AND w.project = :project OFFSET 0) AS late WHERE late.stems @@ asked.query GROUP BY asked.n"
)
_WITH_PIECE = sa.text(
    "SELECT asked.n, found.passage FROM unnest(CAST(:queries AS text[]), CAST(:pieces AS text[])) "
    "WITH ORDINALITY AS asked(query, piece, n), LATERAL (SELECT w.passage FROM memory_words w "
    "WHERE w.pieces @@ asked.query::tsquery AND position(asked.piece IN w.names) > 0 ORDER BY w.passage LIMIT :most) "
    "AS found ORDER BY asked.n, found.passage"
)
_Ints = npt.NDArray[np.int64]


class PostgresWordIndex(WordIndex):
    """The words of one project. Every method takes the connection, so that it joins the transaction of the memory's
    database."""

    def __init__(self, project: int) -> None:
        self._project = int(project)

    def create(self, db: sa.Connection) -> None:
        """Nothing: all projects have the same tables."""

    def drop(self, db: sa.Connection) -> None:
        for table in (words, vocabulary):
            db.execute(table.delete().where(table.c.project == self._project))

    def add(self, db: sa.Connection, rows: Iterable[tuple[int, str]]) -> None:
        new = [(number, Counter(_folded(terms(text))), identifiers(text)) for number, text in rows]
        if not new:
            return
        db.execute(
            _ADD,
            [
                {
                    "passage": number,
                    "project": self._project,
                    "length": counts.total(),
                    "stems": [self._lexeme(stem) for stem in counts],
                    "pieces": [self._lexeme(gram) for gram in _grams(names)] if names else None,
                    "names": names.replace("\0", "\ufffd") or None,
                }
                for number, counts, names in new
            ],
        )
        self._count(db, [counts for _, counts, _ in new], 1)

    def remove(self, db: sa.Connection, rows: Sequence[tuple[int, str]]) -> None:
        known = words.c.passage.in_([number for number, _ in rows]) & (words.c.project == self._project)
        there = set(db.scalars(words.delete().where(known).returning(words.c.passage)))
        self._count(db, [Counter(_folded(terms(text))) for number, text in rows if number in there], -1)
        none_left = (vocabulary.c.project == self._project) & (vocabulary.c.passages <= 0)
        db.execute(vocabulary.delete().where(none_left))

    def frequent(self, db: sa.Connection, stems: Iterable[str], most: int) -> dict[str, int]:
        """A GIN index gives all passages of a stem, in no order, and for each its row has to be read."""
        asked = list(stems)
        folded, v = _folded(asked), vocabulary.c
        mine = (v.project == self._project) & v.stem.in_(folded)
        with reading():
            rows = db.execute(sa.select(v.stem, v.passages).where(mine).order_by(v.passages, v.stem)).all()
        read = accumulate(row.passages for row in rows)
        known = {row.stem: int(row.passages) for row, total in zip(rows, read, strict=True) if total > most}
        return {stem: known[fold] for stem, fold in zip(asked, folded, strict=True) if fold in known}

    def holding(self, db: sa.Connection, stems: Iterable[str], newest: int) -> dict[str, _Ints]:
        asked = list(dict.fromkeys(stems))
        found = self._newest(db, [_quoted(self._lexeme(stem)) for stem in _folded(asked)], newest)
        return {asked[n]: passages for n, passages in found.items()}

    def holding_with(self, db: sa.Connection, asked: Mapping[str, Sequence[str]], newest: int) -> dict[str, _Ints]:
        found = self._newest(db, [self._with_any(stem, others) for stem, others in asked.items()], newest)
        return {stem: found[n] for n, stem in enumerate(asked) if n in found}

    def _with_any(self, stem: str, others: Sequence[str]) -> str:
        own, *rest = (_quoted(self._lexeme(one)) for one in _folded([stem, *others]))
        return f"{own} & ({' | '.join(rest)})"

    def holding_lately(self, db: sa.Connection, stems: Iterable[str], first: int) -> dict[str, _Ints]:
        asked = list(stems)
        queries = [_quoted(self._lexeme(stem)) for stem in _folded(asked)]
        with reading():
            rows = db.execute(_LATELY, {"asked": queries, "first": first, "project": self._project}).all()
        return {asked[n - 1]: np.array(some, np.int64) for n, some in rows}

    def commonest(self, db: sa.Connection, limit: int) -> list[str]:
        v = vocabulary.c
        plain = (v.project == self._project) & v.stem.regexp_match("^[a-z]{3,}$")
        with reading():
            return list(db.scalars(sa.select(v.stem).where(plain).order_by(v.passages.desc(), v.stem).limit(limit)))

    def with_piece(self, db: sa.Connection, pieces: Iterable[str], limit: int) -> dict[str, list[int]]:
        asked = [piece for piece in dict.fromkeys(pieces) if len(piece) >= 3]
        if not asked:
            return {}
        low = [piece.lower().replace("\0", "\ufffd") for piece in asked]
        queries = [" & ".join(_quoted(self._lexeme(gram)) for gram in _grams(piece)) for piece in low]
        out: dict[str, list[int]] = {}
        with reading():
            for n, passage in db.execute(_WITH_PIECE, {"queries": queries, "pieces": low, "most": limit}):
                out.setdefault(asked[n - 1], []).append(passage)
        return out

    def beginning_like(self, db: sa.Connection, stem: str) -> list[str]:
        v, first = vocabulary.c, stem[:1]
        like = (v.project == self._project) & (v.stem >= first) & (v.stem < first + "\U0010ffff") & (v.stem != _ALL)
        with reading():
            return list(db.scalars(sa.select(v.stem).where(like).order_by(v.stem).limit(PREFIX_SCAN)))

    def _newest(self, db: sa.Connection, queries: Sequence[str], newest: int) -> dict[int, _Ints]:
        """By the place of a query, the newest passages that it finds."""
        with reading():
            rows = db.execute(_HOLDING, {"asked": list(queries), "newest": newest}).all()
        return {n - 1: np.array(some, np.int64) for n, some in rows}

    def _lexeme(self, stem: str) -> str:
        return f"{self._project}:{stem}"

    def _count(self, db: sa.Connection, texts: Sequence[Counter[str]], sign: int) -> None:
        passages, occurrences = Counter[str](), Counter[str]()
        for counts in texts:
            passages.update([_ALL, *counts])
            occurrences.update(counts)
            occurrences[_ALL] += counts.total()
        if not passages:
            return
        stems = sorted(passages)
        how_often = {
            "passages": [sign * passages[stem] for stem in stems],
            "occurrences": [sign * occurrences[stem] for stem in stems],
        }
        db.execute(_COUNT, {"project": self._project, "stems": stems, **how_often})


def _folded(stems: Iterable[str]) -> list[str]:
    """Stems without diacritics, as SQLite's index has them."""
    return [stem[:_LONGEST] if stem.isascii() else _without_marks(stem)[:_LONGEST] for stem in stems]


def _without_marks(stem: str) -> str:
    apart = unicodedata.normalize("NFD", stem)
    return unicodedata.normalize("NFC", "".join(one for one in apart if not unicodedata.combining(one))).lower()


def _grams(text: str) -> list[str]:
    """Every sequence of three characters."""
    return list(dict.fromkeys(text[n : n + 3].replace("\0", "\ufffd") for n in range(len(text) - 2)))


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
