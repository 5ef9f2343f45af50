"""Creates the table `jobs`.

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
_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("queue", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("payload", sa.JSON, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("run_after", sa.Float, nullable=False),
        sa.Column("holder", sa.String(40), nullable=False),
        sa.Column("fence", sa.Integer, nullable=False),
        sa.Column("heartbeat_at", sa.Float),
        sa.Column("cancel", sa.Boolean, nullable=False),
        sa.Column("twin", sa.String(200), nullable=False),
        sa.Column("result", sa.JSON),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("progress", sa.JSON),
        sa.Column("at", sa.Float, nullable=False),
        sa.Column("started_at", sa.Float),
        sa.Column("ended_at", sa.Float),
        sqlite_autoincrement=True,
    )
    live = sa.text("twin != '' AND state IN ('waiting', 'running')")
    waiting = sa.text("state = 'waiting'")
    op.create_index("jobs_twin", "jobs", ["twin"], unique=True, sqlite_where=live, postgresql_where=live)
    op.create_index("jobs_due", "jobs", ["queue", "run_after"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("jobs_state", "jobs", ["state", "id"])
