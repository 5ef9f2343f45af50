"""The proxy that has a store, asked to do something, wherever it listens by now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penstock.base.errors import PenstockError
from penstock.control.client import ask
from penstock.control.find_running import running

__all__ = ["NotUp", "Remote"]

WAIT_S = 10.0


class NotUp(PenstockError):
    """No proxy with this store is up."""


class Remote:
    """Looks for the proxy with each command: it may have been started again, elsewhere."""

    def __init__(self, store: Path) -> None:
        self.store = store.expanduser().absolute()

    def do(self, path: str, arguments: Mapping[str, object], timeout: float = WAIT_S) -> dict[str, Any]:
        """What the proxy answers to `POST path`. Waits, so not on a screen's own thread. Raises `NotUp` when there is
        none, `penstock.control.client.Refused` when it will not, else `PenstockError`."""
        up = running(self.store, only=True)
        if up is None:
            raise NotUp(f"no proxy with the store {self.store} is up: `penstock up` starts one")
        found: dict[str, Any] = ask(up.address, self.store, path, arguments, timeout)
        return found
