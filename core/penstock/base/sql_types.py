"""Column types that SQLite and PostgreSQL have alike: `Number`, of 64 bits, and texts that both compare and sort by
their bytes: `Name`, which PostgreSQL bounds, `AnyText`, which it does not, and `AnyName`, which can be in an index.
`total` sums up a column of numbers; `in_postgres`: a text of SQLite as PostgreSQL has it."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, String, Text, TypeDecorator, cast, func
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

__all__ = ["AnyName", "AnyText", "Name", "Number", "as_indexed", "in_postgres", "total"]

_MOST_INDEXED = 2000
"""Bytes of a text in an index. An entry of a B-tree takes a third of a page, 2,704 bytes, with its other columns."""

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


class _Indexed(_Unbounded):
    """The same, in an index."""

    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else as_indexed(value)


def AnyText(length: int | None = None) -> TypeEngine[str]:  # noqa: N802 - the name of a type
    """A text that anybody may have written. `length`: what SQLite's tables say of it and never check."""
    return (Text() if length is None else String(length)).with_variant(_Unbounded(), "postgresql")


def AnyName(length: int) -> TypeEngine[str]:  # noqa: N802 - the name of a type
    """A text that anybody may have written, in an index: PostgreSQL has the beginning of one that is too long, and a
    digest of the whole. What is looked for is shortened alike."""
    return String(length).with_variant(_Indexed(), "postgresql")


def as_indexed(text: str) -> str:
    """A text as PostgreSQL has it in a column of `AnyName`."""
    text = text.replace("\0", "\ufffd")
    encoded = text.encode("utf-8", "surrogatepass")
    if len(encoded) <= _MOST_INDEXED:
        return text
    digest = hashlib.sha256(encoded).hexdigest()
    return f"{encoded[: _MOST_INDEXED - len(digest) - 3].decode('utf-8', 'ignore')}…{digest}"


def in_postgres(kind: TypeEngine[Any], text: str) -> str:
    """A text as PostgreSQL has it in a column of this type, written from SQLite's."""
    is_indexed = isinstance(kind.dialect_impl(_POSTGRES), _Indexed)
    return as_indexed(text) if is_indexed else text.replace("\0", "\ufffd")


_POSTGRES = postgresql.dialect()  # type: ignore[no-untyped-call]


def total(column: ColumnElement[Any]) -> ColumnElement[int]:
    """The sum of a column of numbers, as a number: PostgreSQL's own is a decimal. Null for no rows."""
    return cast(func.sum(column), Number)
