"""`Siblings`: the other worker processes of `penstock up --workers`, and commands to them. A command that comes in by
the port that all share reaches any one of them, which passes it on to each by the port that is its own (`OWN_PORT`).
`workers_beside` finds the workers of a proxy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from penstock.base.errors import PenstockError
from penstock.control.client import ask
from penstock.control.discovery import Announcement, all_beside
from penstock.store.worker_files import is_worker_of

__all__ = ["OWN_PORT", "Siblings", "workers_beside"]

OWN_PORT = "regular@127.0.0.1:0"
"""mitmproxy's mode of the port that one worker alone listens on: what is told it there is for it alone."""
WAIT_S = 40.0
"""Longer than the stages of a changed profile may take to be ready."""


def workers_beside(store: Path) -> list[Announcement]:
    """The workers that listen, of the proxy with this store, or of which one has it."""
    return [one for one in all_beside(store) if is_worker_of(Path(one.store), store)]


class Siblings:
    """The other workers beside the one whose store is `store`. Do not call it on the event loop."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def up(self) -> list[Announcement]:
        """Those that listen now."""
        return [one for one in workers_beside(self._store) if one.pid != os.getpid()]

    def ask(self, path: str, fields: Mapping[str, object]) -> list[dict[str, Any]]:
        """The answer of each to a command. Raises `PenstockError` with what the first that fails has said; the others
        have done it all the same."""
        answers, failed = [], None
        for one in self.up():
            try:
                answers.append(ask(one.address, self._store, path, fields, WAIT_S))
            except PenstockError as e:
                failed = failed or e
        if failed is not None:
            raise failed
        return answers

    def first(self, path: str, fields: Mapping[str, object]) -> dict[str, Any] | None:
        """The answer of the first that has one. None: none has."""
        for one in self.up():
            with suppress(PenstockError):
                found: dict[str, Any] = ask(one.address, self._store, path, fields, WAIT_S)
                return found
        return None
