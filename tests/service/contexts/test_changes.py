"""Changes as they happen, by WebSocket and as server-sent events."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from penstock.base.errors import StoreError
from penstock.contexts.contexts import Contexts
from penstock.contexts.records import NewContext
from tests.service.conftest import TOKEN, Service


def opened(service: Service, path: str = "/v1/changes", token: str = TOKEN, workspace: str = "default") -> Any:
    headers = {"authorization": f"Bearer {token}", "x-penstock-workspace": workspace}
    return connect(service.url.replace("http", "ws", 1) + path, additional_headers=headers, proxy=None)


def said(socket: ClientConnection) -> Any:
    return json.loads(socket.recv(timeout=20))


def put(service: Service, key: str, data: Any, workspace: str = "default", **more: Any) -> None:
    with service.contexts.write(workspace, "me") as writer:
        writer.put(key, NewContext(data, **more))


def test_a_subscriber_is_shown_what_changes_and_never_the_value(service: Service) -> None:
    with opened(service) as socket:
        socket.send(json.dumps({"subscribe": {"prefix": "ws/"}}))
        assert "subscribed" in said(socket)
        put(service, "elsewhere", 1)
        put(service, "other/ws", 1, workspace="other")
        put(service, "ws/a", "canary", tags=("t",))
        change = said(socket)
        assert (change["kind"], change["key"], change["version"], change["by"]) == ("put", "ws/a", 1, "me")
        assert "canary" not in json.dumps(change)
        with service.contexts.write("default", "me") as writer:
            writer.delete("ws/a")
        assert said(socket)["kind"] == "delete"


def test_a_subscriber_goes_on_from_its_cursor(service: Service) -> None:
    start = str(service.contexts.cursor())
    for n in range(600):
        put(service, f"many/{n % 5}", n)
    with opened(service) as socket:
        socket.send(json.dumps({"subscribe": {"after": start, "prefix": "many/"}}))
        assert said(socket) == {"subscribed": start}
        cursors = [int(said(socket)["cursor"]) for _ in range(600)]
    assert cursors == sorted(set(cursors))


def test_a_cursor_of_another_file_is_a_gap(service: Service) -> None:
    with opened(service) as socket:
        socket.send(json.dumps({"subscribe": {"after": "999999999"}}))
        assert said(socket)["gap"] is True
        put(service, "after/gap", 1)
        while said(socket)["key"] != "after/gap":
            continue  # all that is kept comes first


@pytest.mark.parametrize("wanted", [{"keys": ["f/1"]}, {"tags": ["one"]}, {"kinds": ["rollback"]}])
def test_a_subscriber_gets_only_what_fits(service: Service, wanted: dict[str, Any]) -> None:
    start = str(service.contexts.cursor())
    put(service, "f/2", 1)
    put(service, "f/1", 0.5, tags=("one",))
    put(service, "f/2", 2)
    with service.contexts.write("default", "me") as writer:
        writer.put("f/1", NewContext(2))
        writer.rollback("f/1", writer.get("f/1").head.version - 1)
    with opened(service) as socket:
        socket.send(json.dumps({"subscribe": {"after": start, **wanted}}))
        assert "subscribed" in said(socket)
        assert said(socket)["key"] == "f/1"


def test_a_message_that_is_none_is_answered_and_the_line_stays(service: Service) -> None:
    with opened(service) as socket:
        for bad in ("{", '{"subscribe": {"prefx": "a"}}', '{"subscribe": {"after": "x"}}'):
            socket.send(bad)
            assert said(socket)["error"]["type"] == "invalid"
        socket.send(json.dumps({"ping": 7}))
        assert said(socket) == {"pong": 7}


def test_without_the_token_the_line_is_closed(service: Service) -> None:
    with opened(service, token="wrong") as socket:
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=20)
        assert socket.close_code == 4401


def test_readers_that_are_gone_are_forgotten(service: Service) -> None:
    """Nothing is left of them that a writer would have to serve."""
    before = len(service.contexts._listeners)
    for _ in range(5):
        with opened(service) as socket:
            socket.send(json.dumps({"subscribe": {}}))
            assert "subscribed" in said(socket)
    with service.http() as http:
        assert http.get("/healthz").status_code == 200
    for n in range(50):
        put(service, "gone/readers", n)
        with service.http() as http:
            http.get("/healthz")  # a turn of the service's loop
        if len(service.contexts._listeners) == before:
            break
    assert len(service.contexts._listeners) == before


def test_changes_are_server_sent_events_too(service: Service) -> None:
    start = str(service.contexts.cursor())
    put(service, "sse/a", 1)
    with service.client() as client:
        changes = client.changes("sse/", after=start)
        first = next(changes)
        assert (first.kind, first.key, first.version) == ("put", "sse/a", 1)
        put(service, "sse/b", 1)
        assert next(changes).key == "sse/b"
        changes.close()
    with service.client() as client:
        changes = client.changes("sse/", after=first.cursor)
        assert next(changes).key == "sse/b"
        changes.close()


def test_what_ends_is_a_change(service: Service) -> None:
    put(service, "ends", 1, ttl=5.0)
    start = str(service.contexts.cursor())
    service.clock.advance(6)
    assert service.contexts.expire() >= 1
    with opened(service) as socket:
        socket.send(json.dumps({"subscribe": {"after": start, "keys": ["ends"]}}))
        assert "subscribed" in said(socket)
        assert said(socket)["kind"] == "expired"


def test_a_subscriber_misses_nothing_while_the_file_cannot_be_read(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, failed = Contexts.changes_after, threading.Event()

    def broken(self: Contexts, workspace: str, cursor: int, limit: int = 500) -> Any:
        if failed.is_set():
            return real(self, workspace, cursor, limit)
        failed.set()
        raise StoreError("disk I/O error")

    with opened(service) as socket:
        monkeypatch.setattr(Contexts, "changes_after", broken)
        socket.send(json.dumps({"subscribe": {"prefix": "broken/"}}))
        assert "subscribed" in said(socket)
        put(service, "broken/a", 1)
        assert said(socket)["key"] == "broken/a"
        assert failed.is_set()


def test_a_change_of_tags_alone_is_a_change(service: Service) -> None:
    put(service, "tags/a", 1)
    start = service.contexts.cursor()
    put(service, "tags/a", 1)
    put(service, "tags/a", 1, tags=("now",))
    assert [(one.version, one.tags) for one in service.contexts.changes_after("default", start)] == [(1, ("now",))]


def test_a_client_is_told_of_a_gap(service: Service) -> None:
    put(service, "gap/client", 1)
    with service.client() as client:
        changes = client.changes("gap/", after="99999999")
        assert next(changes).kind == "gap"
        assert next(changes).key == "gap/client"
        changes.close()
