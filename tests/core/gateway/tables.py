"""Reads the tables of the gateway's file directly (`rows`, `dump`), and makes a call to be admitted (`call`)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from penstock.gateway.holds import Call
from penstock.gateway.schema import metadata

__all__ = ["call", "dump", "rows"]


def rows(path: Path, table: str, order: str = "1, 2, 3") -> list[dict[str, Any]]:
    """All rows of a table."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(f'SELECT * FROM "{table}" ORDER BY {order}')]


def dump(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Everything in the file."""
    return {name: rows(path, name) for name in metadata.tables}


def call(number: str, key: str = "k", *, tokens: int = 10, dollars: int = 10, model: str = "m") -> Call:
    """A request of `key` in the workspace `default` for a model of the provider `p`. Half of it is its input."""
    return Call(number, "default", key, "p", model, "s", tokens // 2, dollars // 2, tokens, dollars)
