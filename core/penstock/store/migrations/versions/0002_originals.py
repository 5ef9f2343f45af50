"""Creates the table `originals`, and moves the original texts of edits into it, each stored once by its content.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

from penstock.store.originals import digest_of, packed, unpacked

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ABOUT = "conversation, stage, op, reason, at"
_EDITS = sa.text(f"SELECT id, {_ABOUT}, original FROM edits WHERE id > :id ORDER BY id LIMIT 1")
_POINT = sa.text("UPDATE edits SET digest = :digest, size = :size WHERE id = :id")
_ADD = sa.text(
    f"INSERT INTO originals (digest, text, size, bytes, {_ABOUT}) "
    "VALUES (:digest, :text, :size, :bytes, :conversation, :stage, :op, :reason, :at)"
)
_AGAIN = sa.text(
    "UPDATE originals SET conversation = :conversation, stage = :stage, op = :op, reason = :reason, at = :at "
    "WHERE digest = :digest"
)


def upgrade() -> None:
    op.create_table(
        "originals",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("text", sa.LargeBinary, nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("bytes", sa.Integer, nullable=False),
        sa.Column("conversation", sa.String(40), nullable=False),
        sa.Column("stage", sa.String(80), nullable=False),
        sa.Column("op", sa.String(12), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("at", sa.Float, nullable=False),
    )
    op.create_index("originals_at", "originals", ["at", "bytes"])
    op.add_column("edits", sa.Column("digest", sa.String(64), nullable=False, server_default=""))
    op.add_column("edits", sa.Column("size", sa.Integer, nullable=False, server_default="0"))
    _move(op.get_bind())
    # Two steps: in one, the new column would have the name of the old while that is still there.
    with op.batch_alter_table("edits", table_kwargs={"sqlite_autoincrement": True}) as edits:
        edits.drop_column("original")
    with op.batch_alter_table("edits", table_kwargs={"sqlite_autoincrement": True}) as edits:
        edits.alter_column("digest", new_column_name="original", existing_type=sa.String(64), server_default=None)
        edits.alter_column("size", existing_type=sa.Integer, server_default=None)


def _move(db: sa.Connection) -> None:
    """One edit at a time: an original may have megabytes."""
    seen: set[str] = set()
    last = 0
    while row := db.execute(_EDITS, {"id": last}).mappings().first():
        last = row["id"]
        text = _text_of(row["original"])
        if not text:
            continue
        about: dict[str, Any] = {name: row[name] for name in _ABOUT.split(", ")}
        digest = digest_of(text)
        if digest in seen:
            db.execute(_AGAIN, about | {"digest": digest})
        else:
            data = packed(text)
            db.execute(_ADD, about | {"digest": digest, "text": data, "size": len(text), "bytes": len(data)})
        seen.add(digest)
        db.execute(_POINT, {"digest": digest, "size": len(text), "id": last})


def _text_of(data: bytes) -> str:
    """A damaged original is lost, and no reason to lose the store."""
    try:
        return unpacked(data)
    except (zlib.error, UnicodeDecodeError):
        return ""


def downgrade() -> None:
    raise NotImplementedError("an original that is past its time can not be given back to its edit")
