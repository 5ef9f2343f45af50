"""The calls about jobs, over HTTP, with the threads that run them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from penstock.contexts.records import NewContext
from tests.service.conftest import Service


def ended(http: httpx.Client, number: str) -> dict[str, Any]:
    """The job when it has ended: asks until then."""
    while True:
        job: dict[str, Any] = http.get(f"/v1/workers/jobs/{number}").json()
        if job["state"] not in ("waiting", "running"):
            return job


def test_a_job_is_added_runs_and_tells_its_result(service: Service) -> None:
    with service.contexts.write("default", "owner") as writer:
        writer.put("jobs/short", NewContext(1, ttl=10))
    service.clock.advance(11)
    with service.http() as http:
        added = http.post("/v1/workers/jobs", json={"job_type": "expire"})
        assert added.status_code == 202
        job = ended(http, added.json()["id"])
        assert (job["state"], job["queue_name"], job["tries"], job["error"]) == ("done", "default", 1, None)
        assert job["result"]["expired"] in (0, 1)  # the service itself looks now and then, too
        assert job["ended_at"] == job["started_at"] == job["at"]
        assert http.get("/v1/contexts/jobs/short").status_code == 410
        assert job in http.get("/v1/workers/jobs?state=done").json()["items"]
        queues = {one["queue_name"]: one for one in http.get("/v1/workers/queues/stats").json()["queues"]}
        assert queues["default"]["done"] >= 1
        assert queues["memory"]["waiting"] == 0


def test_one_that_waits_is_cancelled_and_has_one_twin(service: Service) -> None:
    later = datetime.fromtimestamp(service.clock.now() + 3600, UTC).isoformat()
    body = {"job_type": "prune", "payload": {"kept_days": 1}, "run_after": later, "twin": "weekly"}
    with service.http() as http:
        added = http.post("/v1/workers/jobs", json=body).json()
        again = http.post("/v1/workers/jobs", json=body).json()
        assert (added["new"], again) == (True, {"id": added["id"], "new": False})
        assert http.get(f"/v1/workers/jobs/{added['id']}").json()["state"] == "waiting"
        cancelled = http.delete(f"/v1/workers/jobs/{added['id']}")
        assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
        assert http.post("/v1/workers/jobs", json=body).json()["new"]


@pytest.mark.parametrize(
    ("body", "param", "said"),
    [
        ({"job_type": "exprie"}, "job_type", "Did you mean 'expire'?"),
        ({"job_type": "prune", "payload": {"keptdays": 1}}, "payload", "Did you mean 'kept_days'?"),
        ({"job_type": "prune", "queue_name": "defualt"}, "queue_name", "Did you mean 'default'?"),
        ({"job_type": "prune", "run_afer": "x"}, "run_afer", "Did you mean 'run_after'?"),
        ({"job_type": "prune", "run_after": "9999-12-31T00:00:00Z"}, "run_after", "before the year 9999"),
        ({"job_type": "prune", "twin": "schedule:prune"}, "twin", "those of the schedule begin so"),
        ({"job_type": "os.system", "payload": {}}, "job_type", "small letters and _ were expected"),
    ],
)
def test_what_does_not_fit_is_named(service: Service, body: dict[str, Any], param: str, said: str) -> None:
    with service.http() as http:
        refused = http.post("/v1/workers/jobs", json=body)
        assert refused.status_code == 400
        error = refused.json()["error"]
        assert (error["type"], error["param"]) == ("invalid", param)
        assert said in error["message"]


def test_a_job_that_is_not_there(service: Service) -> None:
    with service.http() as http:
        for answer in (http.get("/v1/workers/jobs/999999"), http.delete("/v1/workers/jobs/999999")):
            assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found")


def test_pages(service: Service) -> None:
    with service.http() as http:
        ids = [http.post("/v1/workers/jobs", json={"job_type": "expire"}).json()["id"] for _ in range(3)]
        page = http.get("/v1/workers/jobs?limit=2").json()
        assert [job["id"] for job in page["items"]] == ids[:0:-1]
        rest = http.get(f"/v1/workers/jobs?limit=1&after={page['next']}").json()
        assert [job["id"] for job in rest["items"]] == ids[:1]


def test_the_schedule(service: Service) -> None:
    with service.http() as http:
        status = http.get("/v1/workers/scheduler/status").json()
        assert status["running"]
        assert [(one["job_type"], one["every_s"]) for one in status["jobs"]] == [
            ("prune", 86_400.0),
            ("sync_models", 86_400.0),
        ]
