"""Ingest and recall over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from penstock.base import paths
from penstock.store.lock import StoreLock
from tests.service.conftest import Service, running

CHAT = "User: How hot is the kiln?\nAssistant: The kiln fires at 900 degrees."


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    with service.http() as http:
        yield http


def ingest(http: httpx.Client, project: str, **materials: Any) -> Any:
    body = {"thread_id": "t", "materials": materials, "project": project, "wait": True}
    answer = http.post("/v1/ingest", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_what_is_taken_in_is_recalled(http: httpx.Client) -> None:
    """With times as RFC 3339; a second time it is known."""
    found = ingest(http, "one", chat=CHAT)
    assert [(one["kind"], one["new"]) for one in found["items"]] == [("chat", True)] * 2
    body = {"purpose": "how many degrees has the kiln", "project": "one", "since": "2020-01-01T00:00:00Z"}
    answer = http.post("/v1/recall", json=body).json()
    assert "900" in answer["items"][0]["text"]
    assert answer["items"][0]["at"].startswith(time.strftime("%Y-"))
    assert (answer["counted"], answer["left_out"], answer["degraded"]) == ("estimated", 0, [])
    assert 0 < answer["tokens"] <= 1000
    assert [one["new"] for one in ingest(http, "one", chat=CHAT)["items"]] == [False, False]


def test_the_project_is_the_workspace_where_none_is_named(http: httpx.Client) -> None:
    """Nothing of one is seen in another."""
    body = {"thread_id": "t", "materials": {"chat": CHAT}, "wait": True}
    http.post("/v1/ingest", json=body, headers={"x-penstock-workspace": "web"})

    def count(workspace: str, **more: str) -> int:
        asked = {"purpose": "the kiln's degrees", **more}
        return len(http.post("/v1/recall", json=asked, headers={"x-penstock-workspace": workspace}).json()["items"])

    assert count("web") == count("other", project="web") > 0
    assert count("other") == count("web", project="other") == 0


def test_what_is_kept_ends_as_the_profile_says(http: httpx.Client, service: Service) -> None:
    """Like what a proxy remembers: in a year."""
    ingest(http, "ends", chat="User: The loom has six shafts.")
    [item] = service.memory.do("list", {"project": "ends"})["items"]
    assert 364 * 86_400 < item["expires_at"] - time.time() < 366 * 86_400


def test_a_working_set(http: httpx.Client) -> None:
    """In sections, with times as RFC 3339."""
    ingest(http, "set", chat="User: Build a controller for the kiln.\nAssistant: We decided to use Python.")
    body = {"purpose": "go on with the kiln", "project": "set", "thread_id": "t"}
    found = http.post("/v1/workingset", json=body).json()
    assert [one["text"] for one in found["mission"]] == ["Build a controller for the kiln."]
    assert found["mission"][0]["whole"]
    assert found["mission"][0]["at"].startswith(time.strftime("%Y-"))
    assert {one["session"] for one in found["sources"]} == {"t"}


@pytest.mark.parametrize(
    ("path", "body", "param", "said"),
    [
        ("recall", {}, "purpose", "required"),
        ("recall", {"purpos": "x"}, "purpos", "Did you mean 'purpose'?"),
        ("recall", {"purpose": "x", "token_budge": 3}, "token_budge", "Did you mean 'token_budget'?"),
        ("recall", {"purpose": "x", "kinds": ["chats"]}, "kinds.0", "'chat'"),
        ("recall", {"purpose": "x", "token_budget": 0}, "token_budget", "greater"),
        ("ingest", {"thread_id": "t", "materials": {"chats": ""}}, "materials.chats", "Did you mean 'chat'?"),
        ("ingest", {"thread_id": "", "materials": {}}, "thread_id", "at least 1"),
    ],
)
def test_what_is_wrong_is_named(http: httpx.Client, path: str, body: Any, param: str, said: str) -> None:
    """The field, and the nearest known one."""
    answer = http.post(f"/v1/{path}", json=body)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["param"]) == (400, "invalid", param)
    assert said in error["message"]


def test_a_profile_without_memory_is_busy(http: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is said, nothing is opened, and contexts go on."""
    file = tmp_path / "without.toml"
    file.write_text('extends = "default"\n[memory]\nenabled = false\n')
    monkeypatch.setenv("PENSTOCK_PROFILE", str(file))
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        answer = http.post("/v1/recall", json={"purpose": "the kiln"})
        assert (answer.status_code, answer.json()["error"]["type"]) == (503, "busy")
        assert "`[memory] enabled` is false" in answer.json()["error"]["message"]
        assert http.put("/v1/contexts/a", json={"data": 1}).status_code == 201
    assert not (tmp_path / "memory").exists()


def test_a_memory_that_another_process_has_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that cannot be asked: it can be tried again, and works when that has ended."""
    monkeypatch.setattr("penstock_service.memory.reach.PATIENCE_S", 0.0)
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        ingest(http, "p", chat=CHAT)
        up.memory.let_go()
        lock = StoreLock(paths.memory_dir(tmp_path / "penstock.db") / "memory.db")
        answer = http.post("/v1/recall", json={"purpose": "the kiln", "project": "p"})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert "belongs to a process" in answer.json()["error"]["message"]
        lock.release()
        assert http.post("/v1/recall", json={"purpose": "the kiln", "project": "p"}).json()["items"]
