"""`Rows`: reads a table's rows in a form that is equal for SQLite and PostgreSQL, in batches (`batches`), and
summarises them (`digest`); `insertion` writes them; `as_json` writes JSON of Python as JSON."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from penstock.base.sql_types import in_postgres
from penstock.migration.errors import MigrationError

__all__ = ["Digest", "Rows", "as_json", "insertion"]

_MOST_ROWS = 1000
_MOST_BYTES = 4 << 20
"""The limits of a batch: an original may have megabytes."""
_EVERY = 10_000
"""Rows between two reports of how far a digest is."""
_POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]
_NOT_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)', re.DOTALL)
"""A text of JSON, or a number that Python writes and JSON does not have."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Digest:
    """The content of a table."""

    rows: int
    sum: int
    """Of the digests of all rows, so that their order, which differs by database, does not matter."""
    nulled: int = field(default=0, compare=False)
    """How many numbers that JSON does not have, NaN and infinity, were read as null."""


@dataclass(frozen=True)
class Rows:
    """The rows of a table on one side, without those that are left out. JSON is read and written as text: numbers stay
    as they were written."""

    table: sa.Table
    left_out: sa.ColumnElement[bool] | None = None

    def count(self, db: sa.Connection) -> int:
        """How many rows there are."""
        return int(db.execute(self._of(sa.func.count()).select_from(self.table)).scalar_one())

    def batches(self, db: sa.Connection, after: int) -> Iterator[list[Row]]:
        """All rows but the first `after` in the order of their key, in batches of at most 4 MB or one row. Raises
        `MigrationError` if PostgreSQL cannot store one."""
        out: list[Row] = []
        size = 0
        bounds = _bounds(self.table)
        for read in self._read(db, self._all().order_by(*self.table.primary_key).offset(after)):
            self._check(read, bounds)
            row = {name: self._storable(name, value)[0] for name, value in read.items()}
            weight = sum(len(value) for value in row.values() if isinstance(value, str | bytes))
            if out and (len(out) == _MOST_ROWS or size + weight > _MOST_BYTES):
                yield out
                out, size = [], 0
            out.append(row)
            size += weight
        if out:
            yield out

    def digest(self, db: sa.Connection, progress: Callable[[int], None] = lambda _: None) -> Digest:
        """The digest of all rows. `progress` is called with how many were read."""
        total = rows = nulled = 0
        for rows, row in enumerate(self._read(db, self._all()), 1):
            stored = [(self.table.c[name], *self._storable(name, value)) for name, value in row.items()]
            nulled += sum(count for _, _, count in stored)
            text = repr([_canonical(column, value) for column, value, _ in stored])
            total += int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
            if rows % _EVERY == 0:
                progress(rows)
        return Digest(rows, total % (1 << 256), nulled)

    def _all(self) -> sa.Select[Any]:
        return self._of(*(_as_text(c) if _is_json(c) else c for c in self.table.c))

    def _of(self, *columns: Any) -> sa.Select[Any]:
        found = sa.select(*columns)
        return found if self.left_out is None else found.where(~self.left_out)

    def _read(self, db: sa.Connection, found: sa.Select[Any]) -> Iterator[Row]:
        names = [c.name for c in self.table.c]
        for row in db.execute(found, execution_options={"yield_per": _MOST_ROWS}):
            yield dict(zip(names, row, strict=True))

    def _storable(self, name: str, value: Any) -> tuple[Any, int]:
        """A value as PostgreSQL stores it, without NUL in a text, and how many numbers of JSON became null."""
        if not isinstance(value, str):
            return value, 0
        column = self.table.c[name]
        text = in_postgres(column.type, value)
        return as_json(text) if _is_json(column) else (text, 0)

    def _check(self, row: Row, bounds: Mapping[str, int]) -> None:
        """Raises `MigrationError` for a text that is too long, and for a key that would be another without its NUL."""
        for name, most in bounds.items():
            value = row[name]
            if not isinstance(value, str):
                continue
            wrong = f"{len(value)} characters, and PostgreSQL takes {most}" if len(value) > most else ""
            if "\0" in value and self.table.c[name].primary_key:
                wrong = "a NUL, which PostgreSQL cannot store"
            if wrong:
                key = ", ".join(f"{c.name} = {_short(row[c.name])}" for c in self.table.primary_key)
                raise MigrationError(
                    f"{self.table.name}: {name} of the row with {key} has {wrong}: change or delete that row in the "
                    "SQLite file, then run the same command again"
                )


def insertion(table: sa.Table, names: list[str], constants: Mapping[str, Any]) -> sa.Insert:
    """The statement that inserts such rows into a table of PostgreSQL. `names`: their columns; `constants`: the values
    of others."""
    values: dict[str, Any] = dict(constants)
    for name in names:
        kind = table.c[name].type
        is_json = _is_json(table.c[name])
        bound = sa.bindparam(name, type_=sa.Text() if is_json else kind)
        values[name] = sa.cast(bound, kind) if is_json else bound
    return table.insert().values(values)


def _is_json(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.JSON)


def _as_text(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(column, sa.Text).label(column.name)


def as_json(text: str) -> tuple[str, int]:
    """JSON as Python writes it, with null for NaN and infinity, and how many there were."""
    if "NaN" not in text and "Infinity" not in text:
        return text, 0
    count = 0

    def replaced(found: re.Match[str]) -> str:
        nonlocal count
        count += found[1] is not None
        return found[0] if found[1] is None else "null"

    return _NOT_JSON.sub(replaced, text), count


def _bounds(table: sa.Table) -> dict[str, int]:
    """By column, how many characters PostgreSQL takes."""
    found = {c.name: getattr(c.type.dialect_impl(_POSTGRES), "length", None) for c in table.c}
    return {name: most for name, most in found.items() if most is not None}


def _short(value: Any) -> str:
    return repr(value[:60] if isinstance(value, str) else value)


def _canonical(column: sa.Column[Any], value: Any) -> Any:
    if value is not None and _is_json(column):
        return json.dumps(json.loads(value), sort_keys=True)
    return bytes(value) if isinstance(value, memoryview) else value
