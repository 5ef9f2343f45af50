"""`gateway`: the check of the team gateway for `penstock doctor`: its file, its providers and keys, and the master key
that their credentials are encrypted under. Raises `GatewayFault` where the gateway cannot be used. It migrates and
changes nothing."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from penstock.base.errors import PenstockError
from penstock.base.format import plural
from penstock.gateway.database import FILE_NAME
from penstock.sealing.master_key import MasterKeys
from penstock_addons.cli.check_finding import Finding

__all__ = ["GatewayFault", "gateway"]


_ACTIVE_KEYS = "SELECT count(*) FROM api_keys WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"


class GatewayFault(PenstockError):
    """No request with a key can be let in."""


def gateway(store: Path) -> Finding:
    """The state of the gateway beside `store`. Raises `GatewayFault` where it cannot be used."""
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
        raise GatewayFault(f"{file} cannot be used: {e}") from e
    if sound != "ok":
        raise GatewayFault(f"{file} is damaged: {sound}")
    if why := MasterKeys(file.parent).why_lacking(masters):
        raise GatewayFault(f"the credentials of its providers cannot be decrypted: {why}")
    said = f"{file}, {plural(providers, 'provider')}, {plural(keys, 'active key')}"
    if not providers:
        return Finding(said, "Only a client's own credential can be sent: penstock providers add NAME")
    return Finding(said, "" if keys else "No client can use it yet: penstock keys add NAME")
