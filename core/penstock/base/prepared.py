"""`Prepared`: an SQLAlchemy statement that is compiled once and then run by SQLite's driver. For statements that each
request runs: what SQLAlchemy does around one takes several times as long as SQLite does for it. On a connection to
another database SQLAlchemy runs it. `driver` gives SQLite's own connection."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import dialect

__all__ = ["Prepared", "driver"]

_ONE_ROW = re.compile(r"(INSERT INTO [^:]* VALUES )(\([^()]*\))([^:]*)", re.DOTALL)
_VALUE = re.compile(r":(\w+)")
_MOST_VALUES = 128
"""Values in a statement. A connection keeps 128 statements prepared: of all lengths up to 900 values (SQLite before
3.32 takes 999) they were 5 MB, and no faster."""
_parse = json.JSONDecoder().raw_decode
_DIALECT = dialect(paramstyle="named")
_Convert = Callable[[Any], Any]
_Statement = sa.Select[Any] | sa.Insert | sa.Update | sa.Delete


class Prepared:
    """Runs on the connection that it is given, in that one's transaction. Any thread may call. Raises `sqlite3.Error`,
    `ValueError` or `OverflowError` for a value that cannot be stored, or on another database `SQLAlchemyError`, of
    which the stores make a `StoreError`."""

    def __init__(self, statement: _Statement | Callable[[str], _Statement], *columns: str) -> None:
        """`statement`: also a function that makes it for a dialect, `sqlite` or `postgresql`; `columns`: of an insert,
        those that it gives values, where these are not all."""
        self._make: Callable[[str], _Statement] = statement if callable(statement) else lambda _: statement
        self._others: dict[str, _Statement] = {}
        own = self._make(_DIALECT.name)
        compiled = own.compile(dialect=_DIALECT, column_keys=list(columns) or None)
        self._sql = compiled.string
        self._literals = {name: value for name, value in compiled.params.items() if value is not None}
        given = list(own.exported_columns)
        self._writes: dict[str, _Convert] = {
            name: write
            for name, one in compiled.binds.items()
            if (write := one.type.dialect_impl(_DIALECT).bind_processor(_DIALECT)) is not None
        }
        self._reads: list[tuple[int, _Convert]] = [
            (n, read) for n, one in enumerate(given) if (read := _reader_of(one.type)) is not None
        ]
        self._row = _row_of([one.name for one in given])
        self._together = _together(self._sql)

    def run(self, db: sa.Connection, **values: object) -> list[Any]:
        """The rows that it gives, with its columns as attributes; JSON is parsed."""
        if db.dialect.name != _DIALECT.name:
            done = db.execute(self._other(db), values)
            return list(done) if done.returns_rows else []
        found = driver(db).execute(self._sql, self._bound(values)).fetchall()
        return [self._row._make(self._converted(row)) for row in found]

    def first(self, db: sa.Connection, **values: object) -> Any | None:
        """The first row that it gives, as `run` has them; None where there is none."""
        if db.dialect.name != _DIALECT.name:
            return db.execute(self._other(db), values).first()
        found = driver(db).execute(self._sql, self._bound(values)).fetchone()
        return None if found is None else self._row._make(self._converted(found))

    def run_each(self, db: sa.Connection, rows: Iterable[Mapping[str, object]]) -> None:
        """Run it with the values of each of these: an insert of single rows with those of many at once, since for each
        statement the driver gives the interpreter's lock away, and takes longer to get it back than SQLite does for a
        row. The rows of an upsert must have different keys."""
        if db.dialect.name == _DIALECT.name:
            bound = [self._bound(row) for row in rows]
            if self._together is None:
                driver(db).executemany(self._sql, bound)
                return
            names, most = self._together.names, max(1, _MOST_VALUES // len(self._together.names))
            for i in range(0, len(bound), most):
                some = bound[i : i + most]
                driver(db).execute(self._together.sql(len(some)), [row[name] for row in some for name in names])
        elif listed := [dict(row) for row in rows]:
            db.execute(self._other(db), listed)

    def _other(self, db: sa.Connection) -> _Statement:
        """The statement for another database."""
        name = db.dialect.name
        if name not in self._others:
            self._others[name] = self._make(name)
        return self._others[name]

    def _bound(self, values: Mapping[str, object]) -> dict[str, object]:
        bound = {**self._literals, **values}
        for name, write in self._writes.items():
            try:
                bound[name] = write(bound[name])
            except TypeError as e:  # no JSON
                raise ValueError(str(e)) from e
        return bound

    def _converted(self, row: tuple[Any, ...]) -> Iterable[Any]:
        if not self._reads:
            return row
        out = list(row)
        for n, read in self._reads:
            out[n] = read(out[n])
        return out


class _Together(NamedTuple):
    """An insert of one row, to be made one of several."""

    head: str
    row: str
    tail: str
    names: list[str]
    """Of a row's values, in their order."""

    def sql(self, count: int) -> str:
        """The statement that inserts so many rows."""
        return f"{self.head}{', '.join([self.row] * count)}{self.tail}"


def _together(sql: str) -> _Together | None:
    """None: this is no insert of one row by its values."""
    found = _ONE_ROW.fullmatch(sql)
    if found is None:
        return None
    return _Together(found[1], _VALUE.sub("?", found[2]), found[3], _VALUE.findall(found[2]))


def _reader_of(type: sa.types.TypeEngine[Any]) -> _Convert | None:
    """What makes a value of this type of what SQLite has; None: it is the same."""
    read: _Convert | None = type.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
    return _json_reader(read) if isinstance(type, sa.JSON) and read is not None else read


def _json_reader(read: _Convert) -> _Convert:
    """Parses JSON as `json.dumps` writes it, a short one in a fifth of the time that `json.loads` takes. `read`: for
    what is no text, and for what has more around it."""

    def parsed(content: Any) -> Any:
        if not isinstance(content, str):
            return read(content)
        try:
            value, end = _parse(content)
        except ValueError:  # also of white space before it
            return read(content)
        return value if end == len(content) else read(content)

    return parsed


def _row_of(names: Sequence[str]) -> Any:
    make: Any = namedtuple  # mypy knows those alone whose names stand in the source
    return make("Row", names)


def driver(db: sa.Connection) -> sqlite3.Connection:
    """SQLite's own connection below one of SQLAlchemy's."""
    return cast("sqlite3.Connection", db.connection.driver_connection)
