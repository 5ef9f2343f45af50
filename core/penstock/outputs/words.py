"""`ChunkWords`: the words of the chunks of one project's tool outputs, in two full-text tables of SQLite's FTS5: stems
(`porter`) and trigrams; it also finds indexed words that are spelled like another. `asked_words`: the words of a
question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from rapidfuzz import process
from rapidfuzz.distance import OSA

from penstock.text.stems import STOP_WORDS, stem

__all__ = ["ChunkWords", "asked_words"]

_ASKED = 32
"""The most words of a question that are searched."""
_WORD = re.compile(r"\w+")
_SHORT, _LONG = 4, 8
"""Characters from which on a word may have one misspelled letter, and two."""
_VOCABULARY = 200_000
"""The most words that a misspelled one is compared with."""


class ChunkWords:
    """The words of one project, in tables of its own: other projects change neither its ranking nor its speed. Every
    method takes the connection. The tables hold no text."""

    def __init__(self, project: int) -> None:
        self._stems, self._trigrams = f"stems_{int(project)}", f"trigrams_{int(project)}"
        self._vocabulary, self._places = f"vocabulary_{int(project)}", f"places_{int(project)}"

    def create(self, db: sa.Connection) -> None:
        """Create the tables that do not exist."""
        for name, made in (
            (self._stems, "fts5(text, content='', tokenize='porter unicode61 remove_diacritics 2')"),
            (self._trigrams, "fts5(text, content='', tokenize='trigram')"),
            (self._vocabulary, f"fts5vocab({self._stems}, row)"),
            (self._places, f"fts5vocab({self._stems}, instance)"),
        ):
            db.exec_driver_sql(f"CREATE VIRTUAL TABLE IF NOT EXISTS {name} USING {made}")

    def add(self, db: sa.Connection, rows: Iterable[tuple[int, str]]) -> None:
        """Index chunks: number and text."""
        self._write(db, rows, "INSERT INTO {name}(rowid, text) VALUES (?, ?)")

    def remove(self, db: sa.Connection, rows: Iterable[tuple[int, str]]) -> None:
        """Remove chunks. The texts must be those that were added."""
        self._write(db, rows, "INSERT INTO {name}({name}, rowid, text) VALUES ('delete', ?, ?)")

    def optimize(self, db: sa.Connection) -> None:
        """Merge the segments: until then they hold the words of what was removed."""
        for name in (self._stems, self._trigrams):
            db.exec_driver_sql(f"INSERT INTO {name}({name}) VALUES ('optimize')")

    def with_stems(self, db: sa.Connection, words: Sequence[str], limit: int) -> list[int]:
        """Chunks that have a form of any of `words`: first those that have all, the best first by BM25."""
        every = self._best(db, self._stems, words, limit, " AND ")
        return list(dict.fromkeys([*every, *self._best(db, self._stems, words, limit)]))

    def with_parts(self, db: sa.Connection, words: Sequence[str], limit: int) -> list[int]:
        """Chunks in which any of `words` stands, also inside a longer word, the best first by BM25. Words of fewer than
        three characters are not looked for."""
        return self._best(db, self._trigrams, [word for word in words if len(word) >= 3], limit)

    def near(self, db: sa.Connection, words: Iterable[str]) -> dict[str, str]:
        """For each word that is spelled like an indexed one, that one's stem: one letter may differ in words of four
        characters, two in words of eight."""
        found: dict[str, str] = {}
        for word in words:
            most = (len(word) >= _SHORT) + (len(word) >= _LONG)
            if not most or not word.isalpha():
                continue
            wanted = stem(word)
            like = f"SELECT term FROM {self._vocabulary} WHERE length(term) BETWEEN ? AND ? AND term NOT GLOB '*[0-9]*'"
            sizes = (max(3, len(wanted) - most), len(wanted) + most)
            known = db.exec_driver_sql(f"{like} ORDER BY doc DESC LIMIT {_VOCABULARY}", sizes).scalars().all()
            best = process.extractOne(wanted, known, scorer=OSA.distance, score_cutoff=most)
            if best is not None:
                found[word] = best[0]
        return found

    def holding(self, db: sa.Connection, stems: Iterable[str], limit: int) -> list[int]:
        """Chunks that have any of these stems as they stand in the index, those with the most of them first."""
        asked = list(dict.fromkeys(stems))
        if not asked:
            return []
        marks = ", ".join("?" * len(asked))
        found = f"SELECT doc FROM {self._places} WHERE term IN ({marks}) GROUP BY doc"
        best = f"{found} ORDER BY count(DISTINCT term) DESC, count(*) DESC, doc DESC LIMIT {int(limit)}"
        return list(db.exec_driver_sql(best, tuple(asked)).scalars())

    def counts(self, db: sa.Connection, words: Iterable[str], upto: int) -> Mapping[str, int]:
        """By word, how many chunks have a form of it, counted up to `upto`."""
        one = f"SELECT count(*) FROM (SELECT 1 FROM {self._stems} WHERE {self._stems} MATCH ? LIMIT {int(upto)})"
        return {word: int(db.exec_driver_sql(one, (_quoted(word),)).scalar() or 0) for word in words}

    def _best(self, db: sa.Connection, name: str, words: Sequence[str], limit: int, joined: str = " OR ") -> list[int]:
        if not words:
            return []
        found = f"SELECT rowid FROM {name} WHERE {name} MATCH ? ORDER BY rank LIMIT ?"
        return list(db.exec_driver_sql(found, (joined.join(map(_quoted, words)), limit)).scalars())

    def _write(self, db: sa.Connection, rows: Iterable[tuple[int, str]], sql: str) -> None:
        # FTS5 ends a text at the first zero.
        values = [(number, text.replace("\0", " ")) for number, text in rows]
        for name in (self._stems, self._trigrams) if values else ():
            db.exec_driver_sql(sql.format(name=name), values)


def asked_words(question: str) -> list[str]:
    """The words of a question in lower case, each once, without those that say nothing unless there are no others."""
    words = list(dict.fromkeys(_WORD.findall(question.lower())))
    return ([word for word in words if word not in STOP_WORDS] or words)[:_ASKED]


def _quoted(word: str) -> str:
    return f'"{word}"'
