"""Creates the memory's tables of projects, items (`memories`) and passages.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "projects",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(400), nullable=False, unique=True),
        sa.Column("words", sa.String(20), nullable=False),
        sa.Column("embedder", sa.String(80), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "memories",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("project", sa.Integer, sa.ForeignKey("projects.id"), nullable=False),
        sa.Column("session", sa.String(200), nullable=False),
        sa.Column("conversation", sa.String(200), nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("at", sa.Float),
        sa.Column("role", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary(16), nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("helpful", sa.Integer, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Float),
        sa.Column("traits", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("memories_content", "memories", ["project", "hash"], unique=True)
    op.create_index("memories_session", "memories", ["project", "session"])
    op.create_index("memories_expires", "memories", ["expires_at"])
    op.create_table(
        "passages",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("memory", sa.Integer, sa.ForeignKey("memories.id"), nullable=False),
        sa.Column("first", sa.Integer, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("embedder", sa.String(80), nullable=False),
        sa.Column("vector", sa.LargeBinary),
        sa.Column("indexed", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("passages_memory", "passages", ["memory"])
    op.create_index("passages_waiting", "passages", ["indexed"], sqlite_where=sa.text("indexed IS 0"))


def downgrade() -> None:
    op.drop_table("passages")
    op.drop_table("memories")
    op.drop_table("projects")
