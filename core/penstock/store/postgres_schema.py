"""The store's tables in PostgreSQL: those of `penstock.store.schema`, where each event has the transaction that wrote
it (`XID8`, a number of 64 bits that never wraps around), and the server's day, which has a partition of its own. Also
`leases`. `IDENTITY` and `RELAYS`: kinds of facts."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

from penstock.store import schema

__all__ = ["IDENTITY", "RELAYS", "XID8", "events", "fences", "leases", "metadata"]

IDENTITY = "identity"
"""The kind of facts about the database itself: its key, and the server it is on."""
RELAYS = "relay"
"""The kind of the stored facts that say how far each broker has the log."""


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
_TODAY = "CAST(floor(extract(epoch FROM clock_timestamp()) / 86400) AS bigint)"
events.append_column(sa.Column("day", sa.BigInteger, primary_key=True, server_default=sa.text(_TODAY)))
events.dialect_options["postgresql"]["partition_by"] = "RANGE (day)"
sa.Index("events_place", events.c.xid, events.c.seq)

fences = sa.Sequence("lease_fences", metadata=metadata)
leases = sa.Table(
    "leases",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("holder", sa.String(40), nullable=False),
    sa.Column("fence", sa.BigInteger, nullable=False),
    sa.Column("until", sa.DateTime(timezone=True)),
    sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    postgresql_with={"fillfactor": 50},
)
"""By conversation, the proxy that took its lease last. `until` is when it expires; none: it was given back. There is
space in each page for new versions of its rows, which no index then has to follow."""
