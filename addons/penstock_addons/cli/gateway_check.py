"""`gateway`: the check of the team gateway for `penstock doctor`: its file or database, its providers and active keys,
and whether the master key is there that their credentials are encrypted under. Raises `GatewayFault` if the file is
damaged or the master key is missing."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa

from penstock.base.errors import PenstockError, StoreError
from penstock.base.format import plural
from penstock.base.postgres import PostgresServer, why
from penstock.base.postgres_connection import CONNECT_S, deadline
from penstock.base.store_url import url_in
from penstock.gateway.database import FILE_NAME
from penstock.gateway.schema import api_keys
from penstock.gateway.schema import providers as provider_table
from penstock.sealing.master_key import MasterKeys
from penstock_addons.cli.check_finding import Finding

__all__ = ["GatewayFault", "gateway"]


_ACTIVE_KEYS = "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"


_SHUT = "Until then every key is answered with status 503."
_DAMAGED = f"{_SHUT} `penstock restore` brings back the file of a backup."
_LOST = (
    f"{_SHUT} The master key is in no backup. Without a copy of your own, `penstock providers remove NAME` each and "
    "`penstock providers add NAME` it again with its credential."
)


class GatewayFault(PenstockError):
    """No request with a key can be let in."""

    def __init__(self, said: str, fix: str) -> None:
        super().__init__(said)
        self.fix = fix


def gateway(store: Path, url: str = "") -> Finding:
    """The state of the gateway beside `store`, or in the database at `url`. Raises `GatewayFault` where it cannot be
    used, and `StoreError` where its database cannot be read."""
    if url := url or url_in(store):
        return _in_database(url, store.parent)
    file = store.parent / FILE_NAME
    if not file.exists():
        return Finding("none is set up")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=rw", uri=True, timeout=1)) as db:
            sound = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
            providers = int(db.execute("SELECT count(*) FROM providers").fetchone()[0])
            masters = {str(row[0]) for row in db.execute("SELECT DISTINCT master FROM providers WHERE sealed NOTNULL")}
            keys = int(db.execute(_ACTIVE_KEYS, (time.time(),)).fetchone()[0])
    except (sqlite3.Error, TypeError) as e:
        raise GatewayFault(f"{file} cannot be used: {e}", _DAMAGED) from e
    if sound != "ok":
        raise GatewayFault(f"{file} is damaged: {sound}", _DAMAGED)
    return _finding(str(file), MasterKeys(file.parent), masters, providers, keys)


def _in_database(url: str, folder: Path) -> Finding:
    """That of a store that other machines use, too; not by `GatewayStore`, which would make or migrate the tables."""
    with closing(PostgresServer(url, 1)) as server:
        try:
            with server.reached(), deadline(CONNECT_S), server.engine.connect() as db:
                if not sa.inspect(db).has_table(api_keys.name):
                    return Finding("none is set up")
                lasts = api_keys.c.expires_at.is_(None) | (api_keys.c.expires_at > time.time())
                active = sa.select(sa.func.count()).select_from(api_keys).where(api_keys.c.revoked_at.is_(None), lasts)
                keys = int(db.scalar(active) or 0)
                count = int(db.scalar(sa.select(sa.func.count()).select_from(provider_table)) or 0)
                sealed = sa.select(provider_table.c.master).where(provider_table.c.sealed.is_not(None)).distinct()
                masters = set(db.scalars(sealed))
        except sa.exc.SQLAlchemyError as e:
            raise StoreError(f"{server.name} cannot be read: {why(e)}") from e
    return _finding("in the store's database", MasterKeys(folder), masters, count, keys)


def _finding(place: str, known: MasterKeys, masters: set[str], providers: int, keys: int) -> Finding:
    if why := known.why_lacking(masters):
        raise GatewayFault(f"the credentials of its providers cannot be decrypted: {why}", _LOST)
    said = f"{place}, {plural(providers, 'provider')}, {plural(keys, 'active key')}"
    if not providers:
        return Finding(said, "Only a client's own credential can be sent: penstock providers add NAME")
    return Finding(said, "" if keys else "No client can use it yet: penstock keys add NAME")
