"""Creates the table `forgotten`: hashes of deleted items, which must not be added again.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "forgotten",
        sa.Column("project", sa.Integer, sa.ForeignKey("projects.id"), primary_key=True),
        sa.Column("hash", sa.LargeBinary(16), primary_key=True),
    )


def downgrade() -> None:
    op.drop_table("forgotten")
