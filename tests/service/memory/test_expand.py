"""Originals and items, whole, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from penstock.store.originals import digest_of
from penstock.store.sql import SqlStore
from tests.service.conftest import Service
from tests.service.memory.test_routes import ingest

TEXT = "first line\nsecond line \ud800\nthird é\n"


@pytest.fixture
def http(service: Service) -> Iterator[httpx.Client]:
    with service.http() as http:
        yield http


@pytest.fixture
def id(service: Service) -> str:
    """An original in the proxy's store."""
    store = SqlStore(service.store)
    store.add_original("talk", TEXT, "because", 1_700_000_000.0)
    store.close()
    return digest_of(TEXT)


def test_an_original(http: httpx.Client, id: str) -> None:
    """By its id or what a stub names of it; all of it, some lines, or to the letter."""
    found = http.get(f"/v1/expand/{id[:8]}").json()
    assert (found["id"], found["kind"], found["characters"], found["reason"]) == (id, "original", len(TEXT), "because")
    assert (found["at"], found["text"]) == ("2023-11-14T22:13:20.000Z", TEXT.replace("\ud800", "?"))
    assert http.get(f"/v1/expand/{id}", params={"grep": "th.rd|fir"}).json()["text"] == "1:first line\n3:third é"
    assert http.get(f"/v1/expand/{id}", params={"lines": "1-1"}).json()["text"] == "first line"
    raw = http.get(f"/v1/expand/{id}/raw")
    assert raw.content == TEXT.encode("utf-8", "surrogatepass")
    assert (raw.headers["content-type"], raw.headers["x-content-type-options"]) == (
        "text/plain; charset=utf-8",
        "nosniff",
    )


def test_an_item(http: httpx.Client) -> None:
    """Of the project, and of no other."""
    [one] = ingest(http, "vents", chat="User: The vents\nstay shut.")["items"]
    found = http.get(f"/v1/expand/{one['id']}", params={"project": "vents", "lines": "2"}).json()
    assert (found["kind"], found["session"], found["text"]) == ("chat", "t", "stay shut.")
    assert http.get(f"/v1/expand/{one['id']}/raw", params={"project": "vents"}).text == "The vents\nstay shut."
    answer = http.get(f"/v1/expand/{one['id']}")
    assert answer.status_code == 404
    assert "project default" in answer.json()["error"]["message"]


def test_what_is_wrong_is_said(http: httpx.Client, id: str) -> None:
    """Too short an id, no lines, no expression."""
    assert http.get("/v1/expand/ab12").status_code == 400
    assert http.get(f"/v1/expand/{'0' * 64}").status_code == 404
    for asked, said in (({"grep": "("}, "no regular expression"), ({"lines": "9-10"}, "it has the lines 1-3")):
        answer = http.get(f"/v1/expand/{id}", params=asked)
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid")
        assert said in answer.json()["error"]["message"]
