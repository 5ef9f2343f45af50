"""Creates the tables `redaction_keys` and `placeholders`, for the gateway's redaction of personal data.

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
        "redaction_keys",
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("master", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"],
            ["workspaces.name"],
        ),
        sa.PrimaryKeyConstraint("workspace"),
    )
    op.create_table(
        "placeholders",
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("conversation", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"],
            ["workspaces.name"],
        ),
        sa.PrimaryKeyConstraint("conversation", "digest"),
        sa.UniqueConstraint("conversation", "kind", "number"),
    )
    op.create_index(op.f("ix_placeholders_seen_at"), "placeholders", ["seen_at"], unique=False)
    op.create_index(op.f("ix_placeholders_workspace"), "placeholders", ["workspace"], unique=False)
