"""`values_in`: the texts of a JSON list as rows of SQL; `among`: the condition that a column has one of them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

__all__ = ["among", "values_in"]


class _EachOf(GenericFunction[Any]):
    package, name = "penstock", "json_each"
    inherit_cache = True


@compiles(_EachOf, "postgresql")
def _in_postgres(element: _EachOf, compiler: SQLCompiler, **options: Any) -> str:
    # Its column is called `value` in both.
    return f"json_array_elements_text{compiler.process(element.clause_expr, **options)}"


def values_in(listed: sa.ColumnElement[Any]) -> sa.TableValuedAlias:
    """The texts of a JSON list, in the column `value`."""
    return _EachOf(listed).table_valued("value")


def among(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """The condition that a column of texts has one of the values of the list `name`, however many there are."""
    each = values_in(sa.bindparam(name, type_=sa.JSON))
    return column.in_(sa.select(each.c.value))
