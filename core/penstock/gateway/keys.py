"""API keys of the gateway: `add_key`, `list_keys`, `find_key` (by id), `check_key` (by secret; writes nothing),
`key_in` (the same in a transaction), `note_use` (last day), `change_key`, `rotate_key` (the old secret valid for up to
30 days if asked) and `revoke_key`; changes are in the audit log. A key is 32 random bytes, of which a SHA-256 and the
prefix that people see are stored."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from functools import lru_cache
from typing import Any, cast

import msgspec
import sqlalchemy as sa

from penstock.base.prepared import Prepared
from penstock.base.suggest import did_you_mean
from penstock.gateway.database import DEFAULT_WORKSPACE, GatewayStore, new_id
from penstock.gateway.errors import BadKey, InvalidSetting, NotThere
from penstock.gateway.key_cache import announce_keys
from penstock.gateway.records import ALL_SCOPES, DEFAULT_SCOPES, ApiKey, Scope
from penstock.gateway.schema import api_keys
from penstock.gateway.workspaces import check_name, workspace_in

__all__ = [
    "PREFIX",
    "add_key",
    "change_key",
    "check_key",
    "find_key",
    "key_in",
    "list_keys",
    "revoke_key",
    "rotate_key",
    "scopes_in",
]

PREFIX = "pst_"
"""The prefix of every key, which distinguishes it from a provider's."""
_SHOWN = 8
"""Characters of a key that are kept, for people."""
_LONGEST = 200
_KEPT = object()
_ROWS = sa.select(
    *(sa.cast(one, sa.Text).label(one.name) if isinstance(one.type, sa.JSON) else one for one in api_keys.c)
)
"""Keys, with their lists as JSON texts, so that a row can be hashed."""
_BY_DIGEST = Prepared(
    _ROWS.where((api_keys.c.digest == sa.bindparam("said")) | (api_keys.c.old_digest == sa.bindparam("said")))
)


def add_key(
    store: GatewayStore,
    workspace: str,
    name: str,
    by: str,
    *,
    scopes: Collection[str] = DEFAULT_SCOPES,
    models: Collection[str] = (),
    expires_at: float | None = None,
) -> tuple[ApiKey, str]:
    """Make a key in this workspace. Returns it and its secret, which is not stored. Raises `InvalidSetting` and
    `NotThere`."""
    _check_key_name(name)
    now, secret = store.clock.now(), _new_secret()
    _check_end(expires_at, now)
    made = ApiKey(
        new_id(),
        workspace,
        name,
        secret[:_SHOWN],
        _scopes(scopes, workspace),
        _models(models),
        now,
        expires_at=expires_at,
    )
    values = {"scopes": list(made.scopes), "models": list(made.models), "created_at": now, "expires_at": expires_at}
    with store.writing() as db:
        workspace_in(db, workspace)
        row = {"id": made.id, "workspace": workspace, "name": name, "prefix": made.prefix, "digest": _digest(secret)}
        db.execute(api_keys.insert().values(**row, **values))
        store.note(db, workspace, by, "key added", f"{name} ({made.id})", scopes=list(made.scopes))
    return made, secret


def list_keys(store: GatewayStore, workspace: str) -> list[ApiKey]:
    """The keys of a workspace, the newest first."""
    order = (api_keys.c.created_at.desc(), api_keys.c.id)
    with store.reading() as db:
        return [_key(row) for row in db.execute(_ROWS.where(_of(workspace)).order_by(*order))]


def find_key(store: GatewayStore, workspace: str, number: str) -> ApiKey:
    """A key of a workspace by its id. Raises `NotThere`."""
    with store.reading() as db:
        return _find(db, workspace, number)


def check_key(store: GatewayStore, secret: str) -> ApiKey:
    """The key with this secret. Raises `BadKey` if it is unknown, has expired or was revoked. Writes nothing."""
    with store.reading() as db:
        return key_in(db, secret, store.clock.now())


def key_in(db: sa.Connection, secret: str, now: float) -> ApiKey:
    """As `check_key`, in a transaction."""
    if not secret.startswith(PREFIX) or len(secret) > _LONGEST:
        raise BadKey("this is no key of Penstock: those begin with pst_")
    digest = _digest(secret)
    row = _BY_DIGEST.first(db, said=digest)
    if row is None:
        raise BadKey("this key is not known here: check it, or have a new one made with `penstock keys add`")
    key = _key(row)
    if row.digest != digest and (row.old_until is None or row.old_until <= now):
        raise BadKey(f"this key was replaced: use the new one of {key.name}")
    state = key.state(now)
    if state != "active":
        said = "was revoked" if state == "revoked" else "has expired"
        raise BadKey(f"this key ({key.prefix}…) {said}: have a new one made")
    return key


def note_use(store: GatewayStore, number: str, day: str) -> None:
    """Store the last day (UTC) on which a key was used. One that is later by the clock of another machine stays."""
    is_later = api_keys.c.last_used_day.is_(None) | (api_keys.c.last_used_day < day)
    with store.writing() as db:
        db.execute(api_keys.update().where((api_keys.c.id == number) & is_later).values(last_used_day=day))


def change_key(
    store: GatewayStore,
    workspace: str,
    number: str,
    by: str,
    *,
    name: str | None = None,
    scopes: Collection[str] | None = None,
    models: Collection[str] | None = None,
    expires_at: Any = _KEPT,
) -> ApiKey:
    """Change what is given. `expires_at` None: never. Raises `NotThere` and `InvalidSetting`."""
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _check_key_name(name)
    if scopes is not None:
        values["scopes"] = list(_scopes(scopes, workspace))
    if models is not None:
        values["models"] = list(_models(models))
    if expires_at is not _KEPT:
        _check_end(expires_at, store.clock.now())
        values["expires_at"] = expires_at
    with store.writing() as db:
        found = _find(db, workspace, number)
        if values:
            db.execute(api_keys.update().where(api_keys.c.id == number).values(**values))
            store.note(db, workspace, by, "key changed", f"{found.name} ({number})", changed=sorted(values))
        changed = _find(db, workspace, number)
    announce_keys(store.redis)
    return changed


def rotate_key(
    store: GatewayStore, workspace: str, number: str, by: str, *, grace_s: float = 0.0
) -> tuple[ApiKey, str]:
    """Make a new secret for a key, which keeps its id and its usage; the old secret is valid for `grace_s` more
    seconds. Raises `NotThere`, and `InvalidSetting` for a key that was revoked."""
    if not 0 <= grace_s <= 30 * 86400:
        raise InvalidSetting(f"grace_s = {grace_s:g}: 0 to 30 days in seconds were expected", "grace_s")
    secret, now = _new_secret(), store.clock.now()
    with store.writing() as db:
        found = _find(db, workspace, number)
        if found.revoked_at is not None:
            raise InvalidSetting(f"key {found.name} was revoked: make a new one", "id")
        old = sa.select(api_keys.c.digest).where(api_keys.c.id == number).scalar_subquery()
        values = {"digest": _digest(secret), "prefix": secret[:_SHOWN], "old_until": now + grace_s if grace_s else None}
        kept = old if grace_s else None
        db.execute(api_keys.update().where(api_keys.c.id == number).values(**values, old_digest=kept))
        store.note(db, workspace, by, "key rotated", f"{found.name} ({number})", grace_s=grace_s)
        rotated = _find(db, workspace, number)
    announce_keys(store.redis)
    return rotated, secret


def revoke_key(store: GatewayStore, workspace: str, number: str, by: str) -> ApiKey:
    """Revoke a key, with the secret before its last rotation. Raises `NotThere`."""
    with store.writing() as db:
        found = _find(db, workspace, number)
        if found.revoked_at is None:
            values = {"revoked_at": store.clock.now(), "old_digest": None, "old_until": None}
            db.execute(api_keys.update().where(api_keys.c.id == number).values(**values))
            store.note(db, workspace, by, "key revoked", f"{found.name} ({number})")
        revoked = _find(db, workspace, number)
    announce_keys(store.redis)
    return revoked


def scopes_in(workspace: str) -> tuple[Scope, ...]:
    """What a key of this workspace can be allowed. Figures are of all workspaces: only keys of `default` may see
    them."""
    return (*ALL_SCOPES, "metrics") if workspace == DEFAULT_WORKSPACE else ALL_SCOPES


def _of(workspace: str) -> sa.ColumnElement[bool]:
    return api_keys.c.workspace == workspace


def _find(db: sa.Connection, workspace: str, number: str) -> ApiKey:
    row = db.execute(_ROWS.where(_of(workspace), api_keys.c.id == number)).first()
    if row is None:
        raise NotThere(f"there is no key with the id {number[:40]!r} in this workspace")
    return _key(row)


@lru_cache(maxsize=1000)
def _key(row: Any) -> ApiKey:
    """The key of one of `_ROWS`: each request reads its key, which is seldom another one than before."""
    known = scopes_in(row.workspace)
    scopes = cast("tuple[Scope, ...]", tuple(one for one in msgspec.json.decode(row.scopes) if one in known))
    models = tuple(msgspec.json.decode(row.models))
    times = {"expires_at": row.expires_at, "revoked_at": row.revoked_at, "last_used_day": row.last_used_day}
    return ApiKey(row.id, row.workspace, row.name, row.prefix, scopes, models, row.created_at, **times)


def _check_key_name(name: str) -> str:
    """Checks a key's name, which must not be that of the owner, since histories name keys."""
    if name.lower() == "owner":
        raise InvalidSetting("owner is whom the history calls the owner: give the key another name", "name")
    return check_name(name, "key")


def _new_secret() -> str:
    return PREFIX + secrets.token_urlsafe(32)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _scopes(given: Collection[str], workspace: str) -> tuple[Scope, ...]:
    there = scopes_in(workspace)
    unknown = next((one for one in given if one not in there), None)
    if unknown is not None or not given:
        known = f"one or more of {', '.join(there)} were expected"
        guess = did_you_mean(unknown or "", there)
        raise InvalidSetting(
            f"scopes: {unknown!r} is none: {known}.{guess}" if unknown else f"scopes: {known}", "scopes"
        )
    return tuple(one for one in there if one in given)


def _models(given: Collection[str]) -> tuple[str, ...]:
    if len(given) > 500 or any(not isinstance(one, str) or not 0 < len(one) <= 200 for one in given):
        raise InvalidSetting("models: at most 500 names of 1 to 200 characters were expected", "models")
    return tuple(dict.fromkeys(given))


def _check_end(expires_at: float | None, now: float) -> None:
    if expires_at is not None and not now < expires_at < now + 100 * 366 * 86400:
        raise InvalidSetting("expires_at: a time from now on, within a hundred years, was expected", "expires_at")
