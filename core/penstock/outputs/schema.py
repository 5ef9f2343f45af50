"""The SQL tables of the index of tool outputs: projects, outputs, the conversations that had them, and their chunks.
`make_tables` creates missing ones and changes none: there are no migrations. A file whose tables have other columns
cannot be read, and may be deleted: it holds only redacted copies that expire.

The full-text tables, two for each project, are made by `words.py`.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Float, ForeignKey, Index, LargeBinary, MetaData, Table

from penstock.base.sql_types import AnyName, AnyText, Number

__all__ = ["chunks", "conversations", "make_tables", "outputs", "projects"]

metadata = MetaData()

projects = Table(
    "projects",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("name", AnyName(400), nullable=False, unique=True),
    Column("owner", AnyText(40), nullable=False),
    sqlite_autoincrement=True,
)
"""`owner`: the account that used it first, as `Identity.owner` names it; empty: none has yet."""

outputs = Table(
    "outputs",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("project", Number, ForeignKey("projects.id"), nullable=False),
    Column("digest", AnyName(64), nullable=False),
    Column("source", AnyText(400), nullable=False),
    Column("at", Float, nullable=False),
    Column("size", Number, nullable=False),
    Column("text", LargeBinary, nullable=False),
    Index("outputs_content", "project", "digest", unique=True),
    Index("outputs_at", "at"),
    sqlite_autoincrement=True,
)
"""`digest`: of the text before it was redacted, as its original is stored under. `at`: when it was last shortened.
`size`: characters."""

conversations = Table(
    "conversations",
    metadata,
    Column("output", Number, ForeignKey("outputs.id"), primary_key=True),
    Column("conversation", AnyName(200), primary_key=True),
    Index("conversations_name", "conversation"),
)
"""The conversations that an output stood in; empty for one of the sandbox."""

chunks = Table(
    "chunks",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("output", Number, ForeignKey("outputs.id"), nullable=False),
    Column("first", Number, nullable=False),
    Column("last", Number, nullable=False),
    Column("embedder", AnyText(80), nullable=False, server_default=""),
    Column("vector", LargeBinary),
    Index("chunks_output", "output"),
    sqlite_autoincrement=True,
)
"""A span of an output's text, and its vector as 16-bit floats once a search has made it."""


def make_tables(db: sa.Connection) -> None:
    """Create the tables that do not exist."""
    metadata.create_all(db)
