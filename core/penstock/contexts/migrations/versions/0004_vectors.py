"""Creates the table `context_vectors`, for the search of contexts by meaning.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None
_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "context_vectors",
        sa.Column("seq", _ID, primary_key=True, autoincrement=True),
        sa.Column("context", _ID, nullable=False, unique=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("embedder", sa.String(100), nullable=False),
        sa.Column("vector", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
