"""SQL expressions that SQLite and PostgreSQL write differently: `among`, the condition that a column has one of the
texts of a list; `values_in`, the texts of a JSON list as rows; `place_in`, where bytes begin within others;
`unindexed`, a column for which SQLite uses no index."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

__all__ = ["among", "place_in", "unindexed", "values_in"]


class _EachOf(GenericFunction[Any]):
    package, name = "penstock", "json_each"
    inherit_cache = True


class _PlaceIn(GenericFunction[int]):
    package, name = "penstock", "instr"
    type = sa.Integer()
    inherit_cache = True


class _Unindexed(GenericFunction[Any]):
    package, name = "penstock", "unindexed"
    inherit_cache = True


@compiles(_EachOf, "postgresql")
def _each_in_postgres(element: _EachOf, compiler: SQLCompiler, **options: Any) -> str:
    # Its column is called `value` in both.
    return f"json_array_elements_text{compiler.process(element.clause_expr, **options)}"


@compiles(_PlaceIn, "postgresql")
def _place_in_postgres(element: _PlaceIn, compiler: SQLCompiler, **options: Any) -> str:
    whole, part = (compiler.process(one, **options) for one in element.clauses)
    return f"position({part} IN {whole})"


@compiles(_Unindexed)
def _unindexed_in_sqlite(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(next(iter(element.clauses)), **options)}"


@compiles(_Unindexed, "postgresql")
def _as_it_is(element: _Unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(next(iter(element.clauses)), **options)  # its planner knows how many rows there are


def values_in(listed: sa.ColumnElement[Any]) -> sa.TableValuedAlias:
    """The texts of a JSON list, in the column `value`."""
    return _EachOf(listed).table_valued("value")


def among(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """The condition that a column of texts has one of the values of the list `name`, however many there are."""
    each = values_in(sa.bindparam(name, type_=sa.JSON))
    return column.in_(sa.select(each.c.value))


def place_in(whole: sa.ColumnElement[bytes], part: bytes) -> sa.ColumnElement[int]:
    """Where `part` begins in the bytes of a column, from 1; 0: nowhere."""
    return _PlaceIn(whole, sa.literal(part, sa.LargeBinary))


def unindexed(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """A column that SQLite looks at in the rows that other conditions name, instead of using its index."""
    return _Unindexed(column, type_=column.type)
