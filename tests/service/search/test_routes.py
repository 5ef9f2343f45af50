"""One search over contexts and memory, by words, by vectors or by both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.conftest import Service, running


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A memory whose embedder is there at once."""
    profiles = tmp_path / "home" / "config" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "quick.toml").write_text('extends = "default"\n[memory]\nembedder = "trigrams-256"\n')
    monkeypatch.setenv("PENSTOCK_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PENSTOCK_PROFILE", "quick")


def found(http: httpx.Client, **body: Any) -> Any:
    answer = http.post("/v1/search", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_by_words_by_meaning_and_by_both(service: Service) -> None:
    with service.http() as http:
        http.headers["x-penstock-workspace"] = "search"
        texts = {"boat": "A small vessel crosses the lake by sail", "bread": "Flour, water and yeast make dough"}
        for key, text in texts.items():
            http.put(f"/v1/contexts/{key}", json={"data": text, "tags": ["t"]})
        assert found(http, query="ship at sea")["hits"] == []
        near = found(http, query="ship at sea", mode="vectors")
        assert (near["hits"][0]["key"], near["degraded"]) == ("boat", [])
        assert near["hits"][0]["id"] == "boat"
        assert near["hits"][0]["kind"] == "context"
        both = found(http, query="water for a ship", mode="both", tag="t")["hits"]
        assert {hit["key"] for hit in both} == {"boat", "bread"}
        assert found(http, query="flour", until="2000-01-01T00:00:00Z")["hits"] == []
        assert found(http, query="flour", since="2000-01-01T00:00:00Z")["hits"][0]["weak"] is False
        wrong = http.post("/v1/search", json={"query": "x", "mod": "words"})
        assert "mode" in wrong.json()["error"]["message"]
        with service.client(workspace="search") as client:
            [hit] = client.search("ship", mode="vectors", limit=1)
        assert (hit.key, hit.weak) == ("boat", hit.score < 0.3)


@pytest.mark.parametrize(
    ("headers", "body", "param"),
    [
        ({"x-penstock-workspace": "a b"}, {}, "x-penstock-workspace"),
        ({"if-match": "no tag"}, {}, "if-match"),
        ({}, {"limit": 0}, "limit"),
        ({}, {"limit": 201}, "limit"),
        ({}, {"query": ""}, "query"),
        ({}, {"query": " \n"}, "query"),
        ({}, {"prefix": "no key "}, "prefix"),
        ({}, {"querry": "boat"}, "querry"),
        ({}, {"since": "yesterday"}, "since"),
    ],
)
def test_a_search_that_cannot_be_is_refused(
    service: Service, headers: dict[str, str], body: dict[str, Any], param: str
) -> None:
    with service.http() as http:
        refused = http.post("/v1/search", json={"query": "boat", **body}, headers=headers)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize("limit", [201, 1_000, 1_001, 10**30])
def test_one_bound_of_hits_is_named(service: Service, limit: int) -> None:
    """That of the settings, however far above it a search asks."""
    said = f"limit = {limit}: at most 200 (`[service] search_limit`)"
    with service.http() as http:
        for path, body in (
            ("/v1/search", {"query": "boat", "limit": limit}),
            ("/v1/search", {"query": "boat", "limit": limit, "tag": "t"}),
            ("/api/context/search", {"query": "boat", "options": {"limit": limit}}),
        ):
            refused = http.post(path, json=body)
            assert (refused.status_code, refused.json()["error"]["message"]) == (400, said), path


def test_a_search_for_nothing_says_what_it_wants(service: Service) -> None:
    with service.http() as http:
        for path in ("/v1/search", "/api/context/search"):
            refused = http.post(path, json={"query": " "})
            message = refused.json()["error"]["message"]
            assert (refused.status_code, message) == (400, "query: words to search for were expected"), path


def test_the_same_is_answered_whether_fastapi_reads_the_call_or_not(service: Service) -> None:
    """It reads one with a condition."""
    with service.http() as http:
        http.put("/v1/contexts/alike", json={"data": "an alike one", "tags": ["t"]})
        body = {"query": "alike", "tag": "t", "since": "2000-01-01T00:00:00Z", "limit": 3}
        short = http.post("/v1/search", json=body)
        other = http.post("/v1/search", json=body, headers={"if-match": "*"})
        long = http.post("/v1/search", json=body, headers={"content-type": "application/json; charset=utf-8"})
    assert short.json()["hits"][0]["key"] == "alike"
    assert short.content == other.content == long.content
    assert short.headers.keys() == other.headers.keys()


def test_memory_is_searched_too(quick: None, tmp_path: Path) -> None:
    with running(tmp_path / "home" / "state" / "contexts.db") as up, up.http() as http:
        http.put("/v1/contexts/kiln", json={"data": "the kiln has a door"})
        chat = "User: How hot does the kiln get?\nAssistant: The kiln runs at 900 degrees."
        assert (
            http.post("/v1/ingest", json={"thread_id": "t1", "materials": {"chat": chat}, "wait": True}).status_code
            == 200
        )
        answer = found(http, query="kiln", **{"in": ["contexts", "memory"]})
        kinds = [hit["kind"] for hit in answer["hits"]]
        assert kinds.count("context") == 1
        assert len(kinds) == 3
        assert [hit["weak"] for hit in answer["hits"]] == sorted(hit["weak"] for hit in answer["hits"])
        assert len(found(http, query="kiln", limit=2, **{"in": ["contexts", "memory"]})["hits"]) == 2
        memories = found(http, query="kiln degrees", **{"in": ["memory"]})["hits"]
        assert "900 degrees" in memories[0]["excerpt"]
        assert memories[0]["key"] is None
        assert found(http, query="kiln", session="t2", **{"in": ["memory"]})["hits"] == []
        assert len(found(http, query="kiln", session="t1", **{"in": ["memory"]})["hits"]) == 2
