"""The memory's tables in PostgreSQL: those of `penstock.memory.schema`, and the word index of all projects."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR

from penstock.base.sql_types import AnyText
from penstock.memory import schema

__all__ = ["metadata", "vocabulary", "words"]

metadata = sa.MetaData()
for table in schema.metadata.sorted_tables:
    table.to_metadata(metadata)

words = sa.Table(
    "memory_words",
    metadata,
    sa.Column("passage", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("project", sa.BigInteger, nullable=False, index=True),
    sa.Column("length", sa.Integer, nullable=False),
    sa.Column("stems", TSVECTOR, nullable=False),
    sa.Column("pieces", TSVECTOR),
    sa.Column("names", AnyText()),
    sa.Index("memory_words_stems", "stems", postgresql_using="gin"),
    sa.Index("memory_words_pieces", "pieces", postgresql_using="gin"),
)
"""The words of each passage, as lexemes of our own, which begin with the number of the project: one index serves all,
and a search reads no other's. `length`: how many stems it has, each as often as it occurs; `pieces`: the sequences of
three characters in `names`, its paths and identifiers."""

vocabulary = sa.Table(
    "memory_vocabulary",
    metadata,
    sa.Column("project", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stem", AnyText(), primary_key=True),
    sa.Column("passages", sa.BigInteger, nullable=False),
    sa.Column("occurrences", sa.BigInteger, nullable=False),
)
"""How many passages have a stem, and how often it occurs. The empty stem: all passages, and all their stems."""
