"""Creates the gateway's tables: workspaces, keys, providers, models, limits, counters, holds, usage and audit log.

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
_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("did", sa.String(length=40), nullable=False),
        sa.Column("on", sa.String(length=240), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_audit_workspace"), "audit", ["workspace"], unique=False)
    op.create_table(
        "counters",
        sa.Column("scope", sa.String(length=240), nullable=False),
        sa.Column("period", sa.String(length=24), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("spent", _NUMBER, nullable=False),
        sa.Column("held", _NUMBER, nullable=False),
        sa.Column("raised", _NUMBER, nullable=False),
        sa.Column("announced", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "period", "unit"),
    )
    op.create_index(op.f("ix_counters_ends_at"), "counters", ["ends_at"], unique=False)
    op.create_table(
        "holds",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("until", sa.Float(), nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=80), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("session", sa.String(length=200), nullable=False),
        sa.Column("tokens", _NUMBER, nullable=False),
        sa.Column("dollars", _NUMBER, nullable=False),
        sa.Column("input_tokens", _NUMBER, nullable=False),
        sa.Column("input_dollars", _NUMBER, nullable=False),
        sa.Column("counters", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_holds_until"), "holds", ["until"], unique=False)
    op.create_table(
        "limits",
        sa.Column("scope", sa.String(length=240), nullable=False),
        sa.Column("per", sa.String(length=8), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("cap", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("scope", "per", "unit"),
    )
    op.create_table(
        "usage_days",
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=80), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("session", sa.String(length=200), nullable=False),
        sa.Column("requests", _NUMBER, nullable=False),
        sa.Column("input", _NUMBER, nullable=False),
        sa.Column("cache_read", _NUMBER, nullable=False),
        sa.Column("cache_write", _NUMBER, nullable=False),
        sa.Column("output", _NUMBER, nullable=False),
        sa.Column("dollars", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("workspace", "day", "key", "provider", "model", "session"),
    )
    op.create_table(
        "usage_lines",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("provider", sa.String(length=80), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("session", sa.String(length=200), nullable=False),
        sa.Column("exchange", sa.String(length=40), nullable=False),
        sa.Column("input", _NUMBER, nullable=False),
        sa.Column("cache_read", _NUMBER, nullable=False),
        sa.Column("cache_write", _NUMBER, nullable=False),
        sa.Column("output", _NUMBER, nullable=False),
        sa.Column("dollars", _NUMBER, nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("usage_lines_at", "usage_lines", ["workspace", "at"], unique=False)
    op.create_index("usage_lines_old", "usage_lines", ["at"], unique=False)
    op.create_table(
        "workspaces",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("old_digest", sa.String(length=64), nullable=True),
        sa.Column("old_until", sa.Float(), nullable=True),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=True),
        sa.Column("revoked_at", sa.Float(), nullable=True),
        sa.Column("last_used_day", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace"],
            ["workspaces.name"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(op.f("ix_api_keys_old_digest"), "api_keys", ["old_digest"], unique=False)
    op.create_index(op.f("ix_api_keys_workspace"), "api_keys", ["workspace"], unique=False)
    op.create_table(
        "providers",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("workspace", sa.String(length=80), nullable=True),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("base_url", sa.String(length=400), nullable=False),
        sa.Column("allow_private", sa.Boolean(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.Column("master", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace"],
            ["workspaces.name"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_providers_workspace"), "providers", ["workspace"], unique=False)
    op.create_table(
        "models",
        sa.Column("provider", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("entry", sa.JSON(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider"],
            ["providers.id"],
        ),
        sa.PrimaryKeyConstraint("provider", "name"),
    )
