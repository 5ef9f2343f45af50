"""`penstock pause`, `resume` and `down`, with a proxy and without one."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from penstock.base import paths
from penstock.control import discovery
from penstock.control.client import KEY_FILE
from penstock.events.event import EventKind
from penstock.store.sql import SqlStore
from penstock_addons.cli import proxy_control
from tests.addons.cli.program import Program
from tests.addons.conftest import Run
from tests.road.proxy import wait_until


@pytest.mark.parametrize("words", [("pause",), ("resume",), ("down",), ("down", "--yes")])
def test_without_a_proxy_it_says_so(run: Run, words: tuple[str, ...]) -> None:
    """And what to do, before anything is asked."""
    found = run(*words)
    assert found.exit_code == 2
    assert "`penstock up` starts one" in found.output
    assert "?" not in found.output


def test_a_proxy_that_hangs_can_be_ended_all_the_same(
    run: Run, penstock_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts connections and says nothing: the command says how."""
    monkeypatch.setattr(proxy_control, "WAIT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        at, store = server.getsockname()[1], paths.store_path()
        discovery.announce(
            discovery.Announcement(os.getpid(), "127.0.0.1", at, "default", str(store), "", 1.0),
            discovery.default_file(),
        )
        (store.parent / KEY_FILE).write_bytes(bytes(32))
        found = run("down", "--yes")
    assert found.exit_code == 2
    assert "does not answer" in found.output
    assert f"`kill -9 {os.getpid()}` ends it" in found.output


def test_up_and_down_again(up: Callable[..., Program], run: Run) -> None:
    """It asks first, and ends by itself, in order: the last event written, nothing announced any more."""
    program = up()
    asked = run("down")
    assert asked.exit_code == 1
    assert "Shut the proxy down?" in asked.output
    assert "--yes" in asked.output
    assert run("pause").output.startswith("Editing is paused: ")
    assert run("pause").output.startswith("Editing is paused already: ")
    assert run("resume").output == "Editing goes on.\n"
    assert run("resume").output == "It was not paused.\n"
    assert "is shutting down." in run("down", "--yes").output
    wait_until(lambda: program.process.poll() is not None, "it ends")
    assert program.process.returncode == 0
    assert not discovery.default_file().exists()
    assert discovery.all_beside(paths.store_path()) == []
    store = SqlStore(paths.store_path(), readonly=True)
    assert store.events_after(limit=1000)[-1].kind is EventKind.STOPPED
    store.close()
