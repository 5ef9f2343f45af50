"""The tables. Changes come with a migration in `migrations/versions`."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table

__all__ = ["conversations", "edits", "events", "metadata"]

metadata = MetaData()

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
    Column("original", LargeBinary, nullable=False),
    Column("at", Float, nullable=False),
    Index("edits_conversation", "conversation"),
    sqlite_autoincrement=True,
)
"""The ledger. `text` and `original` are zlib-compressed UTF-8."""
