"""Statements for SQLite's driver itself, where each read or write needs them: what SQLAlchemy does around one takes
several times as long as SQLite does for it. They raise `sqlite3.Error`."""

from __future__ import annotations

import json
import sqlite3
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

__all__ = ["Query", "insert", "run", "update"]


class Query:
    """A select statement whose parameters are named, made into text once. Lists in its rows are read from JSON."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
        self._text, self._values = str(compiled), compiled.params
        self._columns = tuple(statement.selected_columns.keys())
        self._lists = [column.name for column in statement.selected_columns if isinstance(column.type, sa.JSON)]

    def first(self, db: sa.Connection, **values: Any) -> Any:
        """The first row, with its columns as attributes; None where there is none."""
        found = run(db, self._text, {**self._values, **values}).fetchone()
        return None if found is None else self._row(found)

    def all(self, db: sa.Connection, **values: Any) -> list[Any]:
        """All rows, as `first` has them."""
        return [self._row(found) for found in run(db, self._text, {**self._values, **values})]

    def _row(self, found: tuple[Any, ...]) -> SimpleNamespace:
        row = SimpleNamespace(**dict(zip(self._columns, found, strict=True)))
        for name in self._lists:
            setattr(row, name, json.loads(getattr(row, name)))
        return row


def run(db: sa.Connection, statement: str, values: Any = ()) -> sqlite3.Cursor:
    """Execute a statement within the transaction of `db`."""
    raw: Any = db.connection.driver_connection
    cursor: sqlite3.Cursor = raw.execute(statement, values)
    return cursor


def insert(db: sa.Connection, table: sa.Table, **values: Any) -> None:
    """Add a row."""
    names = ", ".join(f'"{name}"' for name in values)
    run(db, f"INSERT INTO {table.name} ({names}) VALUES ({', '.join(f':{name}' for name in values)})", _bound(values))


def update(db: sa.Connection, table: sa.Table, number: int, **values: Any) -> None:
    """Change the row with this `id`."""
    changed = ", ".join(f'"{name}" = :{name}' for name in values)
    run(db, f"UPDATE {table.name} SET {changed} WHERE id = :id", {**_bound(values), "id": number})


def _bound(values: dict[str, Any]) -> dict[str, Any]:
    return {name: json.dumps(value) if isinstance(value, list) else value for name, value in values.items()}
