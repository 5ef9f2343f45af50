"""Adds the columns `owner` and `shared` to `projects`: the account that a project belongs to, and whether others may
use it.

What was remembered before has no owner yet: it becomes that of the account that uses it first.

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


def upgrade() -> None:
    op.add_column("projects", sa.Column("owner", sa.String(40), nullable=False, server_default=""))
    op.add_column("projects", sa.Column("shared", sa.Boolean, nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("projects", "shared")
    op.drop_column("projects", "owner")
