"""`wrap_new`: encrypts a new data key of the gateway's store under the master key; `master_keys_needed`: the ids of the
master keys that its data keys are encrypted under."""

from __future__ import annotations

import sqlalchemy as sa

from penstock.gateway.database import GatewayStore
from penstock.gateway.schema import providers, redaction_keys
from penstock.sealing.data_key import DataKey
from penstock.sealing.master_key import SealingError, Wrapped

__all__ = ["master_keys_needed", "wrap_new"]


def master_keys_needed(store: GatewayStore) -> set[str]:
    """The ids of the master keys under which data keys of the store are encrypted."""
    with store.reading() as db:
        return _in_use(db)


def wrap_new(store: GatewayStore, db: sa.Connection, key: DataKey) -> Wrapped:
    """`key` encrypted under the master key, which is made if there is no data key yet. Raises `SealingError` if a
    master key in use is missing."""
    used, known = _in_use(db), store.masters.known()
    if not used:
        store.masters.make()
    elif missing := next((one for one in sorted(used) if one not in known), ""):
        raise SealingError(
            f"the master key {missing} is needed, and is not in {store.masters.place}: put it back there"
        )
    return store.masters.wrap(key.key)


def _in_use(db: sa.Connection) -> set[str]:
    columns = (providers.c.master, redaction_keys.c.master)
    return {one for column in columns for one in db.scalars(sa.select(column).where(column.is_not(None)).distinct())}
