"""HAProxy, as `deploy/haproxy.cfg` has it, in front of two real proxies on one PostgreSQL database."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from penstock.base.postgres_connection import engine_of
from penstock.cli import build
from penstock.control.discovery import free_port
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road
from tests.road.provider import Answer
from tests.road.proxy import REPOSITORY, wait_until
from tests.road.replies import ANTHROPIC_EVENTS
from tests.road.test_shared_store import Pair

pytestmark = pytest.mark.slow

CLIENTS = 6


def _program() -> str:
    found = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None:
        pytest.skip("HAProxy is not installed")
    return found


@pytest.fixture
def pair(start: Callable[..., Road], postgres_url: str, tmp_path: Path) -> Iterator[Pair]:
    """Both proxies, asked through a running HAProxy."""
    program, port = _program(), free_port("127.0.0.1")
    pair = Pair(start, postgres_url, tmp_path, {}, options=["penstock_grace=120"])
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


def test_no_request_fails_while_a_proxy_is_drained(pair: Pair, postgres_url: str) -> None:
    """Clients ask through the balancer all the time, short answers and streams. One proxy gets SIGTERM: it tells the
    balancer, ends what is under way, and leaves no lease behind; the other takes all that comes."""
    leaving, staying = pair.roads
    own = leaving.proxy.process
    done, answers, failed = threading.Event(), Counter[bool](), list[str]()

    def ask_again_and_again(n: int) -> None:
        while not done.is_set():
            had_ended = own.poll() is not None
            try:
                _one_turn(staying, n)
            except Exception as e:
                failed.append(f"{type(e).__name__}: {e}")
            answers[had_ended] += 1

    threads = [threading.Thread(target=ask_again_and_again, args=(n,)) for n in range(CLIENTS)]
    for one in threads:
        one.start()
    try:
        wait_until(lambda: answers[False] >= 3 * CLIENTS, "all have asked some times")
        own.send_signal(signal.SIGTERM)
        wait_until(lambda: own.poll() is not None, "it has ended")
        wait_until(lambda: answers[True] >= 3 * CLIENTS, "all have asked the other one")
    finally:
        done.set()
        for one in threads:
            one.join()
    assert failed == []
    assert "SIGTERM: the proxy ends" in leaving.proxy.output
    assert "cut off" not in leaving.proxy.output
    engine = engine_of(postgres_url)
    with engine.connect() as db:
        assert db.execute(sa.text("SELECT count(*) FROM leases WHERE until IS NOT NULL")).scalar_one() == 0
    engine.dispose()


def _one_turn(road: Road, n: int) -> None:
    """A request of a new session, answered at once or in pieces. Raises if it is not answered whole."""
    session = new_session()
    headers, in_pieces = {"x-claude-code-session-id": session}, n % 2 == 1
    stream = Answer(ANTHROPIC_EVENTS, headers=(("Content-Type", "text/event-stream"),))
    body = claude(ask("hello"), session=session, stream=in_pieces)
    call = road.post("/v1/messages", body, headers, *([stream] if in_pieces else []))
    assert not in_pieces or call.answer.body == b"".join(ANTHROPIC_EVENTS)


def _received(url: str) -> int:
    """How many requests `penstock events` shows, given the URL of the database."""
    shown = CliRunner().invoke(build(), ["events", "--store", url, "--json", "--kind", "received"])
    assert shown.exit_code == 0, shown.output
    return len(shown.stdout.splitlines())
