"""`Rows`: reads a table's rows in a form that is equal for SQLite and PostgreSQL, in batches (`batches`), and
summarises them (`digest`); `insertion` writes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

__all__ = ["Digest", "Rows", "insertion"]

_MOST_ROWS = 1000
_MOST_BYTES = 4 << 20
"""The limits of a batch: an original may have megabytes."""
_EVERY = 10_000
"""Rows between two reports of how far a digest is."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Digest:
    """The content of a table."""

    rows: int
    sum: int
    """Of the digests of all rows, so that their order, which differs by database, does not matter."""


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
        """All rows but the first `after` in the order of their key, in batches of at most 4 MB or one row."""
        out: list[Row] = []
        size = 0
        for row in self._read(db, self._all().order_by(*self.table.primary_key).offset(after)):
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
        total = rows = 0
        for rows, row in enumerate(self._read(db, self._all()), 1):
            text = repr([_canonical(self.table.c[name], value) for name, value in row.items()])
            total += int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
            if rows % _EVERY == 0:
                progress(rows)
        return Digest(rows, total % (1 << 256))

    def _all(self) -> sa.Select[Any]:
        return self._of(*(_as_text(c) if _is_json(c) else c for c in self.table.c))

    def _of(self, *columns: Any) -> sa.Select[Any]:
        found = sa.select(*columns)
        return found if self.left_out is None else found.where(~self.left_out)

    def _read(self, db: sa.Connection, found: sa.Select[Any]) -> Iterator[Row]:
        names = [c.name for c in self.table.c]
        for row in db.execute(found, execution_options={"yield_per": _MOST_ROWS}):
            yield {name: _storable(value) for name, value in zip(names, row, strict=True)}


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


def _storable(value: Any) -> Any:
    """A text without NUL, which PostgreSQL cannot store."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _canonical(column: sa.Column[Any], value: Any) -> Any:
    if value is not None and _is_json(column):
        return json.dumps(json.loads(value), sort_keys=True)
    return bytes(value) if isinstance(value, memoryview) else value
