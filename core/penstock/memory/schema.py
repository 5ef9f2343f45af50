"""The SQL tables of the memory's database: projects, items (`memories`), their passages, labels of sessions, feedback,
and hashes of deleted items. A change here needs a migration in `migrations/versions`.

The full-text tables are not among them: they are an index, created and dropped by `search/word_index.py`, and can be
rebuilt from these.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
)

__all__ = ["feedback", "forgotten", "labels", "memories", "metadata", "passages", "projects"]

metadata = MetaData()

projects = Table(
    "projects",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(400), nullable=False, unique=True),
    Column("words", String(20), nullable=False),
    Column("embedder", String(80), nullable=False),
    Column("owner", String(40), nullable=False, server_default=""),
    Column("shared", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,
)
"""`words` and `embedder` say what the indexes were made with; empty: not whole, to be rebuilt. `owner`: the account
that used it first, as `Identity.owner` names it; empty: none has yet. `shared`: a person lets other accounts use it."""

memories = Table(
    "memories",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("project", Integer, ForeignKey("projects.id"), nullable=False),
    Column("session", String(200), nullable=False),
    Column("conversation", String(200), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    Column("at", Float),
    Column("role", String(80), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("text", Text, nullable=False),
    Column("hash", LargeBinary(16), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("helpful", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("expires_at", Float),
    Column("traits", LargeBinary, nullable=False),
    Index("memories_content", "project", "hash", unique=True),
    Index("memories_session", "project", "session"),
    Index("memories_expires", "expires_at"),
    sqlite_autoincrement=True,
)
"""`traits`: the features of a text that ranking uses and no query changes, as in `search/text_features.py`."""

passages = Table(
    "passages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("memory", Integer, ForeignKey("memories.id"), nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("embedder", String(80), nullable=False),
    Column("vector", LargeBinary),
    Column("indexed", Boolean, nullable=False),
    Index("passages_memory", "memory"),
    Index("passages_waiting", "indexed", sqlite_where=Column("indexed", Boolean).is_(False)),
    sqlite_autoincrement=True,
)
"""The passages that are searched: a span of an item's text and its vector, as 16-bit floats. `indexed`: Chroma has it
too. The vector stands here as well, so that the folder of vectors can be rebuilt without embedding anything again."""

labels = Table(
    "labels",
    metadata,
    Column("project", Integer, ForeignKey("projects.id"), primary_key=True),
    Column("session", String(200), primary_key=True),
    Column("label", String(200), nullable=False),
)
"""The labels that a person gave sessions."""

forgotten = Table(
    "forgotten",
    metadata,
    Column("project", Integer, ForeignKey("projects.id"), primary_key=True),
    Column("hash", LargeBinary(16), primary_key=True),
)
"""Content hashes of items that a person deleted: a client that sends its history again must not add them."""

feedback = Table(
    "feedback",
    metadata,
    Column("memory", Integer, ForeignKey("memories.id"), primary_key=True),
    Column("by", String(200), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("value", Float, nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", Float, nullable=False),
)
"""The feedback of callers, one for each caller and item."""
