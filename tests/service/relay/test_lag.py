"""How far brokers are behind the log, as the service shows it."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from penstock.events.cursor import START
from penstock.store.sql import SqlStore
from penstock_service.relay.lag import LATE_S, lags_of
from penstock_service.relay.position import FilePosition
from tests.service.conftest import running
from tests.service.health.test_metrics import samples
from tests.service.relay.watched import events_of

URL = "redis://user:secret@broker:6379/0"
BROKER = "redis://broker:6379/0 t"


def filled(file: Path, age_s: float) -> None:
    """A log of ten events as old as that, of which a relay has published four."""
    with closing(SqlStore(file)) as store, closing(FilePosition(file, URL, "t")) as position:
        now = time.time()
        store.add_events([replace(one, at=now - age_s) for one in events_of(10)])
        position.move(store.events_after(START, 4)[-1].cursor)


def test_the_lag_is_known_while_no_relay_runs(tmp_path: Path) -> None:
    file = tmp_path / "penstock.db"
    filled(file, 2 * LATE_S)
    (lag,) = lags_of(file)
    assert (lag.broker, lag.events, lag.is_late) == (BROKER, 6, True)
    assert lag.seconds >= 2 * LATE_S


def test_what_is_published_is_no_lag(tmp_path: Path) -> None:
    file = tmp_path / "penstock.db"
    filled(file, 2 * LATE_S)
    with closing(SqlStore(file)) as store, closing(FilePosition(file, URL, "t")) as position:
        position.move(store.end())
    (lag,) = lags_of(file)
    assert (lag.events, lag.seconds, lag.is_late) == (0, 0.0, False)


def test_the_service_shows_it(tmp_path: Path) -> None:
    """The probe is not told which broker it is; no address has its credentials."""
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        assert http.get("/readyz").json()["degraded"] == []
        assert http.get("/health/detailed").json()["parts"]["brokers"]["status"] == "off"
        filled(up.store, 2 * LATE_S)
        probe = http.get("/readyz")
        assert (probe.status_code, probe.json()["ready"], probe.json()["degraded"]) == (200, True, ["broker"])
        assert probe.json()["lag"]["events"] == 6
        assert probe.json()["lag"]["seconds"] >= 2 * LATE_S
        assert "6379" not in probe.text
        part = http.get("/health/detailed").json()["parts"]["brokers"]
        assert part["status"] == "degraded"
        assert part["lag"][BROKER]["events"] == 6
        found = samples(http)
        assert found["penstock_relay_lag_events", BROKER] == 6
        assert found["penstock_relay_lag_seconds", BROKER] >= 2 * LATE_S
        assert "secret" not in http.get("/metrics").text + str(part)


def test_a_position_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        filled(up.store, 0)
        (file,) = up.store.parent.glob("*.relay-*.json")
        file.write_text("{}")
        part = http.get("/health/detailed").json()["parts"]["brokers"]
        assert part["status"] == "down"
        assert part["why"].startswith(str(file))
        assert ("penstock_relay_lag_events", BROKER) not in samples(http)
