"""Column types that SQLite and PostgreSQL have alike: `Number`, of 64 bits, and `Name`, which both compare and sort by
its bytes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, String, cast, func

__all__ = ["Name", "Number", "total"]

Number = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite has 64 bits by the name of INTEGER, and needs that name for keys that count up."""


def Name(length: int) -> String:  # noqa: N802 - the name of a type
    """A text of so many characters. PostgreSQL would compare it by the rules of the database's language otherwise."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def total(column: ColumnElement[Any]) -> ColumnElement[int]:
    """The sum of a column of numbers, as a number: PostgreSQL's own is a decimal. Null for no rows."""
    return cast(func.sum(column), Number)
