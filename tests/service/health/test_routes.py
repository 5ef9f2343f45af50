"""How the service and what it stands on are."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from penstock.base.errors import StoreError
from penstock.contexts.contexts import Contexts
from penstock.profiles.service import ServiceSettings
from tests.brokers import RedisBroker
from tests.service.beside import Beside
from tests.service.conftest import Service, running


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/health"])
def test_probes_need_no_token(service: Service, path: str) -> None:
    assert httpx.get(service.url + path, trust_env=False, timeout=60).status_code == 200


@pytest.mark.parametrize("path", ["/health/detailed", "/metrics"])
def test_what_tells_more_needs_it(service: Service, path: str) -> None:
    assert httpx.get(service.url + path, trust_env=False, timeout=60).status_code == 401


def test_contexts_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe is told no more than that; the owner is told why."""

    def fails(*_: object) -> int:
        raise StoreError("contexts.db cannot be read")

    with running(tmp_path / "contexts.db") as up, up.http() as http:
        monkeypatch.setattr(Contexts, "cursor", fails)
        probe = http.get("/health")
        assert (probe.status_code, probe.json()) == (503, {"status": "down"})
        found = http.get("/health/detailed")
        assert (found.status_code, found.json()["status"]) == (200, "degraded")
        assert found.json()["parts"]["contexts"] == {"status": "down", "why": "contexts.db cannot be read"}


def test_a_store_that_is_away_is_named_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a broker cannot be read then: that says nothing of the broker."""

    def fails(*_: object) -> int:
        raise StoreError("the database is away")

    with running(tmp_path / "contexts.db") as up, up.http() as http:
        monkeypatch.setattr(Contexts, "cursor", fails)
        monkeypatch.setattr("penstock_service.health.routes.lags_of", fails)
        probe = http.get("/readyz")
        assert (probe.status_code, probe.json()["degraded"]) == (503, ["store"])


def test_contexts_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are read all the same, and each answer says so."""

    def fails(*_: object) -> None:
        raise StoreError("contexts.db cannot be written: free some space")

    with running(tmp_path / "contexts.db") as up, up.http() as http:
        http.put("/v1/contexts/a", json={"data": 1})
        monkeypatch.setattr(Contexts, "check_writable", fails)
        probe = http.get("/readyz")
        lag = {"events": 0, "seconds": 0.0}
        said = {"ready": False, "degraded": ["store"], "lag": lag, "cursor": "1"}
        assert (probe.status_code, probe.json()) == (503, said)
        assert http.get("/health").status_code == 503
        found = http.get("/health/detailed").json()
        why = "contexts.db cannot be written: free some space"
        assert found["parts"]["contexts"] == {"status": "degraded", "cursor": "1", "why": why}
        assert http.get("/v1/contexts/a").json()["data"] == 1


def test_a_full_disk_answers_503_with_the_next_step(tmp_path: Path) -> None:
    """And the probe says so from then on."""
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        sa.event.listen(up.contexts._tables.engine, "checkout", lambda raw, *_: raw.execute("PRAGMA max_page_count=1"))
        put = http.put("/v1/contexts/a", json={"data": [str(n) for n in range(100_000)]})
        assert (put.status_code, put.json()["error"]["type"]) == (503, "busy")
        assert put.json()["error"]["message"].endswith("free some space on that disk, then try again")
        assert http.get("/readyz").json()["degraded"] == ["store"]


def test_a_lost_master_key_is_told_and_does_not_stop_the_rest(tmp_path: Path) -> None:
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        http.put("/v1/contexts/a", json={"data": 1, "seal": True})
        found = http.get("/health/detailed").json()["parts"]["sealing"]
        assert found == {"status": "ok", "sealed": 1, "locked": 0}
        (tmp_path / "master-key").write_bytes(b"f" * 64)
        detailed = http.get("/health/detailed").json()
        assert (detailed["status"], detailed["parts"]["sealing"]["locked"]) == ("degraded", 1)
        why = detailed["parts"]["sealing"]["why"]
        assert f"is not in {tmp_path / 'master-key'}" in why
        assert "put it back there" in why
        probe = http.get("/readyz")
        assert (probe.status_code, probe.json()["ready"], probe.json()["degraded"]) == (200, True, ["sealing"])
        (tmp_path / "master-key").unlink()
        assert "there is no master key" in http.get("/health/detailed").json()["parts"]["sealing"]["why"]


def test_without_a_proxy_its_parts_are_off(service: Service) -> None:
    """Which is no fault."""
    with service.http() as http:
        found = http.get("/health/detailed").json()
    assert found["status"] == "ok"
    assert {name: part["status"] for name, part in found["parts"].items()} == {
        "contexts": "ok",
        "sealing": "off",
        "proxy": "off",
        "memory": "off",
        "jobs": "ok",
        "brokers": "off",
        "redis": "off",
    }


def test_a_redis_that_is_away_stops_nothing(tmp_path: Path, redis_broker: RedisBroker) -> None:
    with running(tmp_path / "contexts.db", ServiceSettings(redis=redis_broker.url)) as up, up.http() as http:
        assert http.get("/readyz").json()["degraded"] == []
        redis_broker.kill()
        probe = http.get("/readyz")
        assert (probe.status_code, probe.json()["ready"], probe.json()["degraded"]) == (200, True, ["redis"])
        made = http.post("/v1/keys", json={"name": "laptop"}).json()
        assert http.post(f"/v1/keys/{made['id']}/revoke").status_code == 200
        mine = {"authorization": f"Bearer {made['key']}"}
        assert http.get("/v1/contexts", headers=mine).status_code == 401


def test_beside_a_proxy_each_part_says_how_it_is(beside: Beside) -> None:
    found = beside.http.get("/health/detailed").json()["parts"]
    assert (found["proxy"]["status"], found["proxy"]["pid"]) == ("ok", beside.proxy.pid)
    assert found["memory"]["status"] in ("ok", "degraded")
    assert found["memory"]["items"] >= 0  # other files remember through the same proxy
