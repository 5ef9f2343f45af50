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
    LargeBinary,
    MetaData,
    Table,
    false,
)

from penstock.base.sql_types import AnyName, AnyText, Number

__all__ = ["feedback", "forgotten", "labels", "memories", "metadata", "passages", "projects"]

metadata = MetaData()
_WAITS = Column("indexed", Boolean).is_(False)

projects = Table(
    "projects",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("name", AnyName(400), nullable=False, unique=True),
    Column("words", AnyText(20), nullable=False),
    Column("embedder", AnyText(80), nullable=False),
    Column("owner", AnyText(40), nullable=False, server_default=""),
    Column("shared", Boolean, nullable=False, server_default=false()),
    Column("revision", Number, nullable=False, server_default="0"),
    sqlite_autoincrement=True,
)
"""`words` and `embedder` say what the indexes were made with; empty: not whole, to be rebuilt. `owner`: the account
that used it first, as `Identity.owner` names it; empty: none has yet. `shared`: a person lets other accounts use it.
`revision`: rises when what is cached of its items is out of date; new items do not change it."""

memories = Table(
    "memories",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("project", Number, ForeignKey("projects.id"), nullable=False),
    Column("session", AnyName(200), nullable=False),
    Column("conversation", AnyText(200), nullable=False),
    Column("seq", Number, nullable=False),
    Column("part", Number, nullable=False),
    Column("at", Float),
    Column("role", AnyText(80), nullable=False),
    Column("kind", AnyText(12), nullable=False),
    Column("text", AnyText(), nullable=False),
    Column("hash", LargeBinary(16), nullable=False),
    Column("tags", JSON, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("helpful", Number, nullable=False),
    Column("wrong", Number, nullable=False),
    Column("expires_at", Float),
    Column("traits", LargeBinary, nullable=False),
    Index("memories_content", "project", "hash", unique=True),
    Index("memories_session", "project", "session"),
    Index("memories_expires", "expires_at"),
    Index("memories_place", "project", "id"),
    sqlite_autoincrement=True,
)
"""`traits`: the features of a text that ranking uses and no query changes, as in `search/text_features.py`."""

passages = Table(
    "passages",
    metadata,
    Column("id", Number, primary_key=True, autoincrement=True),
    Column("memory", Number, ForeignKey("memories.id"), nullable=False),
    Column("first", Number, nullable=False),
    Column("last", Number, nullable=False),
    Column("embedder", AnyText(80), nullable=False),
    Column("vector", LargeBinary),
    Column("indexed", Boolean, nullable=False),
    Index("passages_memory", "memory"),
    Index("passages_waiting", "indexed", sqlite_where=_WAITS, postgresql_where=_WAITS),
    sqlite_autoincrement=True,
)
"""The passages that are searched: a span of an item's text and its vector, as 16-bit floats. `indexed`: Chroma has it
too. The vector stands here as well, so that the folder of vectors can be rebuilt without embedding anything again."""

labels = Table(
    "labels",
    metadata,
    Column("project", Number, ForeignKey("projects.id"), primary_key=True),
    Column("session", AnyName(200), primary_key=True),
    Column("label", AnyText(200), nullable=False),
)
"""The labels that a person gave sessions."""

forgotten = Table(
    "forgotten",
    metadata,
    Column("project", Number, ForeignKey("projects.id"), primary_key=True),
    Column("hash", LargeBinary(16), primary_key=True),
)
"""Content hashes of items that a person deleted: a client that sends its history again must not add them."""

feedback = Table(
    "feedback",
    metadata,
    Column("memory", Number, ForeignKey("memories.id"), primary_key=True),
    Column("by", AnyName(200), primary_key=True),
    Column("kind", AnyText(12), nullable=False),
    Column("value", Float, nullable=False),
    Column("comment", AnyText(), nullable=False),
    Column("at", Float, nullable=False),
)
"""The feedback of callers, one for each caller and item."""
