"""The full-text index of contexts, ranked by BM25: `search` finds them by any of the words asked for in key, value or
tags, `excerpt` cuts the part of a hit; `add` and `remove` index one, and `rebuild` all. Words are stemmed as in the
memory, so that one question finds the same in both. In SQLite it is an index of FTS5 (`words_in_sqlite`); in PostgreSQL
that of `words_in_postgres`.

Each entry says by which version of the words it was made, in a place that every version writes anew with the entry: so
those of another version are known (`has_outdated`, `outdated`), also if it wrote them a moment ago, and `renew` makes
one again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from types import ModuleType
from typing import Any

import sqlalchemy as sa
import zstandard

from penstock.base.prepared import driver
from penstock.contexts import words_in_sqlite
from penstock.contexts.filters import alive, fitting
from penstock.contexts.finding import head_of
from penstock.contexts.records import Filter, Hit
from penstock.contexts.schema import context_versions, contexts
from penstock.contexts.values import text_of
from penstock.contexts.words_in_sqlite import TABLE
from penstock.text import stems
from penstock.text.stems import terms

__all__ = [
    "TABLE",
    "add",
    "asked_words",
    "create",
    "excerpt",
    "excerpt_of",
    "has_outdated",
    "hit_of",
    "note_renewed",
    "outdated",
    "rebuild",
    "remove",
    "renew",
    "said",
    "scrub",
    "search",
]

_VERSION = f"v{stems.VERSION}"
"""What an entry is marked with."""
_INDEXED = 200_000
"""Characters of a value that are indexed, from its beginning."""
_ASKED = 64
"""The most words of a question that are searched."""
_PLAIN = re.compile(r'["\x00\ud800-\udfff]')
_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
"""Escape sequences of JSON, whose letters are no part of a word."""
_AROUND = 120
"""Characters shown on each side of the first word that was found."""


_NEWEST = (context_versions.c.context == contexts.c.id) & (context_versions.c.version == contexts.c.version)
_CURRENT = (
    sa.select(contexts, context_versions.c.body, context_versions.c.codec)
    .join(context_versions, _NEWEST)
    .where(contexts.c.deleted_at.is_(None))
)
"""The contexts that can be found, also the sealed ones: by their keys and tags."""


def create(db: sa.Connection) -> None:
    """Create the index if it does not exist; in PostgreSQL it is one of the tables."""
    if _is_server(db):
        return
    made = f"""CREATE VIRTUAL TABLE IF NOT EXISTS {TABLE}
        USING fts5(scope, text, tokenize='unicode61 tokenchars ''_''')"""
    db.exec_driver_sql(made)


def add(db: sa.Connection, number: int, workspace: str, text: str) -> None:
    """Index the context of this number, in place of its earlier entry. `text`: what `said` gives."""
    found = terms(_ESCAPE.sub(" ", text[:_INDEXED]))
    if _is_server(db):
        _in_postgres().add(db, number, found, _VERSION)
        return
    remove(db, number)
    row = (number, f"{_scope(workspace)} {_VERSION}", " ".join(found))
    driver(db).execute(f"INSERT INTO {TABLE}(rowid, scope, text) VALUES (?, ?, ?)", row)


def remove(db: sa.Connection, number: int) -> None:
    """Remove a context. Its words stay in the file until `scrub`."""
    if _is_server(db):
        _in_postgres().remove(db, number)
        return
    driver(db).execute(f"DELETE FROM {TABLE} WHERE rowid = ?", (number,))


def has_outdated(db: sa.Connection) -> bool:
    """Whether there are entries of another version. Takes 3 ms for 100,000 in SQLite."""
    return bool((_in_postgres() if _is_server(db) else words_in_sqlite).has_outdated(db, _VERSION))


def outdated(db: sa.Connection, above: int, limit: int) -> Sequence[int]:
    """The first contexts with a number above this one that have no entry, or one of another version."""
    found = sa.select(contexts.c.id).where(contexts.c.deleted_at.is_(None), contexts.c.id > above, _is_outdated(db))
    return db.scalars(found.order_by(contexts.c.id).limit(limit)).all()


def renew(db: sa.Connection, number: int) -> None:
    """Index a context as this version does, if it is still there and no other process has."""
    for row in db.execute(_CURRENT.where(contexts.c.id == number, _is_outdated(db))).all():
        _add_row(db, row)


def _is_outdated(db: sa.Connection) -> sa.ColumnElement[bool]:
    which: sa.ColumnElement[bool] = (_in_postgres() if _is_server(db) else words_in_sqlite).is_outdated(_VERSION)
    return which


def note_renewed(db: sa.Connection) -> None:
    """Have each process forget what it keeps of the index in memory (`KeptLists`), as a change of a context does."""
    if not _is_server(db):
        words_in_sqlite.note_renewed(db)


def rebuild(db: sa.Connection) -> None:
    """Index all contexts that can be found."""
    for row in db.execute(_CURRENT, execution_options={"yield_per": 100}):
        _add_row(db, row)


def _add_row(db: sa.Connection, row: Any) -> None:
    add(db, row.id, row.workspace, said(row.key, row.tags, _text(row)))


def _text(row: Any) -> str:
    """The value of a context that was read, as far as it is indexed: nothing of a sealed one, and of one whose bytes
    were changed on disk."""
    try:
        return "" if row.data_key is not None else text_of(row.body, row.codec)
    except (zstandard.ZstdError, UnicodeDecodeError):
        return ""


def said(key: str, tags: Iterable[str], text: str) -> str:
    """What is indexed of a context with a value that is `text` as JSON."""
    return f"{key} {' '.join(tags)} {text}"


def scrub(db: sa.Connection) -> None:
    """Merge the segments of the index, which hold the words of removed contexts until then. PostgreSQL's vacuum does
    so by itself."""
    if _is_server(db):
        return
    db.exec_driver_sql(f"INSERT INTO {TABLE}({TABLE}) VALUES ('optimize')")


def search(db: sa.Connection, workspace: str, query: str, wanted: Filter, now: float, limit: int) -> list[Hit]:
    """Contexts of a workspace that hold any of the words of `query`, the best first."""
    asked = asked_words(query)
    if not asked:
        return []
    found = (
        _in_postgres().find(db, asked, limit, [alive(workspace, now), *fitting(wanted)])
        if _is_server(db)
        else words_in_sqlite.find(db, asked, workspace, wanted, now, limit)
    )
    return [hit_of(row, score, query) for row, score in found]


def hit_of(row: Any, score: float, query: str) -> Hit:
    """A context that was found, of its row with `body` and `codec`."""
    return Hit(head_of(row), score, excerpt_of(row, query))


def excerpt_of(row: Any, query: str) -> str:
    """The excerpt of a context that was found; empty for a sealed one."""
    return "" if row.data_key is not None else excerpt(text_of(row.body, row.codec), query)


def asked_words(query: str) -> list[str]:
    """The words of a question, as they are in the index."""
    words = [_PLAIN.sub(" ", word) for word in dict.fromkeys(terms(query))][:_ASKED]
    return [word for word in words if word.strip()]


def excerpt(text: str, query: str) -> str:
    """The part of a value, as JSON `text`, around the first of the words of `query` in it; else its beginning."""
    find = text.lower().find
    places = [at for word in _long_words(query) if (at := find(word)) >= 0]
    start = max(0, min(places) - _AROUND) if places else 0
    end = min(len(text), start + 2 * _AROUND)
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


@lru_cache(maxsize=100)
def _long_words(query: str) -> tuple[str, ...]:
    """Looked for in each hit of a search."""
    return tuple(word for word in re.findall(r"\w+", query.lower()) if len(word) > 2)


def _is_server(db: sa.Connection) -> bool:
    return db.dialect.name != "sqlite"


def _in_postgres() -> ModuleType:
    from penstock.contexts import words_in_postgres  # not imported by those who do without

    return words_in_postgres


def _scope(workspace: str) -> str:
    """The workspace as one word of the index, whatever characters its name has."""
    return f"w{workspace.encode().hex()}"
