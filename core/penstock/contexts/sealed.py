"""Encrypts and decrypts the values of sealed contexts: `data_key_of` gives a context's key, `opened` decrypts a
version, `reseal` encrypts all versions with a new key, or stores them unencrypted. Each context has a data key of its
own, stored encrypted under the master key, which `rewrap` replaces. All but `place_of` raise `Sealed`.

A value is bound to workspace, key, version and codec, so that its bytes are of no use in another row. Key, tags,
session, agent, times and sizes are not encrypted.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from penstock.contexts.errors import Sealed
from penstock.contexts.schema import context_versions, data_keys
from penstock.contexts.values import StoredValue, decode, encode
from penstock.sealing.data_key import DataKey
from penstock.sealing.master_key import MasterKeys, SealingError, Wrapped

__all__ = ["add_data_key", "data_key_of", "drop_masters", "opened", "place_of", "reseal", "rewrap"]

Row = Any
"""The row of a context, with its columns as attributes."""


def data_key_of(db: sa.Connection, masters: MasterKeys, row: Row) -> DataKey | None:
    """The data key of a context, by its row; None where it is not sealed. Raises `Sealed`."""
    if row.data_key is None:
        return None
    kept = db.execute(data_keys.select().where(data_keys.c.id == row.data_key)).one()
    try:
        return DataKey(masters.unwrap(Wrapped(kept.wrapped, kept.master)))
    except SealingError as e:
        raise Sealed(f"context {row.key} is sealed: {e}", "key") from e


def add_data_key(db: sa.Connection, masters: MasterKeys, now: float) -> tuple[int, DataKey]:
    """A new data key and its number. For the first one, the master key is made too. Raises `Sealed`."""
    try:
        newest = db.scalars(sa.select(data_keys.c.master).order_by(data_keys.c.id.desc()).limit(1)).first()
        if newest is None:
            masters.make()  # not later: it would stand for one that was lost
        elif (known := masters.known()) and newest not in known:
            raise SealingError(f"the master key in {masters.place} is another than that of what is sealed, {newest}")
        key = DataKey()
        wrapped = masters.wrap(key.key)
    except SealingError as e:
        raise Sealed(f"nothing can be sealed: {e}", "seal") from e
    row = {"wrapped": wrapped.wrapped, "master": wrapped.master, "created_at": now}
    return int(db.execute(data_keys.insert().returning(data_keys.c.id), row).scalar_one()), key


def rewrap(db: sa.Connection, masters: MasterKeys, *, others: bool = False) -> int:
    """Make a new master key and encrypt all data keys under it. Returns how many there are. The old master key is kept.
    Without data keys, a new one is made only if `others` need it. Raises `Sealed`."""
    rows = db.execute(data_keys.select()).all()
    try:
        keys = {row.id: masters.unwrap(Wrapped(row.wrapped, row.master)) for row in rows}  # all of them, or none is new
        if keys or others:
            masters.add()
        for number, key in keys.items():
            wrapped = masters.wrap(key)
            changed = data_keys.update().where(data_keys.c.id == number)
            db.execute(changed.values(wrapped=wrapped.wrapped, master=wrapped.master))
    except SealingError as e:
        raise Sealed(f"the master key cannot be exchanged: {e}") from e
    return len(rows)


def drop_masters(db: sa.Connection, masters: MasterKeys, others: Collection[str] = ()) -> None:
    """Remove the master keys that are no longer needed. `others`: ids of those that are needed elsewhere. Raises
    `Sealed`."""
    try:
        masters.drop({*others, *db.scalars(sa.select(data_keys.c.master).distinct())})
    except SealingError as e:
        raise Sealed(f"all is encrypted under the new master key, and the old one is still there: {e}") from e


def place_of(workspace: str, key: str, version: int) -> str:
    """The text that a sealed value is bound to, besides its codec: it cannot be decrypted in another row."""
    return f"{workspace}\n{key}\n{version}"


def opened(key: DataKey, row: Row, version: int, body: bytes, codec: str) -> bytes:
    """The decrypted body of a version. `row` is the context's. Raises `Sealed`."""
    try:
        return key.open(body, f"{place_of(row.workspace, row.key, version)}\n{codec}")
    except SealingError as e:
        raise Sealed(f"version {version} of context {row.key} is sealed and cannot be opened: {e}", "key") from e


def reseal(db: sa.Connection, masters: MasterKeys, row: Row, seal: bool, now: float) -> tuple[int | None, StoredValue]:
    """Encrypt all versions of a context with a new data key, or store them unencrypted. Returns the number of the key,
    and the newest version as it is stored now. The caller updates the context's own row. Raises `Sealed`."""
    old = data_key_of(db, masters, row)
    number, new = add_data_key(db, masters, now) if seal else (None, None)
    of_it = context_versions.c.context == row.id
    stored = None
    for kept in db.execute(context_versions.select().where(of_it).order_by(context_versions.c.version)).all():
        body = kept.body if old is None else opened(old, row, kept.version, kept.body, kept.codec)
        stored = encode(decode(body, kept.codec))
        if new is not None:
            stored = stored.sealed(new, place_of(row.workspace, row.key, kept.version))
        changed = context_versions.update().where(of_it & (context_versions.c.version == kept.version))
        db.execute(changed.values(body=stored.body, codec=stored.codec, digest=stored.digest))
    assert stored is not None  # the newest is always kept
    return number, stored
