"""Sessions over HTTP."""

from __future__ import annotations

from pathlib import Path

from tests.service.beside import Beside
from tests.service.conftest import Service, running


def test_listed_labelled_and_deleted_where_no_proxy_is_up(left: Service) -> None:
    """Each by its name or its label; once deleted it is not found."""
    with left.http() as http:
        first = http.get("/v1/sessions", params={"limit": 1}).json()
        second = http.get("/v1/sessions", params={"after": first["next"]}).json()
        assert [one["items"][0]["session"] for one in (first, second)] == ["session-2", "session-1"]
        assert second["next"] is None
        named = http.patch("/v1/sessions/session-1", json={"label": "morning"})
        assert named.json() == {"session": "session-1", "label": "morning"}
        assert http.get("/v1/sessions/morning").json()["session"] == "session-1"
        taken = http.patch("/v1/sessions/session-2", json={"label": "morning"})
        assert (taken.status_code, taken.json()["error"]["type"]) == (409, "conflict")
        assert http.delete("/v1/sessions/session-1").json()["deleted"]["events"] == 6
        missing = http.get("/v1/sessions/session-1")
        assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found")


def test_one_in_use_stays(beside: Beside) -> None:
    """Not even by force, within a minute."""
    beside.say("hello", "in-use")
    found = beside.http.delete("/v1/sessions/in-use", params={"force": True})
    assert (found.status_code, found.json()["error"]["type"]) == (409, "conflict")
    assert beside.http.get("/v1/sessions/in-use").json()["requests"] == 1


def test_without_a_log(tmp_path: Path) -> None:
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        found = http.get("/v1/sessions")
        assert (found.status_code, found.json()["error"]["type"]) == (503, "busy")
