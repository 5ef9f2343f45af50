"""The paths of the context preservation system."""

from __future__ import annotations

import json

from tests.service.conftest import Service
from tests.service.contexts.test_changes import opened, put, said


def test_a_value_is_stored_read_updated_found_and_deleted(service: Service) -> None:
    with service.http() as http:
        options = {"sessionId": "s", "agentId": "a", "ttl": 60, "compress": True, "tags": ["state"]}
        stored = http.post("/api/context/store", json={"key": "seed", "data": {"step": 1}, "options": options})
        assert (stored.status_code, stored.json()["session"], stored.json()["agent"]) == (201, "s", "a")
        change = {"data": {"step": "second"}, "options": {"changeType": "append", "changedBy": "planner"}}
        assert http.put("/api/context/update/seed", json=change).json()["version"] == 2
        found = http.get("/api/context/get/seed").json()
        assert (found["data"], found["by"], found["tags"]) == ({"step": "second"}, "planner", ["state"])
        results = http.post("/api/context/search", json={"query": "second", "options": {"sessionId": "s"}}).json()
        assert [hit["key"] for hit in results["results"]] == ["seed"]
        assert http.get("/v1/versions/seed").json()["items"][0]["change"] == "append"
        assert http.delete("/api/context/delete/seed").status_code == 204
        assert http.get("/api/context/get/seed").status_code == 410
        assert http.put("/api/context/update/none", json={"data": 1}).status_code == 404
        assert http.get("/api/context/health").json()["status"] == "healthy"


def test_encrypt_seals(service: Service) -> None:
    with service.http() as http:
        stored = http.post("/api/context/store", json={"key": "sealed", "data": 1, "options": {"encrypt": True}})
        assert (stored.status_code, stored.json()["sealed"]) == (201, True)
        assert http.get("/api/context/get/sealed").json()["data"] == 1


def test_a_subscriber_gets_context_updated(service: Service) -> None:
    with opened(service, "/context-ws") as socket:
        socket.send("no message")
        assert said(socket)["type"] == "error"
        socket.send(json.dumps({"type": "subscribe-context", "payload": {"key": "watched"}}))
        socket.send("no message")
        assert said(socket)["type"] == "error"  # by now the one before was read
        put(service, "unwatched", 1)
        put(service, "watched", 1)
        message = said(socket)
        assert message["type"] == "context-updated"
        assert (message["payload"]["key"], message["payload"]["version"]) == ("watched", 1)
        assert message["payload"]["timestamp"].endswith("Z")
