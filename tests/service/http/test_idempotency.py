"""A call that changes something, sent again with the same `Idempotency-Key`."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from penstock_service.http.idempotency import CHANGING
from penstock_service.jobs.engine import JobEngine
from tests.service.conftest import Service

CHAT = {
    "thread_id": "again",
    "materials": {"chat": "User: the kiln of the brickworks is fired on Mondays"},
    "wait": True,
}


def test_it_gets_the_first_answer_and_is_done_once(service: Service) -> None:
    with service.http() as http:
        sent: Any = {"json": CHAT, "headers": {"idempotency-key": "once"}}
        first = http.post("/v1/ingest", **sent)
        again = http.post("/v1/ingest", **sent)
        assert first.json()["items"][0]["new"] is True
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert http.post("/v1/ingest", json=CHAT).json()["items"][0]["new"] is False
        other = http.post("/v1/ingest", json={**CHAT, "thread_id": "other"}, headers=sent["headers"])
        assert (other.status_code, other.json()["error"]["type"]) == (409, "conflict")
        elsewhere = http.post("/v1/ingest", json=CHAT, headers={**sent["headers"], "x-penstock-workspace": "other"})
        assert elsewhere.json()["items"][0]["new"] is True


def test_a_job_is_added_once(service: Service) -> None:
    with service.http() as http:
        sent: Any = {"json": {"job_type": "prune"}, "headers": {"idempotency-key": "job"}}
        assert http.post("/v1/workers/jobs", **sent).json() == http.post("/v1/workers/jobs", **sent).json()


def test_what_failed_is_tried_again(service: Service) -> None:
    with service.http() as http:
        for _ in range(2):
            failed = http.post("/v1/pause", headers={"idempotency-key": "pause"})
            assert (failed.status_code, failed.json()["error"]["type"]) == (503, "busy")
        for body in ({"job_type": "none"}, {"job_type": "prune"}):
            answer = http.post("/v1/workers/jobs", json=body, headers={"idempotency-key": "mended"})
        assert answer.status_code == 202


def test_two_at_once_are_not_both_done(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go = threading.Event(), threading.Event()
    jobs = service.app.state.jobs
    assert isinstance(jobs, JobEngine)
    real = type(jobs.kinds).add

    def slow(*arguments: Any, **more: Any) -> Any:
        begun.set()
        assert go.wait(30)
        return real(*arguments, **more)

    monkeypatch.setattr(type(jobs.kinds), "add", slow)
    sent: Any = {"json": {"job_type": "prune"}, "headers": {"idempotency-key": "two"}}
    with ThreadPoolExecutor(1) as pool, service.http() as http:
        first = pool.submit(http.post, "/v1/workers/jobs", **sent)
        assert begun.wait(30)
        with service.http() as another:
            second = another.post("/v1/workers/jobs", **sent)
        go.set()
        assert (second.status_code, first.result(30).status_code) == (409, 202)
        assert "under way" in second.json()["error"]["message"]


def test_what_a_tool_reads_is_not_kept(service: Service) -> None:
    """It may be sealed."""
    with service.http() as http:
        headers = {"idempotency-key": "tool"}
        http.post("/v1/tools/context_put", json={"key": "t", "data": 1}, headers=headers)
        for data in (1, 2):
            http.put("/v1/contexts/t", json={"data": data})
            read = http.post("/v1/tools/context_get", json={"key": "t"}, headers=headers).json()
            assert read["result"]["data"] == data
        again = http.post("/v1/tools/context_put", json={"key": "t", "data": 1}, headers=headers)
        assert again.json()["result"]["version"] == 1


def test_every_call_that_changes_something_is_among_them(service: Service) -> None:
    """Those about contexts do it by themselves; a restore is always refused, and an import may be too large to hold. A
    key is kept nowhere; to revoke one, or to fetch models, twice is as good as once."""
    own = {"contexts", "rollback/{key}", "undelete/{key}", "touch/{key}", "batch"}
    reading = {"search", "recall", "workingset"}
    gateway = {"keys", "keys/{id}/rotate", "keys/{id}/revoke", "providers/{id}/models", "quotas/{scope}/raise"}
    left = own | reading | gateway | {"restore", "import"}
    posts = {path for path, calls in service.app.openapi()["paths"].items() if "post" in calls}
    assert {p for p in posts if p.startswith("/v1/") and "/tools/" not in p} == CHANGING | {f"/v1/{p}" for p in left}


@pytest.mark.parametrize("headers", [{"idempotency-key": "x" * 201}, {"idempotency-key": "x" * 20_000}])
def test_a_long_key_is_refused(service: Service, headers: dict[str, str]) -> None:
    with service.http() as http:
        assert http.post("/v1/ingest", json=CHAT, headers=headers).status_code == 400
