"""Calls with a key: whom the service takes them for, and what it lets them do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from penstock.base.errors import StoreError
from penstock.gateway import keys
from penstock.gateway.database import GatewayStore
from penstock.gateway.keys import add_key, find_key, list_keys, revoke_key
from penstock.gateway.records import ALL_SCOPES, ApiKey, Scope
from penstock.gateway.workspaces import add_workspace
from penstock_service.http import key_checker
from tests.service.conftest import TOKEN, Service
from tests.service.gateway.teams import http_of, store_of
from tests.service.gateway.test_isolation import call_over_mcp, socket_of


@pytest.fixture(scope="module")
def store(service: Service) -> GatewayStore:
    found = store_of(service)
    add_workspace(found, "web", "owner")
    return found


def made(store: GatewayStore, *scopes: Scope, **more: Any) -> tuple[ApiKey, str]:
    return add_key(store, "web", "ci", "owner", scopes=scopes or ALL_SCOPES, **more)


def test_a_key_writes_into_its_workspace_under_its_own_name(service: Service, store: GatewayStore) -> None:
    """Whatever its headers and bodies say."""
    with http_of(service, made(store)[1], **{"x-penstock-by": "the boss"}) as http:
        assert http.put("/v1/contexts/plan", json={"data": 1}).json()["by"] == "ci"
        assert (
            http.put("/v1/contexts/plan", json={"data": 2}, headers={"x-penstock-workspace": "web"}).status_code == 200
        )
        update = {"data": 3, "options": {"changedBy": "the boss"}}
        assert http.put("/api/context/update/plan", json=update).json()["by"] == "ci"
        assert http.post("/v1/tools/context_put", json={"key": "plan", "data": 4}).json()["result"]["by"] == "ci"
    assert service.contexts.get("web", "plan").data == 4
    with service.http() as owner:
        assert owner.get("/v1/contexts/plan").status_code == 404
        assert owner.get("/v1/contexts/plan", headers={"x-penstock-workspace": "web"}).json()["data"] == 4


def test_a_key_goes_beside_a_credential_of_the_client(service: Service, store: GatewayStore) -> None:
    """And counts alone where it stands beside the owner's token."""
    secret = made(store)[1]
    for authorization in ("sk-ant-of-the-client", TOKEN):
        with http_of(service, authorization, **{"x-penstock-key": secret}) as http:
            assert http.get("/v1/contexts").status_code == 200
            assert http.get("/v1/workspaces").status_code == 403


def test_what_is_no_good_key_answers_401_and_writes_nothing(service: Service, store: GatewayStore) -> None:
    revoked, gone = made(store)
    revoke_key(store, "web", revoked.id, "owner")
    _, expired = made(store, expires_at=store.clock.now() + 60)
    service.clock.advance(61)
    before = [*list_keys(store, "web")]
    for secret, why in ((gone, "was revoked"), (expired, "has expired"), ("pst_nobody", "is not known")):
        with http_of(service, secret) as http:
            answer = http.get("/v1/contexts")
            assert (answer.status_code, answer.json()["error"]["type"]) == (401, "unauthenticated")
            assert why in answer.json()["error"]["message"]
            assert answer.headers["www-authenticate"] == "Bearer"
            assert http.get("/healthz").status_code == 200
    assert list_keys(store, "web") == before


@pytest.mark.parametrize(
    ("scope", "fitting", "others"),
    [
        ("contexts", "/v1/contexts", ["/v1/items", "/v1/usage", "/v1/keys", "/v1/models"]),
        ("memory", "/v1/items", ["/v1/contexts", "/v1/changes", "/v1/audit"]),
        ("usage", "/v1/usage/lines", ["/v1/keys", "/v1/contexts"]),
        ("models", "/v1/models", ["/v1/usage", "/api/context/get/a"]),
        ("admin", "/v1/audit", ["/v1/usage", "/v1/contexts"]),
    ],
)
def test_a_key_does_what_its_scopes_say(
    service: Service, store: GatewayStore, scope: Scope, fitting: str, others: list[str]
) -> None:
    with http_of(service, made(store, scope)[1]) as http:
        assert http.get(fitting).status_code == 200
        for path in others:
            answer = http.get(path)
            assert (answer.status_code, answer.json()["error"]["type"]) == (403, "forbidden"), path
            assert "it needs the scope" in answer.json()["error"]["message"]


def test_tools_and_searches_ask_for_the_scope_of_what_they_reach(service: Service, store: GatewayStore) -> None:
    with http_of(service, made(store, "contexts")[1]) as http:
        assert http.post("/v1/search", json={"query": "x"}).status_code == 200
        assert http.post("/v1/search", json={"query": "x", "in": ["memory"]}).status_code == 403
        assert http.post("/v1/tools/list_memories", json={}).status_code == 403
        refused = call_over_mcp(http, "list_memories", {})
        assert refused["isError"]
        assert "scope 'memory'" in refused["content"][0]["text"]
        assert not call_over_mcp(http, "context_list", {}).get("isError")


def test_a_metrics_key_reads_figures_and_no_more(service: Service, store: GatewayStore) -> None:
    """They are of all workspaces: no workspace but the owner's own can give it."""
    _, secret = add_key(store, "default", "prometheus", "owner", scopes=["metrics"])
    with http_of(service, secret) as http:
        assert "penstock_requests_total" in http.get("/metrics").text
        for path in ("/v1/contexts", "/v1/usage", "/v1/keys", "/health/detailed"):
            assert http.get(path).status_code == 403
    with http_of(service, made(store)[1]) as http:
        refused = http.post("/v1/keys", json={"name": "prometheus", "scopes": ["metrics"]})
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, "scopes")
        assert http.get("/metrics").status_code == 403


def test_a_usage_key_sees_limits_and_sets_none(service: Service, store: GatewayStore) -> None:
    key, secret = made(store, "usage")
    with http_of(service, secret) as http:
        assert http.get(f"/v1/quotas/key:{key.id}").status_code == 200
        assert http.put(f"/v1/quotas/key:{key.id}", json={"limits": []}).status_code == 403


def test_a_key_names_projects_of_its_workspace_alone(service: Service, store: GatewayStore) -> None:
    """What the proxy remembers of its requests is in those, and what tools remember in the one of its name."""
    with http_of(service, made(store)[1]) as http, service.http() as owner:
        http.post("/v1/tools/remember", json={"text": "the sluice opens at dawn"})
        assert http.get("/v1/items?project=web").json() == http.get("/v1/items").json()
        assert http.get("/v1/items").json()["items"][0]["text"] == "the sluice opens at dawn"
        assert owner.get("/v1/items?project=web").json()["items"] != []
        assert http.get("/v1/items?project=web:/src").status_code == 200
        for project in ("default", "web2", "/src", "we", "web/x"):
            answer = http.get("/v1/items", params={"project": project})
            assert (answer.status_code, answer.json()["error"]["type"]) == (404, "not_found"), project


def test_a_store_that_is_down_answers_503_and_never_401(
    service: Service, store: GatewayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = made(store)

    def down(*_: object) -> ApiKey:
        raise StoreError("gateway.db cannot be read")

    monkeypatch.setattr(key_checker, "check_key", down)
    with http_of(service, secret) as http:
        answer = http.get("/v1/contexts")
    assert (answer.status_code, answer.json()["error"]["type"], answer.headers["retry-after"]) == (503, "busy", "1")
    with service.http() as owner:
        assert owner.get("/v1/contexts").status_code == 200


def test_the_day_of_its_last_use_is_noted_once(
    service: Service, store: GatewayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []

    def note(store: GatewayStore, number: str, day: str) -> None:
        noted.append(day)
        keys.note_use(store, number, day)

    monkeypatch.setattr(key_checker, "note_use", note)
    key, secret = made(store)
    with http_of(service, secret) as http:
        for _ in range(3):
            assert http.get("/v1/contexts").status_code == 200
        assert find_key(store, "web", key.id).last_used_day == noted[0]
        service.clock.advance(86_400)
        assert http.get("/v1/contexts").status_code == 200
    assert len(noted) == 2


def test_a_use_that_cannot_be_noted_keeps_nobody_out(
    service: Service, store: GatewayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(key_checker, "note_use", full)
    with http_of(service, made(store)[1]) as http:
        assert http.get("/v1/contexts").status_code == 200


@pytest.mark.parametrize(("path", "scope", "code"), [("/v1/changes", "memory", 4403), ("/context-ws", "usage", 4403)])
def test_a_socket_is_closed_for_who_may_not(
    service: Service, store: GatewayStore, path: str, scope: Scope, code: int
) -> None:
    for secret, expected in ((made(store, scope)[1], code), ("pst_nobody", 4401)):
        with socket_of(service, path, secret) as socket, pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == expected


def test_a_revoked_key_hears_nothing_more(
    service: Service, store: GatewayStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By an answer that was open already: the key is checked again before more is sent."""
    monkeypatch.setattr(key_checker, "_AGAIN_S", 0.0)
    key, secret = made(store)
    with socket_of(service, "/v1/changes", secret) as socket, http_of(service, secret) as http:
        socket.send(json.dumps({"subscribe": {}}))
        assert "subscribed" in json.loads(socket.recv(timeout=20))
        with http.stream("GET", "/v1/changes") as answer:
            lines = answer.iter_lines()
            assert next(lines) == ": from here"
            revoke_key(store, "web", key.id, "owner")
            with service.http() as owner:
                owner.put("/v1/contexts/later", json={"data": 1}, headers={"x-penstock-workspace": "web"})
            assert "later" not in "".join(lines)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=20)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


def test_who_has_neither_token_nor_key_is_told_of_both(service: Service) -> None:
    with http_of(service, "sk-of-somebody") as http:
        message = http.get("/v1/contexts").json()["error"]["message"]
    assert "owner's" in message
    assert "key of a workspace" in message
