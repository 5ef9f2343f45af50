"""Providers of the gateway: `add_provider`, `find_provider`, `list_providers`, `change_provider`, `delete_provider`;
`open_credential` decrypts a credential. It is encrypted under a data key of its own, bound to its provider, and is
never shown again."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from penstock.base.prepared import Prepared
from penstock.base.suggest import did_you_mean
from penstock.gateway.base_urls import check_base_url
from penstock.gateway.database import GatewayStore, new_id
from penstock.gateway.errors import Conflict, InvalidSetting, NotThere
from penstock.gateway.key_wrapping import wrap_new
from penstock.gateway.provider_kinds import KINDS
from penstock.gateway.records import Provider, SealedCredential
from penstock.gateway.schema import models, providers
from penstock.gateway.workspaces import check_name, workspace_in
from penstock.sealing.data_key import DataKey
from penstock.sealing.master_key import MasterKeys, Wrapped, unwrap

__all__ = [
    "add_provider",
    "change_provider",
    "delete_provider",
    "find_provider",
    "list_providers",
    "open_credential",
    "rewrap_credentials",
]

_LONGEST_CREDENTIAL = 4000


def add_provider(
    store: GatewayStore,
    name: str,
    by: str,
    *,
    workspace: str | None,
    kind: str = "",
    base_url: str = "",
    credential: str = "",
    allow_private: bool = False,
    allowed: Collection[str] = (),
) -> Provider:
    """Add a provider to this workspace, or to all (None). `kind`: by default its name, if that is a kind; `allowed`:
    private hosts that the settings allow. Raises `InvalidSetting`, `Conflict`, `NotThere`, and `SealingError` when the
    credential cannot be encrypted."""
    check_name(name, "provider")
    kind = kind or name
    if kind not in KINDS:
        raise InvalidSetting(f"kind {kind[:80]!r} is unknown.{did_you_mean(kind, KINDS)}", "kind")
    url = base_url or KINDS[kind].base_url
    if not url:
        raise InvalidSetting(f"a provider of the kind {kind} needs the address it answers at", "base_url")
    url = check_base_url(url, is_private_allowed=allow_private, allowed=allowed)
    _check_credential(kind, credential)
    number, now = new_id(), store.clock.now()
    with store.writing() as db:
        if workspace is not None:
            workspace_in(db, workspace)
        _check_free(db, name, workspace)
        row = {"id": number, "workspace": workspace, "name": name, "kind": kind, "base_url": url}
        sealed = _seal(store, db, number, credential)
        db.execute(providers.insert().values(**row, allow_private=allow_private, created_at=now, **sealed))
        store.note(db, workspace or "", by, "provider added", name, kind=kind, base_url=url, private=allow_private)
        return _find(db, workspace, number)


def list_providers(store: GatewayStore, workspace: str | None = None) -> list[Provider]:
    """The providers that a workspace uses, its own first, in the order in which they were added; None: all
    providers."""
    with store.reading() as db:
        rows = _ALL.run(db) if workspace is None else _OF_WORKSPACE.run(db, used_by=workspace)
    return [_provider(row) for row in rows]


def find_provider(store: GatewayStore, workspace: str | None, named: str) -> Provider:
    """A provider that a workspace (None: any) uses, by id or name. Raises `NotThere`."""
    with store.reading() as db:
        return _find(db, workspace, named)


def change_provider(
    store: GatewayStore,
    number: str,
    by: str,
    *,
    base_url: str | None = None,
    credential: str | None = None,
    allow_private: bool | None = None,
    allowed: Collection[str] = (),
) -> Provider:
    """Change the given fields. A new address is checked. Raises as `add_provider` does, and `NotThere`."""
    with store.reading() as db:
        found = _find(db, None, number)
    if credential is not None:
        _check_credential(found.kind, credential)
    is_private = found.allow_private if allow_private is None else allow_private
    url = check_base_url(base_url or found.base_url, is_private_allowed=is_private, allowed=allowed)
    with store.writing() as db:
        values: dict[str, Any] = {"base_url": url, "allow_private": is_private}
        if credential is not None:
            values |= _seal(store, db, found.id, credential)
        db.execute(providers.update().where(providers.c.id == found.id).values(**values))
        changed = [
            what
            for what, one in (("base_url", base_url), ("credential", credential), ("private", allow_private))
            if one is not None
        ]
        store.note(db, found.workspace or "", by, "provider changed", found.name, changed=changed)
        return _find(db, None, found.id)


def delete_provider(store: GatewayStore, number: str, by: str) -> Provider:
    """Delete a provider with its credential and its list of models. Raises `NotThere`."""
    with store.writing() as db:
        found = _find(db, None, number)
        db.execute(models.delete().where(models.c.provider == found.id))
        db.execute(providers.delete().where(providers.c.id == found.id))
        store.note(db, found.workspace or "", by, "provider deleted", found.name)
        return found


def open_credential(masters: MasterKeys, provider: Provider) -> str:
    """The decrypted credential of a provider; empty if it has none. Raises `SealingError` if the master key is missing
    or another."""
    kept = provider.credential
    if kept is None:
        return ""
    key = _data_key(masters.find(kept.master), kept.wrapped)
    return key.open(kept.sealed, _place(provider.id)).decode()


@lru_cache(maxsize=64)
def _data_key(master: bytes, wrapped: bytes) -> DataKey:
    """The data key of a credential. Kept: to unwrap one takes ten times as long as what it is needed for."""
    return DataKey(unwrap(master, wrapped))


def rewrap_credentials(store: GatewayStore) -> int:
    """Encrypt all data keys of credentials under the newest master key. Returns how many there are. Raises
    `SealingError`."""
    with store.writing(is_durable=True) as db:  # the old key is removed afterwards
        rows = db.execute(providers.select().where(providers.c.sealed.is_not(None))).all()
        for row in rows:
            wrapped = store.masters.wrap(store.masters.unwrap(Wrapped(row.wrapped, row.master)))
            changed = providers.update().where(providers.c.id == row.id)
            db.execute(changed.values(wrapped=wrapped.wrapped, master=wrapped.master))
        return len(rows)


def _check_credential(kind: str, credential: str) -> None:
    if KINDS[kind].wants_credential and not credential:
        raise InvalidSetting(f"a provider of the kind {kind} needs a credential", "credential")
    if " " in credential:
        text = "credential: it has a space in it; the bare key was expected, without `Bearer`"
        raise InvalidSetting(text, "credential")
    if len(credential) > _LONGEST_CREDENTIAL or not credential.isascii() or not credential.isprintable():
        text = f"credential: at most {_LONGEST_CREDENTIAL} printable ASCII characters were expected"
        raise InvalidSetting(text, "credential")


def _seal(store: GatewayStore, db: sa.Connection, number: str, credential: str) -> dict[str, Any]:
    if not credential:
        return {"sealed": None, "wrapped": None, "master": None}
    key = DataKey()
    wrapped = wrap_new(store, db, key)
    return {
        "sealed": key.seal(credential.encode(), _place(number)),
        "wrapped": wrapped.wrapped,
        "master": wrapped.master,
    }


def _place(number: str) -> str:
    return f"provider\n{number}"


def _used_by(workspace: str | sa.BindParameter[str]) -> sa.ColumnElement[bool]:
    return (providers.c.workspace == workspace) | providers.c.workspace.is_(None)


def _find(db: sa.Connection, workspace: str | None, named: str) -> Provider:
    chosen = providers.select().where((providers.c.id == named) | (providers.c.name == named))
    if workspace is not None:
        chosen = chosen.where(_used_by(workspace))
    row = db.execute(chosen.order_by(providers.c.id != named, providers.c.workspace.is_(None))).first()
    if row is None:
        raise NotThere(f"there is no provider {named[:80]!r}")
    return _provider(row)


def _check_free(db: sa.Connection, name: str, workspace: str | None) -> None:
    same = providers.c.workspace.is_(None) if workspace is None else providers.c.workspace == workspace
    if db.execute(sa.select(providers.c.id).where(providers.c.name == name, same)).first():
        raise Conflict(f"there is a provider {name} already")


def _provider(row: Any) -> Provider:
    return Provider(
        row.id,
        row.workspace,
        row.name,
        row.kind,
        row.base_url,
        row.allow_private,
        row.created_at,
        None if row.sealed is None else SealedCredential(row.sealed, row.wrapped, row.master),
    )


_IN_ORDER = providers.select().order_by(providers.c.workspace.is_(None), providers.c.created_at, providers.c.id)
_ALL = Prepared(_IN_ORDER)
_OF_WORKSPACE = Prepared(_IN_ORDER.where(_used_by(sa.bindparam("used_by"))))
