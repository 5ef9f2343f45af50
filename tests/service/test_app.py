"""The application, as its settings have it."""

from __future__ import annotations

from pathlib import Path

from penstock.profiles.service import ServiceSettings
from tests.service.conftest import running


def test_settings_count(tmp_path: Path) -> None:
    """The paths of other products, the size of bodies, the hits of a search."""
    settings = ServiceSettings(seeds=False, body_megabytes=0.001, search_limit=3)
    with running(tmp_path / "contexts.db", settings) as up, up.http() as http:
        assert http.get("/api/context/health").status_code == 404
        large = http.put("/v1/contexts/a", json={"data": "x" * 2000})
        assert large.status_code == 413
        assert "body_megabytes" in large.json()["error"]["message"]
        assert http.post("/v1/search", json={"query": "x", "limit": 3}).status_code == 200
        refused = http.post("/v1/search", json={"query": "x", "limit": 4})
        assert refused.status_code == 400
        assert refused.json()["error"] == {
            "type": "invalid",
            "message": "limit = 4: at most 3 (`[service] search_limit`)",
            "param": "limit",
            "version": None,
        }


def test_unless_told_otherwise_those_of_other_products_are_answered(tmp_path: Path) -> None:
    with running(tmp_path / "contexts.db") as up, up.http() as http:
        assert http.get("/api/context/health").status_code == 200
