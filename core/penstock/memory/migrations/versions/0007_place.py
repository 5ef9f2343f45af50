"""Adds an index by project and id: without it, every search read all items of its project, several times.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("memories_place", "memories", ["project", "id"])


def downgrade() -> None:
    op.drop_index("memories_place", "memories")
