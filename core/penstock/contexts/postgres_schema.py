"""The tables of contexts in PostgreSQL: those of `penstock.contexts.schema`, and the words of each context, which
SQLite keeps in its full-text index."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from penstock.base.sql_types import Number
from penstock.contexts import schema

__all__ = ["context_words", "metadata"]

metadata = sa.MetaData()
for table in schema.metadata.sorted_tables:
    table.to_metadata(metadata)

context_words = sa.Table(
    "context_words",
    metadata,
    sa.Column("context", Number, primary_key=True, autoincrement=False),
    sa.Column("length", Number, nullable=False),
    sa.Column("counts", JSONB, nullable=False),
    sa.Index("context_words_counts", "counts", postgresql_using="gin"),
    sa.Index("context_words_length", "length"),
)
"""`counts`: how often each word is in a context, which a `tsvector` does not say without the places of the words;
`length`: the sum of them. Can be made from the other tables."""
