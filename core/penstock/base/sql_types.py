"""Column types that SQLite and PostgreSQL have alike: `Number`, of 64 bits, and texts that both compare and sort by
their bytes: `Name`, which PostgreSQL bounds, and `AnyText`, which it does not."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, String, Text, TypeDecorator, cast, func
from sqlalchemy.types import TypeEngine

__all__ = ["AnyText", "Name", "Number", "total"]

Number = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite has 64 bits by the name of INTEGER, and needs that name for keys that count up."""


def Name(length: int) -> String:  # noqa: N802 - the name of a type
    """A text of so many characters. PostgreSQL would compare it by the rules of the database's language otherwise."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


class _Unbounded(TypeDecorator[str]):
    """A text in PostgreSQL, which cannot store NUL."""

    impl = Text(collation="C")
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return value.replace("\0", "\ufffd") if value is not None else None


def AnyText(length: int | None = None) -> TypeEngine[str]:  # noqa: N802 - the name of a type
    """A text that anybody may have written. `length`: what SQLite's tables say of it and never check."""
    return (Text() if length is None else String(length)).with_variant(_Unbounded(), "postgresql")


def total(column: ColumnElement[Any]) -> ColumnElement[int]:
    """The sum of a column of numbers, as a number: PostgreSQL's own is a decimal. Null for no rows."""
    return cast(func.sum(column), Number)
