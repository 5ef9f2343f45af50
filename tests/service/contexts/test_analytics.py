"""How contexts are used, over HTTP."""

from __future__ import annotations

from tests.service.conftest import Service


def test_sums_by_key_session_and_day(service: Service) -> None:
    with service.http() as http:
        http.headers["x-penstock-workspace"] = "counted"
        http.put("/v1/contexts/a", json={"data": "red", "session": "s"})
        http.get("/v1/contexts/a")
        found = http.get("/v1/analytics?by=key").json()
        assert found["rows"] == [{"name": "a", "reads": 1, "writes": 1, "bytes": 10, "hits": 0}]
        assert found["totals"] == {"reads": 1, "writes": 1, "bytes": 10, "hits": 0}
        assert http.get("/v1/analytics?by=session").json()["rows"][0]["name"] == "s"
        assert len(http.get("/v1/analytics").json()["rows"]) == 1
        assert http.get("/v1/analytics?from=2000-01-01&to=2000-02-01").json()["rows"] == []
        wrong = http.get("/v1/analytics?by=colour")
        assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "by")
        seed = http.get("/api/context/analytics?sessionId=s").json()
        assert seed["totals"]["reads"] == 1
        assert http.get("/api/context/analytics?agentId=none").json()["totals"]["reads"] == 0
