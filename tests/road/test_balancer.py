"""HAProxy, as `deploy/haproxy.cfg` has it, in front of two real proxies on one PostgreSQL database."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.cli import build
from penstock.control.discovery import free_port
from tests.road.client import Road
from tests.road.proxy import REPOSITORY, wait_until
from tests.road.test_shared_store import Pair

pytestmark = pytest.mark.slow


def _program() -> str:
    found = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip("HAProxy is not installed")
    return found


@pytest.fixture
def pair(start: Callable[..., Road], postgres_url: str, tmp_path: Path) -> Iterator[Pair]:
    """Both proxies, asked through a running HAProxy."""
    program, pair, port = _program(), Pair(start, postgres_url, tmp_path, {}), free_port("127.0.0.1")
    addresses = {f"PENSTOCK_PROXY_{n + 1}": f"127.0.0.1:{road.port}" for n, road in enumerate(pair.roads)}
    env = {**os.environ, **addresses, "PENSTOCK_LISTEN": f"127.0.0.1:{port}"}
    config = str(REPOSITORY / "deploy" / "haproxy.cfg")
    subprocess.run([program, "-c", "-f", config], env=env, check=True, timeout=60, stdout=subprocess.DEVNULL)
    process = subprocess.Popen([program, "-db", "-f", config], env=env, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: _listens(port), "HAProxy listens")
        for road in pair.roads:
            road.port = port
        yield pair
    finally:
        process.terminate()
        process.wait(60)


def _listens(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def test_a_session_stays_with_one_proxy_and_goes_on_with_the_other(
    pair: Pair, postgres_url: str, penstock_home: Path
) -> None:
    """Each proxy adds notes of its own, so that what is sent says which ones it came through. When the session's proxy
    is killed, the next turn has the same prefix, byte for byte (`send` checks it), and the other's note at its end."""
    for _ in range(5):
        left = pair.send(0)
    wait_until(lambda: _received(postgres_url) == 5, "the events of five turns are in the database")
    [home] = [n for n in range(2) if b"call %d." % n in left]
    pair.roads[home].proxy.kill()
    left = pair.send(1 - home)
    assert b"call %d." % home in left
    left = pair.send(1 - home)
    assert b"call %d." % (1 - home) in left
    wait_until(lambda: _received(postgres_url) == 7, "the events of both proxies are in the database")


def _received(url: str) -> int:
    """How many requests `penstock events` shows, given the URL of the database."""
    shown = CliRunner().invoke(build(), ["events", "--store", url, "--json", "--kind", "received"])
    assert shown.exit_code == 0, shown.output
    return len(shown.stdout.splitlines())
