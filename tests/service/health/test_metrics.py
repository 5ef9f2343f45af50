"""Figures for Prometheus."""

from __future__ import annotations

from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.service.conftest import Service, running


def samples(http: httpx.Client) -> dict[tuple[str, ...], float]:
    """By name and the values of labels, as Prometheus reads them."""
    answer = http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def test_calls_are_counted_and_timed(tmp_path: Path) -> None:
    """By the template of their path; those about contexts also by what they do."""
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        for n in range(3):
            http.put(f"/v1/contexts/secret-{n}", json={"data": n, "session": "secret-session"})
        http.get("/v1/contexts/secret-0")
        http.get("/v1/contexts/none")
        http.get("/secret/path")
        http.request("PROPFIND", "/v1/contexts")
        found = samples(http)
        text = http.get("/metrics").text
    assert found["penstock_requests_total", "PUT", "/v1/contexts/{key}", "201"] == 3
    assert found["penstock_requests_seconds_count", "GET", "/v1/contexts/{key}"] == 2
    assert found["penstock_requests_total", "GET", "", "404"] == 1
    assert found["context_operations_total", "put", "ok"] == 3
    assert found["context_operations_total", "get", "ok"] == 1
    assert found["context_operations_total", "get", "refused"] == 1
    assert found["context_response_time_count", "put"] == 3
    assert "PROPFIND" not in text
    assert found["context_storage_size",] >= (tmp_path / "contexts.db").stat().st_size
    assert found["penstock_jobs", "failed"] == 0
    assert "process_resident_memory_bytes" in text
    assert found["penstock_thread_cpu_seconds", "main"] > 0
    assert "secret" not in text.lower()


def test_each_service_has_its_own(service: Service, tmp_path: Path) -> None:
    """Two in one process do not count into one another."""
    with running(tmp_path / "contexts.db") as up, up.http() as http, service.http() as other:
        other.put("/v1/contexts/a", json={"data": 1})
        assert ("context_operations_total", "put", "ok") not in samples(http)
