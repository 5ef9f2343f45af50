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
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

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
_ID = BigInteger().with_variant(Integer, "sqlite")

data_keys = Table(
    "data_keys",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("master", String(16), nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)
"""The keys of sealed contexts, encrypted under the master key whose id is `master`."""

contexts = Table(
    "contexts",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("workspace", String(80), nullable=False),
    Column("key", String(400), nullable=False),
    Column("version", Integer, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("session", String(200), nullable=False),
    Column("agent", String(200), nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("expires_at", Float),
    Column("deleted_at", Float),
    Column("by", String(200), nullable=False),
    Column("data_key", _ID),
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
    Column("context", _ID, ForeignKey("contexts.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("codec", String(8), nullable=False),
    Column("size", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("change", String(80), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", Float, nullable=False),
)
"""The values. `codec` says how `body` is to be read: `json`, or `zstd` of that. Of a sealed context it is encrypted,
and `digest` keyed."""

changes = Table(
    "changes",
    metadata,
    Column("seq", _ID, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("workspace", String(80), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("key", String(400), nullable=False),
    Column("version", Integer, nullable=False),
    Column("by", String(200), nullable=False),
    Column("tags", JSON, nullable=False),
    sqlite_autoincrement=True,
)
"""What subscribers are shown, written with the change itself. Never a value."""

idempotency = Table(
    "idempotency",
    metadata,
    Column("workspace", String(80), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("until", Float, nullable=False),
)
"""Answers to requests that were sent with an `Idempotency-Key`, to be given again until `until`."""

usage = Table(
    "usage",
    metadata,
    Column("workspace", String(80), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("key", String(400), primary_key=True),
    Column("reads", Integer, nullable=False),
    Column("writes", Integer, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("hits", Integer, nullable=False),
)
"""How contexts are used, by day (UTC, as 2026-11-22). `bytes`: of values read and written, as JSON; `hits`: how often a
search found it."""

context_vectors = Table(
    "context_vectors",
    metadata,
    Column("seq", _ID, primary_key=True, autoincrement=True),
    Column("context", _ID, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("embedder", String(100), nullable=False),
    Column("vector", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""A vector of each context's key, tags and value, as float16; none of sealed ones. A new one has a new `seq`."""
