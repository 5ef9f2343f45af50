"""Items, threads and feedback over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from penstock.store.sql import SqlStore
from tests.service.conftest import Service
from tests.service.memory.test_routes import ingest


@pytest.fixture
def http(service: Service, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """In a workspace of the test's own."""
    with service.http() as http:
        http.headers["x-penstock-workspace"] = request.node.name
        yield http


def keep(http: httpx.Client, thread: str, *lines: str) -> list[str]:
    chat = "\n".join(f"User: {line}" for line in lines)
    found = http.post("/v1/ingest", json={"thread_id": thread, "materials": {"chat": chat}, "wait": True}).json()
    return [one["id"] for one in found["items"]]


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["type"]


def test_pages(http: httpx.Client) -> None:
    """`next` leads through all of them, and is null at the end."""
    ids = keep(http, "firing", *(f"The kiln fired {n} times." for n in range(5)))
    first = http.get("/v1/items", params={"limit": 3}).json()
    second = http.get("/v1/items", params={"limit": 3, "after": first["next"]}).json()
    assert [one["id"] for one in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None
    assert http.get("/v1/items", params={"kind": "log"}).json() == {"items": [], "next": None}
    assert error(http.get("/v1/items", params={"limit": 0})) == (400, "invalid")


def test_an_item_is_corrected_and_forgotten(http: httpx.Client, service: Service) -> None:
    """With the original of the same text; and what was forgotten does not come again."""
    [one] = keep(http, "firing", "The kiln runs at 900 degrees.")
    assert http.patch(f"/v1/items/{one}", json={"pinned": True}).json()["pinned"]
    new = http.patch(f"/v1/items/{one}", json={"text": "The kiln runs at 950 degrees."}).json()
    assert new["id"] != one
    assert error(http.get(f"/v1/items/{one}")) == (404, "not_found")
    assert http.get(f"/v1/items/{new['id']}").json() == {**new, "feedback": []}
    store = SqlStore(service.store)
    store.add_original("c", "The kiln runs at 950 degrees.", "", 1.0)
    store.close()
    gone = http.delete(f"/v1/items/{new['id']}").json()
    assert gone == {"forgotten": 1, "originals": 1}
    assert error(http.delete(f"/v1/items/{new['id']}")) == (404, "not_found")
    assert keep(http, "firing", "The kiln runs at 950 degrees.") == []


def test_feedback_is_one_voice_for_each_caller(http: httpx.Client) -> None:
    """By the header; 201, and the item tells of it."""
    [one] = keep(http, "firing", "The kiln runs at 900 degrees.")
    body = {"item_id": one, "feedback_type": "wrong", "value": 0.5, "comment": "it is 950"}
    for by in ("ada", "bob", "ada"):
        answer = http.post("/v1/feedback", json=body, headers={"x-penstock-by": by})
        assert answer.status_code == 201
    assert answer.json()["replaced"]
    voices = http.get(f"/v1/items/{one}").json()["feedback"]
    assert sorted(voice["by"] for voice in voices) == ["ada", "bob"]
    assert voices[0]["at"].endswith("Z")
    assert error(http.post("/v1/feedback", json={**body, "value": 2})) == (400, "invalid")
    assert error(http.post("/v1/feedback", json={**body, "item_id": "0" * 16})) == (404, "not_found")


def test_threads_are_labelled_and_forgotten_by_their_whole_name(http: httpx.Client) -> None:
    """A beginning of it is another name, and so is a label."""
    for thread in ("firing/one", "firing/two"):
        keep(http, thread, f"The kiln of {thread} runs at 900 degrees.")
    label = http.patch("/v1/threads/firing/one", json={"label": "firing"}).json()
    assert (label["label"], label["items"]) == ("firing", 1)
    for answer in (
        http.delete("/v1/threads/firing"),
        http.patch("/v1/threads/firing/t", json={"label": "x"}),
        http.get("/v1/threads/f"),
    ):
        assert error(answer) == (404, "not_found")
    assert http.delete("/v1/threads/firing/one").json()["forgotten"] == 1
    found = http.get("/v1/threads").json()
    assert [(one["thread_id"], one["label"]) for one in found["items"]] == [("firing/two", "")]


def test_of_another_project_nothing_is_there(http: httpx.Client) -> None:
    """Neither to read nor to change."""
    ingest(http, "elsewhere", chat="User: The kiln of elsewhere is cold.")
    [one] = http.get("/v1/items", params={"project": "elsewhere"}).json()["items"]
    calls: list[Any] = [
        http.get(f"/v1/items/{one['id']}"),
        http.patch(f"/v1/items/{one['id']}", json={"pinned": True}),
        http.delete(f"/v1/items/{one['id']}"),
        http.delete("/v1/threads/t"),
        http.post("/v1/feedback", json={"item_id": one["id"], "feedback_type": "wrong"}),
    ]
    assert {error(answer) for answer in calls} == {(404, "not_found")}
    assert http.get(f"/v1/items/{one['id']}", params={"project": "elsewhere"}).json()["pinned"] is False
