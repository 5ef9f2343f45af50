"""What `penstock doctor` says of a proxy that is up and hangs, and of one whose store is gone."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.control.client import KEY_FILE
from penstock.control.discovery import Announcement, announce, default_file
from penstock.memory import Memory
from penstock.memory.embedders.trigrams import Trigrams
from penstock.store.sql import SqlStore
from penstock_addons.cli import proxy_check
from penstock_addons.cli.check_result import CheckResult, Installation, Level
from penstock_addons.cli.checks import check_all


@pytest.fixture
def store(penstock_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """That of a proxy which is announced, accepts connections and says nothing. It is this process."""
    file = paths.store_path()
    monkeypatch.setattr(proxy_check, "_ANSWER_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        here = Announcement(os.getpid(), "127.0.0.1", server.getsockname()[1], "default", str(file), "", 1.0)
        announce(here, default_file())
        (file.parent / KEY_FILE).write_bytes(bytes(32))
        yield file


def _looked_at(store: Path) -> dict[str, CheckResult]:
    found = check_all(Installation("default", 1, store, store.parent / "conf"))
    return {check.name: check for check in found}


def test_a_proxy_that_hangs_is_named_and_holds_up_nothing(store: Path) -> None:
    """Nor does its memory."""
    with closing(SqlStore(store)), closing(Memory(paths.memory_dir(), Trigrams())):
        found = _looked_at(store)
    assert found["proxy"].level is Level.FAIL
    assert "does not answer" in found["proxy"].said
    assert f"kill -9 {os.getpid()}" in found["proxy"].fix
    assert (found["memory"].level, found["memory"].fix) == (Level.WARN, "See `proxy` above.")


def test_a_store_that_was_deleted_under_its_proxy_is_named(store: Path) -> None:
    """Not taken for one that was not begun yet."""
    found = _looked_at(store)["store"]
    assert found.level is Level.FAIL
    assert f"{store} was deleted under the proxy that is up (process {os.getpid()})" in found.said
    assert "penstock restore" in found.fix
    default_file().unlink()
    assert _looked_at(store)["store"].level is Level.OK
