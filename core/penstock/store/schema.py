"""The SQL tables of the store: events, conversations, edits, originals of what edits removed, and facts by name. A
change here needs a migration in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, Index, LargeBinary, MetaData, String, Table
from sqlalchemy import Integer as Integer32

__all__ = ["conversations", "edits", "events", "facts", "metadata", "originals"]

metadata = MetaData()
Integer = BigInteger().with_variant(Integer32(), "sqlite")
"""64 bits in each database. SQLite has them by the name of INTEGER, and needs that name for keys that count up."""

events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("exchange", String(40), nullable=False),
    Column("kind", String(24), nullable=False),
    Column("payload", JSON, nullable=False),
    Index("events_exchange", "exchange"),
    Index("events_at", "at"),
    sqlite_autoincrement=True,
)
"""Append-only. Nothing is updated; retention deletes from the old end."""

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("tip", LargeBinary, nullable=False),
    Column("count", Integer, nullable=False),
    Column("seen_at", Float, nullable=False),
    Index("conversations_seen_at", "seen_at"),
)
"""What was last sent in each conversation: the hash chain over `count` messages."""

edits = Table(
    "edits",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("conversation", String(40), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("op", String(12), nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("nth", Integer, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("count", Integer, nullable=False),
    Column("stage", String(80), nullable=False),
    Column("reason", String(400), nullable=False),
    Column("text", LargeBinary, nullable=False),
    Column("original", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", Float, nullable=False),
    Index("edits_conversation", "conversation"),
    sqlite_autoincrement=True,
)
"""The ledger. `text` is zlib-compressed UTF-8; `original` is the digest of one of the `originals`, or of one that was,
and empty when the edit takes nothing away; `size` is how many characters it has."""

originals = Table(
    "originals",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("text", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("conversation", String(40), nullable=False),
    Column("stage", String(80), nullable=False),
    Column("op", String(12), nullable=False),
    Column("reason", String(400), nullable=False),
    Column("at", Float, nullable=False),
    Index("originals_at", "at", "bytes"),
)
"""The removed texts, once by content, with the last time of removal. `text` is zlib-compressed UTF-8 and takes `bytes`;
`size` is its characters. They have their own retention, so nothing here refers to the ledger."""

facts = Table(
    "facts",
    metadata,
    Column("kind", String(24), primary_key=True),
    Column("key", String(400), primary_key=True),
    Column("value", JSON, nullable=False),
)
"""Small values that outlive a restart: budgets, limits, labels, calibrations."""
