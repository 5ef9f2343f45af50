"""The SQL tables of contexts: the newest versions (`contexts`), the values (`context_versions`), data keys, the change
feed, answers by `Idempotency-Key`, usage by day, and vectors for search. A change here needs a migration in
`migrations/versions`."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    Table,
    UniqueConstraint,
)

from penstock.base.sql_types import Name, Number

__all__ = [
    "changes",
    "context_vectors",
    "context_versions",
    "contexts",
    "data_keys",
    "idempotency",
    "metadata",
    "usage",
]

metadata = MetaData()

data_keys = Table(
    "data_keys",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master", Name(16), nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)
"""The keys of sealed contexts, encrypted under the master key whose id is `master`."""

contexts = Table(
    "contexts",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("workspace", Name(80), nullable=False),
    Column("key", Name(400), nullable=False),
    Column("version", Number, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("session", Name(200), nullable=False),
    Column("agent", Name(200), nullable=False),
    Column("size", Number, nullable=False),
    Column("digest", Name(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("deleted_at", Float),
    Column("by", Name(200), nullable=False),
    Column("data_key", Number),
    UniqueConstraint("workspace", "key", name="contexts_key"),
    Index("contexts_expires_at", "expires_at"),
    Index("contexts_updated_at", "workspace", "updated_at"),
    sqlite_autoincrement=True,
)
"""The newest version of each context, without its value. `size`: bytes of the value as JSON. `expires_at` null: never.
Times are seconds since the epoch. `data_key` null: it is not sealed."""

context_versions = Table(
    "context_versions",
    metadata,
    Column("context", Number, ForeignKey("contexts.id"), primary_key=True),
    Column("version", Number, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("codec", Name(8), nullable=False),
    Column("size", Number, nullable=False),
    Column("digest", Name(64), nullable=False),
    Column("change", Name(80), nullable=False),
    Column("by", Name(200), nullable=False),
    Column("at", Float, nullable=False),
)
"""The values. `codec` says how `body` is to be read: `json`, or `zstd` of that. Of a sealed context it is encrypted,
and `digest` keyed."""

changes = Table(
    "changes",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("workspace", Name(80), nullable=False),
    Column("kind", Name(12), nullable=False),
    Column("key", Name(400), nullable=False),
    Column("version", Number, nullable=False),
    Column("by", Name(200), nullable=False),
    Column("tags", JSON, nullable=False),
    sqlite_autoincrement=True,
)
"""What subscribers are shown, written with the change itself. Never a value."""

idempotency = Table(
    "idempotency",
    metadata,
    Column("workspace", Name(80), primary_key=True),
    Column("name", Name(200), primary_key=True),
    Column("digest", Name(64), nullable=False),
    Column("status", Number, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("until", Float, nullable=False),
)
"""Answers to requests that were sent with an `Idempotency-Key`, to be given again until `until`."""

usage = Table(
    "usage",
    metadata,
    Column("workspace", Name(80), primary_key=True),
    Column("day", Name(10), primary_key=True),
    Column("key", Name(400), primary_key=True),
    Column("reads", Number, nullable=False),
    Column("writes", Number, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("hits", Number, nullable=False),
)
"""How contexts are used, by day (UTC, as 2026-11-22). `bytes`: of values read and written, as JSON; `hits`: how often a
search found it."""

context_vectors = Table(
    "context_vectors",
    metadata,
    Column("seq", Number, primary_key=True, autoincrement=True),
    Column("context", Number, nullable=False, unique=True),
    Column("version", Number, nullable=False),
    Column("embedder", Name(100), nullable=False),
    Column("vector", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""A vector of each context's key, tags and value, as float16; none of sealed ones. A new one has a new `seq`."""
