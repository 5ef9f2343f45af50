"""Whose credential goes where: a provider's only to that provider, a client's only to its own host, ours nowhere."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from mitmproxy import http

from penstock.control.discovery import free_port
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.keys import add_key
from penstock.gateway.quotas import read_limit, set_limits
from penstock.gateway.usage import usage_page
from penstock.gateway.workspaces import add_workspace
from penstock.profiles.gateway import GATEWAY_URL
from penstock_addons.gateway.credentials import home_of, keep_only
from tests.addons.gateway.conftest import SECRET, TeamProxy
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, stopping, wait_until

MESSAGES = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}


def test_what_the_client_says_of_accounts_does_not_leave(team: TeamProxy) -> None:
    key, tag = team.workspace("accounts")
    own = {"cookie": "session=own", "openai-organization": "org-own", "x-penstock-anything": "1"}
    with team.client(key, **own) as client:
        assert client.post("/v1/messages", json=MESSAGES).status_code == 200
    (received,) = team.provider.received(tag)
    said = str(received.head).lower()
    assert SECRET in said
    assert not any(word in said for word in ("session=own", "org-own", "x-penstock", key.lower(), "pst_"))


def test_neither_secret_is_on_disk(team: TeamProxy) -> None:
    key, _ = team.workspace("canary")
    with team.client(key) as client:
        client.post("/v1/messages", json=MESSAGES)
        client.post("/v1/messages", json={**MESSAGES, "model": ""})
    wait_until(lambda: len(usage_page(team.store, "canary")[0]) == 1, "it is counted")
    home = team.store.path.parent.parent
    for file in home.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert key.encode() not in data, file
            assert SECRET.encode() not in data, file


def test_a_name_that_leads_into_the_private_network_by_now_is_not_connected_to(team: TeamProxy) -> None:
    key, tag = team.workspace("rebound")
    with team.client(key) as client, closing(sqlite3.connect(team.store.path, isolation_level=None)) as db:
        base_url = f"http://localhost:{team.provider.port}/{tag}"
        changed = "UPDATE providers SET allow_private = 0, base_url = ? WHERE workspace = 'rebound'"
        db.execute(changed, (base_url,))
        answer = client.post("/v1/messages", json=MESSAGES)
    assert answer.status_code == 502
    assert "not public" in answer.text
    assert not team.provider.has_received(tag)


@pytest.mark.parametrize("order", [1, -1])
def test_a_client_with_two_credentials_sends_each_to_its_own_provider_alone(order: int) -> None:
    """Of two that are known, the first one; what fits nowhere goes nowhere."""
    own: dict[str | bytes, str | bytes] = {
        "authorization": "Bearer sk-ant-oat-mine",
        "x-api-key": "somebody-elses",
        "x-goog-api-key": "AIza-google",
    }
    headers = dict(list(own.items())[::order])
    request = http.Request.make("POST", "http://gateway/v1/messages?key=AIza-google", headers=headers)
    home = home_of(request)
    assert home is not None
    assert home.name == "anthropic"
    keep_only(request, home)
    assert [name for name in own if name in request.headers] == ["authorization"]
    assert "key" not in request.query


def test_a_credential_that_fits_nowhere_does_not_hide_one_that_does() -> None:
    headers: dict[str | bytes, str | bytes] = {"authorization": "Bearer somebody-elses", "x-api-key": "sk-ant-mine"}
    home = home_of(http.Request.make("POST", "http://gateway/v1/messages", headers=headers))
    assert home is not None
    assert home.name == "anthropic"


def test_a_key_beside_the_clients_own_credential_counts_and_leaves_that_alone(team: TeamProxy) -> None:
    """Where it cannot be told whose the credential is, the gateway's port sends it nowhere."""
    key, tag = team.workspace("beside")
    headers = {"x-penstock-key": key, "authorization": "Bearer somebody-elses"}
    answer = httpx.post(f"{team.url}/v1/messages", json=MESSAGES, headers=headers, trust_env=False, timeout=60)
    assert answer.status_code == 404
    assert "whose credential" in answer.json()["error"]["message"]
    assert not team.provider.has_received(tag)


def test_no_second_key_leaves(team: TeamProxy) -> None:
    key, tag = team.workspace("twice")
    headers = [
        (b"x-api-key", key.encode()),
        (b"authorization", b"Bearer own"),
        (b"authorization", f"Bearer {key}".encode()),
    ]
    url = f"{team.url}/v1/messages?api_key={key}&x=1"
    answer = httpx.post(url, json=MESSAGES, headers=headers[:1], trust_env=False, timeout=60)
    assert answer.status_code == 200
    assert httpx.post(url, json=MESSAGES, headers=headers[1:], trust_env=False, timeout=60).status_code == 404
    (received,) = team.provider.received(tag)
    assert "pst_" not in str(received.head)
    assert received.target.endswith("?x=1")


def test_an_answer_that_comes_later_is_refused(team: TeamProxy) -> None:
    """Nobody could count it."""
    key, tag = team.workspace("later", "openai")
    with team.client(key) as client:
        answer = client.post("/v1/responses", json={"model": "gpt-5", "input": "hi", "background": True})
    assert (answer.status_code, "background" in answer.json()["error"]["message"]) == (400, True)
    assert not team.provider.has_received(tag)


def test_limits_count_for_the_clients_own_credential(team: TeamProxy, provider: Provider, tmp_path: Path) -> None:
    """Through the proxy's port, to a host that clouds and gateways have their own paths at."""
    port = free_port("127.0.0.1")
    setup = Setup(
        tmp_path, first_mode=f"regular@127.0.0.1:{port}", url=GATEWAY_URL, options=["penstock_hosts=127.0.0.1"]
    )
    tag = provider.new_tag()
    with stopping(Proxy(setup)) as proxy, closing(GatewayStore(setup.store.parent / FILE_NAME)) as store:
        proxy.port()
        add_workspace(store, "own", "test")
        key = add_key(store, "own", "laptop", "test")[1]
        set_limits(store, "workspace:own", [read_limit("day", "requests", 2)], "test")
        headers = {"authorization": "Bearer sk-somebodys-own", "x-penstock-key": key}
        url = f"http://127.0.0.1:{provider.port}/{tag}/api/v1/messages"
        with httpx.Client(proxy=f"http://127.0.0.1:{port}", trust_env=False, timeout=60, headers=headers) as client:
            statuses = [client.post(url, json=MESSAGES).status_code for _ in range(3)]
    assert statuses == [200, 200, 402]
    for received in provider.received(tag):
        assert received.head.get("authorization") == "Bearer sk-somebodys-own"
        assert "pst_" not in str(received.head)
