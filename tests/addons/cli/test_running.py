"""Which proxy is up, when it did not say so itself."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from penstock.base import paths
from penstock.control.client import Remote
from penstock.control.discovery import Announcement, announce, file_beside, free_port, running
from penstock.events.event import Event, EventKind
from penstock.store.sql import SqlStore
from tests.addons.cli.program import Program
from tests.addons.conftest import Run
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, wait_until

pytestmark = pytest.mark.slow


@contextmanager
def held(*started: dict[str, Any]) -> Iterator[Path]:
    """The store of a proxy that is up, with what stands in it."""
    store = SqlStore(paths.store_path())
    store.add_events([Event(0, 5.0, "", EventKind.STARTED, payload) for payload in started])
    store.add_events([Event(0, 6.0, "x", EventKind.RECEIVED, {})] * 1500)
    yield store.path
    store.close()


@pytest.fixture
def port() -> Iterator[int]:
    """One that answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_the_newest_start_whose_process_lives_counts(penstock_home: Path, port: int) -> None:
    """However much has been logged since; one that was killed, or does not answer, is passed over."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    ours = {"pid": os.getpid(), "profile": "codex", "listen": ["127.0.0.1:1", f"127.0.0.1:{port}"]}
    dead = {"pid": gone.pid, "listen": [f"127.0.0.1:{port}"]}
    mute = {"pid": os.getpid(), "listen": ["127.0.0.1:1"]}
    with held(mute, ours, dead, mute, {"pid": "?"}, {}) as store:
        assert running(store) == Announcement(os.getpid(), "127.0.0.1", port, "codex", str(store), "", 5.0)


def test_a_store_that_nobody_holds_tells_of_no_proxy(penstock_home: Path, port: int) -> None:
    """The process number of one that was killed may be another's by now."""
    with held({"pid": os.getpid(), "listen": [f"127.0.0.1:{port}"]}) as store:
        assert running(store) is not None
    assert running(store) is None
    assert running(store.with_name("nowhere.db")) is None


def test_one_that_is_announced_comes_first(penstock_home: Path, port: int, pretended: Announcement) -> None:
    """It says more of itself."""
    with held({"pid": os.getpid(), "listen": [f"127.0.0.1:{port}"]}) as store:
        assert running(store) == pretended


def test_only_the_proxy_of_a_store(
    penstock_home: Path, port: int, pretended: Announcement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it is asked for, another that is announced does not count, however the store's path is written."""
    with held({"pid": os.getpid(), "listen": [f"127.0.0.1:{port}"]}) as store:
        up = running(store, only=True)
        assert up is not None
        assert (up.port, up.store) == (port, str(store))
    assert running(store, only=True) is None
    (tmp_path / "link").symlink_to("/")
    monkeypatch.setenv("HOME", "/")
    for path in ("/s.db", "~/s.db", f"{tmp_path}/link/s.db"):
        assert running(Path(path), only=True) == pretended


def test_another_proxy_on_the_same_database_does_not_count(penstock_home: Path, port: int) -> None:
    """The log that they share tells of both: the newer is not the one with this store, which has another token."""
    ours = {"pid": os.getpid(), "listen": [f"127.0.0.1:{port}"]}
    with socket.create_server(("127.0.0.1", 0)) as server:
        others = {"pid": os.getppid(), "listen": [f"127.0.0.1:{server.getsockname()[1]}"]}
        with held(ours, others) as store:
            up = running(store, only=True)
            assert (up and up.port) == port
        with held(others) as store:
            here = Announcement(os.getpid(), "127.0.0.1", port, "default", str(store), "/ca.pem", 1.0)
            late = replace(here, pid=os.getppid(), port=server.getsockname()[1], started=2.0)
            elsewhere = replace(late, pid=1, store=str(store.with_name("theirs.db")))
            for one in (here, late, elsewhere):
                announce(one, file_beside(store, one.pid))
            assert running(store, only=True) == here


def test_plain_mitmdump_is_found(run: Run, penstock_home: Path, provider: Provider) -> None:
    """By `penstock compact` and `penstock doctor`, with its port; also where it has a store of its own."""
    elsewhere = penstock_home / "state" / "mine.db"
    for store, words in ((paths.store_path(), ()), (elsewhere, ("--store", str(elsewhere)))):
        proxy = Proxy(Setup(penstock_home, provider.port, options=[f"penstock_store={store}"]), keeps_events=False)
        try:
            port = proxy.port()
            wait_until(partial(running, store), "the log tells of it")
            found = run("compact", *words)
            assert (found.exit_code, "there is no conversation" in found.output) == (1, True), found.output
            found = run("doctor", *words)
            assert f"ok    proxy: up on http://127.0.0.1:{port}, process {proxy.process.pid}" in found.stdout
        finally:
            proxy.stop()
    assert run("compact").exit_code == 2


def test_proxies_on_one_database_are_each_asked_by_their_store(
    run: Run, up: Callable[..., Program], penstock_home: Path, postgres_url: str, tmp_path: Path
) -> None:
    """Each has a control key of its own. The first announces itself for all; the log tells of the third one last."""
    pids = {}
    for name in ("sa", "sb", "sc"):
        store = tmp_path / name / "penstock.db"
        store.parent.mkdir()
        store.write_text(postgres_url)
        store.chmod(0o600)
        pids[store] = up("--store", str(store), "--port", str(free_port("127.0.0.1"))).process.pid
        own = file_beside(store, pids[store])
        wait_until(own.exists, "this one listens, and not only the first")
    for store, pid in pids.items():
        assert Remote(store).health()["pid"] == pid
        found = run("budget", "show", "--store", str(store))
        assert found.exit_code == 0, found.output
