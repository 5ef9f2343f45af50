"""`penstock relay`."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from penstock.base.errors import PenstockError
from penstock.cli.app import build
from penstock.store.sql import SqlStore
from penstock_service.relay.publishers import open_publisher
from tests.brokers import RedisBroker
from tests.service.relay.watched import events_of, in_order

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_publishes_until_a_signal_ends_it(redis_broker: RedisBroker, tmp_path: Path, number: int) -> None:
    """It says what it does, and how many were published."""
    file = tmp_path / "penstock.db"
    with closing(SqlStore(file)) as store:
        store.add_events(events_of(10))
    with closing(redis_broker.reader()) as arrivals:
        command = [sys.executable, "-m", "penstock", "relay", redis_broker.url, "--store", str(file)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            for _ in range(10):
                next(arrivals)
            running.send_signal(number)
            said, _ = running.communicate(timeout=60)
        finally:
            running.kill()
            running.wait()
    assert running.returncode == 0
    assert f"Publishing {file} to {redis_broker.url}" in said
    assert "10 events published, 0 waiting" in said
    in_order(redis_broker.read(), 10)


def test_from_now_leaves_out_what_is_there(redis_broker: RedisBroker, tmp_path: Path) -> None:
    """Only in the first run: a restart goes on where the one before ended."""
    file = tmp_path / "penstock.db"
    command = [sys.executable, "-m", "penstock", "relay", redis_broker.url, "--store", str(file), "--from", "now"]
    with closing(SqlStore(file)) as store, closing(redis_broker.reader()) as arrivals:
        store.add_events(events_of(10))
        for first in (10, 20):
            running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            try:
                assert running.stdout is not None
                assert "Publishing" in running.stdout.readline()
                store.add_events(events_of(5, first=first))
                wanted = 5 if first == 10 else 10
                for _ in range(wanted):
                    next(arrivals)
                running.send_signal(signal.SIGTERM)
                running.communicate(timeout=60)
            finally:
                running.kill()
                running.wait()
            store.add_events(events_of(5, first=first + 5))
    numbers = [int(one["id"].partition(":")[0]) for one in redis_broker.read()]
    assert numbers == [*range(11, 26)]


def test_an_unknown_broker_is_refused() -> None:
    with pytest.raises(PenstockError, match="it must be one of redis://"):
        open_publisher("mqtt://localhost", "t")
    assert CliRunner().invoke(build(), ["relay", "mqtt://localhost"]).exit_code == 2


@pytest.mark.parametrize(
    ("url", "module", "package"),
    [
        ("redis://localhost", "redis", "redis"),
        ("nats://localhost", "nats", "nats-py"),
        ("amqp://localhost", "aio_pika", "aio-pika"),
    ],
)
def test_a_missing_library_is_named_with_its_package(
    url: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = ("penstock_service.relay.publishers.", f"{module}.")
    for name in [one for one in sys.modules if one.startswith(mine)]:  # also what another test has imported of it
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(PenstockError, match=rf"needs {module}: pip install {package}"):
        open_publisher(url, "t")
