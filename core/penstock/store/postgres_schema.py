"""The store's tables in PostgreSQL: those of `penstock.store.schema`, where each event has the transaction that wrote
it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

from penstock.store import schema

__all__ = ["XID8", "events", "metadata"]


class XID8(UserDefinedType[str]):
    """PostgreSQL's 64-bit number of a transaction, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type in SQL."""
        return "xid8"


metadata = sa.MetaData()
for table in schema.metadata.sorted_tables:
    table.to_metadata(metadata)
events = metadata.tables["events"]
events.append_column(
    sa.Column("xid", XID8, nullable=False, server_default=sa.text("pg_current_xact_id()")),
)
sa.Index("events_place", events.c.xid, events.c.seq)
