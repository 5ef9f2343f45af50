"""Commands to a real proxy, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.service.beside import Beside, starting
from tests.service.conftest import Service


def value(beside: Beside, key: str) -> Any:
    found = beside.http.get("/v1/settings").json()["settings"]
    return next(one["value"] for one in found if one["key"] == key)


def test_settings_change_together(beside: Beside) -> None:
    """And back; one that is wrong leaves all as they were, and the error says what is wrong by key."""
    was = value(beside, "window.soft")
    assert beside.http.put("/v1/settings", json={"values": {"window.soft": 0.6}}).json() == {
        "changed": {"window.soft": [was, 0.6]}
    }
    wrong = beside.http.put("/v1/settings", json={"values": {"window.soft": 0.99, "window.hard": 0.5}})
    assert wrong.status_code == 400
    assert set(wrong.json()["error"]["faults"]) == {"window"}
    unknown = beside.http.put("/v1/settings", json={"values": {"window.sotf": 0.5}})
    assert "Did you mean 'window.soft'?" in unknown.json()["error"]["faults"]["window.sotf"]
    assert value(beside, "window.soft") == 0.6
    assert beside.http.post("/v1/settings/reset", json={"keys": ["window.soft"]}).status_code == 200
    assert value(beside, "window.soft") == was


def test_what_was_changed_is_kept_as_a_profile(beside: Beside) -> None:
    nothing = beside.http.post("/v1/settings/save", json={"name": "mine"})
    assert "nothing to save" in nothing.json()["error"]["message"]
    beside.http.put("/v1/settings", json={"values": {"window.soft": 0.6}})
    saved = beside.http.post("/v1/settings/save", json={"name": "mine"}).json()["saved"]
    assert "0.6" in Path(saved).read_text(encoding="utf-8")
    beside.http.post("/v1/settings/reset", json={})


def test_pause_and_resume(beside: Beside) -> None:
    assert beside.http.post("/v1/pause").json() == {"paused": True, "was": False}
    assert beside.http.get("/v1/settings").json()["paused"] is True
    assert beside.http.post("/v1/resume").json() == {"paused": False, "was": True}


def test_compacts_the_sessions_it_has_seen(beside: Beside) -> None:
    beside.say("hello", "compacted")
    assert beside.http.post("/v1/compact", json={"session": "compacted"}).json()["conversations"] == 1
    assert beside.http.post("/v1/compact", json={"session": "none"}).json()["conversations"] == 0


def test_budgets_are_shown(beside: Beside) -> None:
    assert {"budgets", "limited", "rates"} <= set(beside.http.get("/v1/budget").json())


def test_budgets_of_a_proxy_that_has_ended(left: Service) -> None:
    with left.http() as http:
        assert http.get("/v1/budget").json()["limited"] is False


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/settings", None),
        ("PUT", "/v1/settings", {"values": {}}),
        ("POST", "/v1/settings/reset", {}),
        ("POST", "/v1/settings/save", {"name": "a"}),
        ("POST", "/v1/compact", {}),
        ("POST", "/v1/pause", None),
        ("POST", "/v1/resume", None),
        ("POST", "/v1/shutdown", {}),
    ],
)
def test_without_a_proxy_the_next_step_is_said(left: Service, method: str, path: str, body: Any) -> None:
    """503, to be tried again when one is up."""
    with left.http() as http:
        found = http.request(method, path, json=body)
    assert (found.status_code, found.headers["retry-after"]) == (503, "1")
    assert found.json()["error"]["type"] == "busy"
    assert "`penstock up` starts one" in found.json()["error"]["message"]


@pytest.mark.slow
def test_shuts_the_proxy_down_and_itself(tmp_path: Path) -> None:
    """The answer to the command still gets out."""
    with starting(tmp_path) as up:
        found = up.http.post("/v1/shutdown", json={})
        assert (found.status_code, found.json()["under_way"]) == (200, 0)
        assert up.program.status() == 0
