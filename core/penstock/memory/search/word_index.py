"""`WordIndex`: the full-text index of memory in SQLite: two FTS5 tables for each project, built from the memory's
database. Its subclass in `postgres_words.py` is the one in PostgreSQL. `reading`: a block in which errors of the driver
become `MemoryDown`.

Each project has tables of its own, so that other projects change neither its ranking nor its speed. They hold no text,
only where stems stand, and which identifiers and paths contain three characters in a row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from penstock.base.errors import MemoryDown
from penstock.text.stems import identifiers, terms

__all__ = ["PREFIX_SCAN", "WordIndex", "reading"]

_PLAIN = re.compile(r'["\x00]')
PREFIX_SCAN = 50_000
"""The most words with the first letter of a misspelled one that are compared."""


class WordIndex:
    """The words of one project. Every method takes the connection, so that it joins the transaction of the memory's
    database."""

    def __init__(self, project: int) -> None:
        self._stems = f"words_{int(project)}"
        self._pieces = f"pieces_{int(project)}"
        self._vocabulary = f"vocabulary_{int(project)}"

    def create(self, db: sa.Connection) -> None:
        """Create the tables that do not exist."""
        for name, tokens in (
            (self._stems, "unicode61 remove_diacritics 2 tokenchars ''_''"),
            (self._pieces, "trigram"),
        ):
            db.execute(
                sa.text(f"CREATE VIRTUAL TABLE IF NOT EXISTS {name} USING fts5(text, content='', tokenize='{tokens}')")
            )
        db.execute(
            sa.text(f"CREATE VIRTUAL TABLE IF NOT EXISTS {self._vocabulary} USING fts5vocab({self._stems}, row)")
        )

    def drop(self, db: sa.Connection) -> None:
        """Remove the tables of the index; the items stay."""
        for name in (self._vocabulary, self._stems, self._pieces):
            db.execute(sa.text(f"DROP TABLE IF EXISTS {name}"))

    def add(self, db: sa.Connection, rows: Iterable[tuple[int, str]]) -> None:
        """Index passages: number and text."""
        self._write(db, rows, "INSERT INTO {name}(rowid, text) VALUES (:id, :text)")

    def remove(self, db: sa.Connection, rows: Sequence[tuple[int, str]]) -> None:
        """Remove passages. The texts must be those that were added, since the tables do not store them."""
        self._write(db, rows, "INSERT INTO {name}({name}, rowid, text) VALUES ('delete', :id, :text)")
        for name in (self._stems, self._pieces):
            # Until its segments are merged, an index goes on holding the words of what was deleted.
            db.execute(sa.text(f"INSERT INTO {name}({name}) VALUES ('optimize')"))

    def frequent(self, db: sa.Connection, stems: Iterable[str], most: int) -> dict[str, int]:
        """The commonest of these stems, without which the others have `most` passages or fewer in sum, and how many
        have each: in an index that cannot read the newest of them without all others. `holding` is not asked for these.
        This one can."""
        return {}

    def holding(self, db: sa.Connection, stems: Iterable[str], newest: int) -> dict[str, npt.NDArray[np.int64]]:
        """By stem, the passages that have it, at most so many of the `newest`; stems without passages are left out. All
        are read with one query, since many short ones take many times as long."""
        asked = list(dict.fromkeys(stems))
        found = self._newest(db, list(map(_quoted, asked)), newest)
        return {asked[at]: passages for at, passages in found.items()}

    def holding_with(
        self, db: sa.Connection, asked: Mapping[str, Sequence[str]], newest: int
    ) -> dict[str, npt.NDArray[np.int64]]:
        """By stem, the newest passages that have it and any of the others that `asked` has for it. It takes as long as
        to read those, however frequent the stem is."""
        queries = [f"{_quoted(stem)} AND ({' OR '.join(map(_quoted, others))})" for stem, others in asked.items()]
        found = self._newest(db, queries, newest)
        return {stem: found[at] for at, stem in enumerate(asked) if at in found}

    def holding_lately(self, db: sa.Connection, stems: Iterable[str], first: int) -> dict[str, npt.NDArray[np.int64]]:
        """By stem, the passages from the number `first` on that have it: for frequent stems."""
        raise NotImplementedError("here none is `frequent`")

    def _newest(self, db: sa.Connection, asked: Sequence[str], newest: int) -> dict[int, npt.NDArray[np.int64]]:
        some = f"SELECT rowid FROM {self._stems} WHERE {self._stems} MATCH asked.value ORDER BY rowid DESC LIMIT ?"
        found = f"SELECT asked.key, (SELECT group_concat(rowid) FROM ({some})) FROM json_each(?) AS asked"
        with reading():
            rows = db.exec_driver_sql(found, (newest, json.dumps(asked))).all()
        return {at: np.array(numbers.split(","), np.int64) for at, numbers in rows if numbers}

    def commonest(self, db: sa.Connection, limit: int) -> list[str]:
        """The most frequent stems that consist of letters."""
        with reading():
            found = f"SELECT term FROM {self._vocabulary} WHERE term NOT GLOB '*[^a-z]*' AND length(term) > 2"
            rows = db.exec_driver_sql(f"{found} ORDER BY doc DESC LIMIT ?", (limit,)).all()
            return [row[0] for row in rows]

    def with_piece(self, db: sa.Connection, pieces: Iterable[str], limit: int) -> dict[str, list[int]]:
        """By piece (three characters or more), at most `limit` passages with an identifier or path that contains it;
        pieces without passages are left out."""
        asked = [piece for piece in dict.fromkeys(pieces) if len(piece) >= 3]
        if not asked:
            return {}
        with reading():
            some = f"SELECT rowid FROM {self._pieces} WHERE {self._pieces} MATCH asked.value LIMIT ?"
            found = f"SELECT asked.key, (SELECT group_concat(rowid) FROM ({some})) FROM json_each(?) AS asked"
            rows = db.exec_driver_sql(found, (limit, json.dumps(list(map(_quoted, asked))))).all()
            return {asked[at]: list(map(int, numbers.split(","))) for at, numbers in rows if numbers}

    def beginning_like(self, db: sa.Connection, stem: str) -> list[str]:
        """The words of the vocabulary with a stem's first letter."""
        first = stem[:1]
        with reading():
            some = f"SELECT term FROM {self._vocabulary} WHERE term >= ? AND term < ? LIMIT ?"
            found = f"SELECT group_concat(term, char(10)) FROM ({some})"
            listed = db.exec_driver_sql(found, (first, first + "\U0010ffff", PREFIX_SCAN)).scalar()
            return listed.split("\n") if listed else []

    def _write(self, db: sa.Connection, rows: Iterable[tuple[int, str]], sql: str) -> None:
        stems: list[dict[str, Any]] = []
        pieces: list[dict[str, Any]] = []
        for number, text in rows:
            stems.append({"id": number, "text": " ".join(terms(text))})
            if names := identifiers(text):
                pieces.append({"id": number, "text": names})
        for name, values in ((self._stems, stems), (self._pieces, pieces)):
            if values:
                db.execute(sa.text(sql.format(name=name)), values)


def _quoted(word: str) -> str:
    return f'"{_PLAIN.sub(" ", word)}"'


@contextmanager
def reading() -> Iterator[None]:
    """Within the block, an error of the driver is `MemoryDown`."""
    try:
        yield
    except SQLAlchemyError as e:
        raise MemoryDown(f"the word index cannot be read: {e.__cause__ or e}") from e
