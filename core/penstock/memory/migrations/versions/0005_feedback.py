"""Creates the table `feedback`: what callers say of items.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("memory", sa.Integer, sa.ForeignKey("memories.id"), primary_key=True),
        sa.Column("by", sa.String(200), primary_key=True),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("feedback")
