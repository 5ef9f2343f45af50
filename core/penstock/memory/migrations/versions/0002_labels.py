"""Creates the table `labels`: the names that a person gave sessions.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "labels",
        sa.Column("project", sa.Integer, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("session", sa.String(200), primary_key=True),
        sa.Column("label", sa.String(200), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("labels")
