"""Ingest as a job, and as lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.gateway.keys import add_key
from penstock.gateway.workspaces import add_workspace
from penstock.jobs.transfer_handlers import uploads_of
from penstock_service.memory.ingest import NDJSON
from tests.service.conftest import Service, running
from tests.service.gateway.teams import http_of, store_of

LINES = {"content-type": NDJSON}


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    with service.http() as http:
        yield http


def line(thread: str, chat: str, **more: Any) -> bytes:
    return json.dumps({"thread_id": thread, "materials": {"chat": f"User: {chat}"}, **more}).encode() + b"\n"


def ended(service: Service, job: str) -> dict[str, Any]:
    """Run the job here, or wait for the thread that has it."""
    with service.http() as http:
        while (found := http.get(f"/v1/workers/jobs/{job}").json())["state"] in ("waiting", "running"):
            pass
    return dict(found)


def texts(http: httpx.Client, thread: str, **more: str) -> set[str]:
    found = http.get("/v1/items", params={"thread_id": thread, **more}).json()["items"]
    return {one["text"] for one in found}


def test_without_wait_it_is_a_job(service: Service, http: httpx.Client) -> None:
    """It is answered at once, with the number of a job whose result counts what was kept, as `wait` would have."""
    body = {"thread_id": "later", "materials": {"chat": "User: The kiln is blue."}, "project": "p"}
    answer = http.post("/v1/ingest", json=body)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
    done = ended(service, answer.json()["job"])
    assert (done["state"], done["job_type"], done["result"]["new"]) == ("done", "ingest", 1)
    assert texts(http, "later", project="p") == {"The kiln is blue."}
    again = http.post("/v1/ingest", json={**body, "wait": True})
    assert (again.status_code, [one["new"] for one in again.json()["items"]]) == (200, [False])


def test_a_key_follows_its_own_job(service: Service) -> None:
    """It sees how the materials that it sent fared, and of another's job not even that there is one."""
    store = store_of(service)
    secrets = [add_key(store, add_workspace(store, name, "me").name, "k", "me")[1] for name in ("here", "there")]
    with http_of(service, secrets[0]) as mine, http_of(service, secrets[1]) as other:
        body = {"thread_id": "t", "materials": {"chat": "User: The anvil is grey."}}
        path = f"/v1/workers/jobs/{mine.post('/v1/ingest', json=body).json()['job']}"
        ended(service, path.rpartition("/")[2])
        assert mine.get(path).json()["result"]["new"] == 1
        assert mine.delete(path).json()["state"] == "done"
        missing = f"{path}9999"
        for verb in ("GET", "DELETE"):
            answers = [other.request(verb, one) for one in (path, missing)]
            assert [one.status_code for one in answers] == [404, 404]
            assert answers[0].text.replace(path.rpartition("/")[2], missing.rpartition("/")[2]) == answers[1].text
        assert mine.get("/v1/workers/jobs").status_code == 403


def test_lines_are_kept_in_their_threads_and_projects(service: Service, http: httpx.Client) -> None:
    """Sent in pieces without a length, more than a body of JSON may have."""
    filler = {"materials": {"logs": "x" * 1_900_000}}

    def pieces() -> Iterator[bytes]:
        yield line("a", "The loom has six shafts.")
        yield line("b", "The vat is of copper.", project="other")
        for _ in range(6):
            yield line("filler", "", **filler)

    headers = {**LINES, "x-penstock-workspace": "lines"}
    answer = http.post("/v1/ingest", content=pieces(), headers=headers)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 8)
    done = ended(service, answer.json()["job"])
    assert (done["state"], done["result"]["lines"]) == ("done", 8)
    assert texts(http, "a", project="lines") == {"The loom has six shafts."}
    assert texts(http, "b", project="other") == {"The vat is of copper."}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (line("t", "never kept") + b"{}\n", "line 2: thread_id: is missing"),
        (line("t", "never kept") + line("t", "x", wait=True), "line 2: wait: there is no such key"),
        (b"\n\n", "there is no line"),
        (b"", "there is no line"),
    ],
)
def test_where_a_line_is_wrong_none_is_kept(service: Service, http: httpx.Client, sent: bytes, said: str) -> None:
    """It is refused at once, and nothing of it stays."""
    before = http.get("/v1/workers/jobs?limit=1").json()["items"]
    answer = http.post("/v1/ingest", content=sent, headers=LINES)
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid")
    assert said in answer.json()["error"]["message"]
    assert [one["id"] for one in http.get("/v1/workers/jobs?limit=1").json()["items"]] == [one["id"] for one in before]
    assert uploads_of(service.store).remove_others((), 1e12) == 0


def test_json_keeps_its_limit(http: httpx.Client) -> None:
    """Only lines may be longer; and what cannot be kept at once is said at once, not by a job."""
    body = {"thread_id": "t", "materials": {"chat": "x" * (10 << 20)}}
    assert http.post("/v1/ingest", json=body).status_code == 413
    answer = http.post("/v1/ingest", json={"thread_id": "t", "materials": {"chat": "x" * 2_000_001}})
    assert (answer.status_code, "send them in parts" in answer.json()["error"]["message"]) == (400, True)


def test_a_profile_without_memory_takes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so at once, and no job waits for what will not be."""
    file = tmp_path / "without.toml"
    file.write_text('extends = "default"\n[memory]\nenabled = false\n')
    monkeypatch.setenv("PENSTOCK_PROFILE", str(file))
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        for more in ({"json": {"thread_id": "t", "materials": {}}}, {"content": line("t", "x"), "headers": LINES}):
            answer = http.post("/v1/ingest", **more)  # type: ignore[arg-type]
            assert (answer.status_code, answer.json()["error"]["type"]) == (503, "busy")
        assert http.get("/v1/workers/jobs").json()["items"] == []
        assert uploads_of(up.store).remove_others((), 1e12) == 0
