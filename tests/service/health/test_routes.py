"""How the service and what it stands on are."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from penstock.base.errors import StoreError
from penstock.contexts.contexts import Contexts
from tests.service.beside import Beside
from tests.service.conftest import Service, running


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/health"])
def test_probes_need_no_token(service: Service, path: str) -> None:
    assert httpx.get(service.url + path, trust_env=False).status_code == 200


@pytest.mark.parametrize("path", ["/health/detailed", "/metrics"])
def test_what_tells_more_needs_it(service: Service, path: str) -> None:
    assert httpx.get(service.url + path, trust_env=False).status_code == 401


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


def test_without_a_proxy_its_parts_are_off(service: Service) -> None:
    """Which is no fault."""
    with service.http() as http:
        found = http.get("/health/detailed").json()
    assert found["status"] == "ok"
    assert {name: part["status"] for name, part in found["parts"].items()} == {
        "contexts": "ok",
        "proxy": "off",
        "memory": "off",
        "jobs": "ok",
    }


def test_beside_a_proxy_each_part_says_how_it_is(beside: Beside) -> None:
    found = beside.http.get("/health/detailed").json()["parts"]
    assert (found["proxy"]["status"], found["proxy"]["pid"]) == ("ok", beside.proxy.pid)
    assert found["memory"]["status"] in ("ok", "degraded")
    assert found["memory"]["items"] == 0
