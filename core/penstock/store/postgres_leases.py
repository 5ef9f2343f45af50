"""The SQL statements for leases in PostgreSQL: `take` takes one or renews it, `read` reads who has it, `drop` deletes
edits that landed unnoticed and were not sent. All go by the server's clock."""

from __future__ import annotations

import sqlalchemy as sa

from penstock.store.lease import Lease
from penstock.store.schema import edits
from penstock.store.unconfirmed import UnconfirmedEdits

__all__ = ["QUICK", "drop", "read", "take"]

QUICK = "SET LOCAL synchronous_commit = off"
"""A commit does not wait for the disk: what the machine loses then is not known, and so is not edited."""
_TAKE = sa.text(
    "INSERT INTO leases AS l (id, holder, fence, until, seen_at) VALUES (:id, :me, nextval('lease_fences'), "
    "clock_timestamp() + :ttl * interval '1 second', clock_timestamp()) "
    "ON CONFLICT (id) DO UPDATE SET holder = excluded.holder, until = excluded.until, seen_at = excluded.seen_at, "
    "fence = CASE WHEN l.holder = excluded.holder THEN l.fence ELSE excluded.fence END "
    "WHERE l.holder = excluded.holder OR l.until IS NULL OR l.until < clock_timestamp() RETURNING fence"
)
_RENEW = sa.text(
    "UPDATE leases SET fence = nextval('lease_fences') WHERE id = :id AND holder = :me AND fence = :fence "
    "RETURNING fence"
)
_READ = sa.text("SELECT fence, holder FROM leases WHERE id = :id AND (until IS NULL OR holder = :me)")


def take(db: sa.Connection, conversation: str, me: str, ttl: float) -> int | None:
    """The fence of a lease that `me` holds from now on for `ttl` seconds. None: another proxy holds it."""
    fence: int | None = db.execute(_TAKE, {"id": conversation, "me": me, "ttl": ttl}).scalar()
    return fence


def read(db: sa.Connection, conversation: str, me: str) -> Lease | None:
    """The lease of a conversation. None: another proxy than `me` holds it, or none ever did."""
    row = db.execute(_READ, {"id": conversation, "me": me}).first()
    return None if row is None else Lease(conversation, row.fence, row.holder)


def drop(db: sa.Connection, unconfirmed: UnconfirmedEdits) -> int | None:
    """Delete edits that were not sent, and renew the fence of their conversation: with it the ledger is read again, and
    a commit that comes late lands nothing. None: another proxy has had the conversation since, and may have sent
    them."""
    lease = unconfirmed.lease
    found = db.execute(_RENEW, {"id": lease.conversation, "me": lease.holder, "fence": lease.fence})
    fence: int | None = found.scalar()
    if fence is not None:
        mine = edits.c.conversation == lease.conversation
        db.execute(edits.delete().where(mine & edits.c.revision.in_(unconfirmed.revisions)))
    return fence
