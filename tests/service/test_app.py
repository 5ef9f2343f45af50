"""The application, as its settings have it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from penstock.contexts import words
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
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


def test_contexts_of_an_older_version_are_indexed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the start on, by itself, while searches answer."""
    file = tmp_path / "contexts.db"
    with closing(Contexts(file)) as older, monkeypatch.context() as patched:
        patched.setattr(words, "_VERSION", "v1")
        patched.setattr(words, "terms", lambda text: text.replace("8800", "880").split())
        with older.write("default", "me") as writer:
            for n in range(20):
                writer.put(f"port/{n}", NewContext("harbour 8800", ttl=0))
    with running(file) as up, up.http() as http:
        for query, most in (("harbour", 20), ("8800", 0)):
            hits = http.post("/v1/search", json={"query": query}).json()["hits"]
            assert len(hits) >= most
        while len(http.post("/v1/search", json={"query": "8800"}).json()["hits"]) < 20:
            pass  # until all are: the time limit of the tests ends it
        assert http.post("/v1/search", json={"query": "880"}).json()["hits"] == []
