"""The paths of the proxy with a live dashboard."""

from __future__ import annotations

from penstock_service.proxy.dashboard_paths import router
from tests.service.beside import Beside
from tests.service.conftest import Service


def test_answer_as_the_calls_they_stand_for(left: Service) -> None:
    with left.http() as http:
        for path in ("requests", "requests/aa", "sessions"):
            assert http.get(f"/dashboard/{path}").json() == http.get(f"/v1/{path}").json()
        exported = http.get("/dashboard/export").json()
        assert exported | {"exported_at": ""} == http.get("/v1/log/export").json() | {"exported_at": ""}
        assert http.delete("/dashboard/sessions/session-1").status_code == 200
        assert http.get("/v1/sessions/session-1").status_code == 404
        assert http.get("/dashboard/replay/status").json() == http.get("/v1/replay/status").json()
        assert http.post("/dashboard/replay/stop").json()["state"] == "idle"
        assert http.post("/dashboard/replay/start", json={"prompts": ["one"], "profile": "nobody"}).status_code == 400


def test_reach_the_proxy(beside: Beside) -> None:
    assert beside.http.get("/dashboard/settings").json() == beside.http.get("/v1/settings").json()
    assert beside.http.put("/dashboard/settings", json={"values": {}}).json() == {"changed": {}}
    assert beside.http.post("/dashboard/compact", json={"session": "none"}).json()["conversations"] == 0


def test_each_is_there() -> None:
    paths = {route.path for route in router.routes}  # type: ignore[attr-defined]
    assert paths == {
        f"/dashboard/{path}"
        for path in (
            "compact",
            "shutdown",
            "settings",
            "sessions",
            "sessions/{session:path}",
            "requests",
            "requests/{exchange:path}",
            "export",
            "events",
            "replay/start",
            "replay/stop",
            "replay/status",
        )
    }
