"""What becomes of an announcement whose webhook cannot be reached."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

from penstock.gateway.database import GatewayStore
from penstock.gateway.records import Reached
from penstock.gateway.schema import workspaces
from penstock_addons.gateway.webhooks import announce


def test_an_address_that_is_none_ends_no_thread(tmp_path: Path) -> None:
    """It passes the check of settings, and no name can be this long."""
    closing_down = threading.Event()
    closing_down.set()
    reached = Reached("default", "workspace:default", "day:2026-11-23", "requests", 100, 1, 1)
    with closing(GatewayStore(tmp_path / "gateway.db")) as store:
        with store.writing() as db:
            db.execute(workspaces.update().values(settings={"webhook": "http://" + "\u00e9" * 70 + ".example/"}))
        assert announce(store, reached, closing_down) is False
