"""The full-text index of contexts (SQLite FTS5, ranked by BM25): finds them by any of the words asked for in key, value
or tags, and cuts the excerpt of a hit. Words are stemmed as in the memory, so that one question finds the same in
both."""

from __future__ import annotations

import re

import sqlalchemy as sa

from penstock.text.stems import terms

__all__ = ["TABLE", "add", "create", "excerpt", "match", "remove", "scrub"]

TABLE = "context_words"
_INDEXED = 200_000
"""Characters of a value that are indexed, from its beginning."""
_ASKED = 64
"""The most words of a question that are searched."""
_PLAIN = re.compile(r'["\x00\ud800-\udfff]')
_ESCAPE = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
"""Escape sequences of JSON, whose letters are no part of a word."""
_AROUND = 120
"""Characters shown on each side of the first word that was found."""


def create(db: sa.Connection) -> None:
    """Create the index if it does not exist."""
    made = f"""CREATE VIRTUAL TABLE IF NOT EXISTS {TABLE}
        USING fts5(scope, text, tokenize='unicode61 tokenchars ''_''')"""
    db.exec_driver_sql(made)


def add(db: sa.Connection, number: int, workspace: str, said: str) -> None:
    """Index the context of this number, in place of its earlier entry. `said`: its key, tags and value as text."""
    remove(db, number)
    stems = " ".join(terms(_ESCAPE.sub(" ", said[:_INDEXED])))
    db.exec_driver_sql(f"INSERT INTO {TABLE}(rowid, scope, text) VALUES (?, ?, ?)", (number, _scope(workspace), stems))


def remove(db: sa.Connection, number: int) -> None:
    """Remove a context. Its words stay in the file until `scrub`."""
    db.exec_driver_sql(f"DELETE FROM {TABLE} WHERE rowid = ?", (number,))


def scrub(db: sa.Connection) -> None:
    """Merge the segments of the index, which hold the words of removed contexts until then."""
    db.exec_driver_sql(f"INSERT INTO {TABLE}({TABLE}) VALUES ('optimize')")


def match(query: str, workspace: str) -> str:
    """The FTS5 expression that matches any word of `query` in a workspace; empty if it has only stop words."""
    asked = [_PLAIN.sub(" ", word) for word in dict.fromkeys(terms(query))][:_ASKED]
    words = " OR ".join(f'"{word}"' for word in asked if word.strip())
    return f"scope:{_scope(workspace)} AND text:({words})" if words else ""


def excerpt(text: str, query: str) -> str:
    """The part of a value, as JSON `text`, around the first of the words of `query` in it; else its beginning."""
    lower = text.lower()
    places = [at for word in re.findall(r"\w+", query.lower()) if len(word) > 2 and (at := lower.find(word)) >= 0]
    start = max(0, min(places) - _AROUND) if places else 0
    end = min(len(text), start + 2 * _AROUND)
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _scope(workspace: str) -> str:
    """The workspace as one word of the index, whatever characters its name has."""
    return f"w{workspace.encode().hex()}"
