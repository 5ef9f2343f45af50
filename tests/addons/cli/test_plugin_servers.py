"""`penstock up --serve`: the service in the process of a real proxy."""

from __future__ import annotations

import json
import logging
import re
import signal
import socket
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from penstock.control.client import Remote
from penstock.control.discovery import free_port
from penstock_addons.cli.plugin_servers import ServerStarter, running_servers
from tests.addons.cli.program import Program
from tests.addons.conftest import Run
from tests.road.provider import Provider

Up = Callable[..., Program]


class Fails:
    """A server that can do nothing."""

    name = "broken"
    about = ""

    def __init__(self) -> None:
        self.stopped = 0

    def start(self) -> None:
        raise ValueError("cannot")

    def stop(self) -> None:
        self.stopped += 1
        raise ValueError("cannot end")


def service_of(program: Program) -> httpx.Client:
    """A client of the service that the banner names, with the token of the file that it names."""
    program.wait_for("To end:")
    found = re.search(r"service +(\S+), token in (\S+)", program.out)
    assert found is not None, program.out
    headers = {"authorization": f"Bearer {Path(found[2]).read_text()}"}
    return httpx.Client(base_url=found[1], headers=headers, trust_env=False, timeout=30)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["command", signal.SIGINT, signal.SIGTERM])
def test_serves_beside_the_wire_and_ends_with_it(up: Up, provider: Provider, end: str | signal.Signals) -> None:
    """Both answer at once; at the end, by whatever way, nothing is left and nothing is complained about."""
    program = up("--serve", "0", "--reverse", f"http://127.0.0.1:{provider.port}")
    with service_of(program) as http:
        assert http.put("/v1/contexts/state", json={"data": {"n": 1}}).status_code == 201
        proxy = program.wait_until_up()
        body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
        base = next(iter(proxy.reverse.values()))
        assert httpx.post(f"{base}/beside/v1/messages", json=body, trust_env=False, timeout=30).status_code == 200
        assert http.get("/v1/contexts/state").json()["data"] == {"n": 1}
        if isinstance(end, signal.Signals):
            program.send(end)
        else:
            Remote(Path(proxy.store)).do("/shutdown", {})
        assert program.status() == 0
        assert program.err == ""
        assert "warn" not in program.out.lower()
        with pytest.raises(httpx.ConnectError):
            http.get("/healthz")


@pytest.mark.slow
def test_the_profile_and_the_environment_say_so_too(up: Up, tmp_path: Path) -> None:
    """`--serve` without a number takes that port; without `--serve` a port is enough."""
    port = free_port("127.0.0.1")
    mine = tmp_path / "mine.toml"
    mine.write_text(f'extends = "default"\n[service]\nport = {port}\n', encoding="utf-8")
    program = up("--serve", "--profile", str(mine))
    with service_of(program) as http:
        assert http.base_url.port == port
        assert http.get("/healthz").status_code == 200
    program.stop()
    other = free_port("127.0.0.1")
    with service_of(up("--profile", str(mine), PENSTOCK_SERVE_PORT=str(other))) as http:
        assert http.base_url.port == other


@pytest.mark.slow
def test_a_damaged_file_of_contexts_leaves_the_wire_alone(up: Up, provider: Provider, tmp_path: Path) -> None:
    """The proxy answers, and says what is wrong in place of an address that nobody answers at."""
    store = tmp_path / "kept" / "penstock.db"
    store.parent.mkdir()
    (store.parent / "contexts.db").write_bytes(b"no database" * 100)
    program = up("--serve", "0", "--store", str(store), "--reverse", f"http://127.0.0.1:{provider.port}")
    base = next(iter(program.wait_until_up().reverse.values()))
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    assert httpx.post(f"{base}/alone/v1/messages", json=body, trust_env=False, timeout=30).status_code == 200
    program.wait_for("To end:")
    assert re.search(r"^  service +none: \S+contexts\.db cannot be opened", program.out, re.MULTILINE), program.out
    assert "token in" not in program.out
    program.send(signal.SIGTERM)
    assert program.status() == 0
    assert "contexts.db" in program.out


@pytest.mark.slow
def test_the_wire_does_not_wait_for_the_service(up: Up, provider: Provider, tmp_path: Path) -> None:
    """Calls that wait for the file of contexts, more of them than the service has threads, hold up no request."""
    store = tmp_path / "kept" / "penstock.db"
    program = up("--serve", "0", "--store", str(store), "--reverse", f"http://127.0.0.1:{provider.port}")
    base = next(iter(program.wait_until_up().reverse.values()))
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hello"}]}
    with service_of(program) as http, ThreadPoolExecutor(50) as pool:
        assert http.get("/readyz").status_code == 200
        with closing(sqlite3.connect(store.parent / "contexts.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            puts = [pool.submit(http.put, f"/v1/contexts/{n}", json={"data": n}) for n in range(50)]
            for _ in range(3):
                answer = httpx.post(f"{base}/meanwhile/v1/messages", json=body, trust_env=False, timeout=60)
                assert answer.status_code == 200
            other.execute("ROLLBACK")
        assert {put.result().status_code for put in puts} <= {201, 503}  # 503: it gave up waiting


def test_a_port_in_use_is_said_before_anything_listens(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = run("up", "--port", str(free_port("127.0.0.1")), "--serve", str(port))
    assert found.exit_code == 2
    assert f"127.0.0.1:{port} cannot be listened on" in found.stderr


def test_a_server_that_fails_costs_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """Neither at the start, as an error in the log would cost the proxy, nor at the end."""
    broken, other = Fails(), Fails()
    with running_servers([broken, other]) as starter:
        assert isinstance(starter, ServerStarter)
        starter.running()
    assert (broken.stopped, other.stopped) == (1, 1)
    assert "broken does not start" in caplog.text
    assert "broken does not end in order" in caplog.text
    assert max(record.levelno for record in caplog.records) == logging.WARNING


def test_serve_without_a_port_takes_no_option_for_one(run: Run, tmp_path: Path) -> None:
    """What follows is the next option."""
    missing = tmp_path / "missing.toml"
    found = run("up", "--serve", "--profile", str(missing))
    assert found.exit_code == 2
    assert json.dumps(str(missing))[1:-1] in found.stderr
