"""A request whose provider is busy or gone is sent again, or to its fallback, before its client sees a byte."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from mitmproxy import http
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client, ConnectionState
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow, tutils

from penstock.control.discovery import free_port
from penstock.events.kinds import EventKind
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.keys import add_key
from penstock.gateway.providers import add_provider
from penstock.gateway.usage import usage_page
from penstock.gateway.workspaces import change_workspace
from penstock.profiles.gateway import GATEWAY_URL, GatewaySettings
from penstock_addons.gateway.gateway_request import gateway_requests
from penstock_addons.gateway.resend import PenstockRetryHook, RetryingLayer, again
from penstock_addons.gateway.retry_policy import RetryPolicy
from tests.addons.gateway.conftest import SECRET, TeamProxy
from tests.addons.gateway.http2_provider import Http2Provider, http2_provider
from tests.road.provider import Answer, Gate
from tests.road.proxy import Proxy, Setup, stopping, wait_until

MESSAGES = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}


def _busy(status: int = 529, after: str = "0") -> Answer:
    headers = (("Content-Type", "application/json"), ("retry-after", after))
    return Answer(b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}', status, headers)


def test_a_busy_provider_is_asked_again(team: TeamProxy) -> None:
    key, tag = team.workspace("busy")
    team.provider.answer(tag, [_busy(), _busy(429)])
    with team.client(key) as client:
        answer = client.post("/v1/messages", json=MESSAGES)
    assert answer.status_code == 200, answer.text
    bodies = [one.body for one in team.provider.received(tag, 3)]
    assert bodies[0] == bodies[1] == bodies[2]


def test_a_third_refusal_reaches_the_client(team: TeamProxy) -> None:
    key, tag = team.workspace("very-busy")
    team.provider.answer(tag, [_busy(), _busy(), _busy()])
    with team.client(key) as client:
        answer = client.post("/v1/messages", json=MESSAGES)
        assert (answer.status_code, answer.json()["error"]["message"]) == (529, "busy")
        assert len(team.provider.received(tag)) == 3
        assert client.post("/v1/messages", json=MESSAGES).status_code == 200  # over the same connection


def test_a_long_wait_is_the_clients_own(team: TeamProxy) -> None:
    key, tag = team.workspace("waiting")
    team.provider.answer(tag, [_busy(429, "600")])
    with team.client(key) as client:
        answer = client.post("/v1/messages", json=MESSAGES)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "600")
    assert len(team.provider.received(tag)) == 1


def test_the_fallback_is_asked_where_the_provider_is_gone(team: TeamProxy) -> None:
    """By the workspace's setting, with the other provider's credential and model, and counted there."""
    key, tag = team.workspace("gone")
    gone = add_provider(
        team.store,
        "dead",
        "test",
        workspace="gone",
        kind="anthropic",
        base_url="http://127.0.0.1:1",
        credential=SECRET + "-dead",
        allow_private=True,
    )
    change_workspace(team.store, "gone", "test", {"fallbacks": {f"{gone.name}/claude-opus-5-5": "anthropic/other-1"}})
    with team.client(key) as client:
        answer = client.post("/v1/messages", json={**MESSAGES, "model": "dead/claude-opus-5-5"})
    assert answer.status_code == 200, answer.text
    (received,) = team.provider.received(tag)
    assert json.loads(received.body)["model"] == "other-1"
    assert received.head.get("x-api-key") == SECRET
    assert answer.headers["x-penstock-provider"] == "anthropic"
    wait_until(lambda: len(usage_page(team.store, "gone")[0]) == 1, "its usage is counted")
    (line,) = usage_page(team.store, "gone")[0]
    assert (line.provider, line.model) == ("anthropic", "other-1")
    assert re.fullmatch(r"[A-Za-z0-9_.-]+", line.id)  # a page of lines may end with it, and begin after it


def test_a_provider_that_is_gone_is_told_in_the_form_of_the_api(team: TeamProxy) -> None:
    """As JSON that SDKs read, and the same connection is good for the next request."""
    key, _ = team.workspace("away")
    port = free_port("127.0.0.1")
    url = f"http://127.0.0.1:{port}"
    add_provider(
        team.store, "dead", "test", workspace="away", kind="openai-compatible", base_url=url, allow_private=True
    )
    body = {"model": "dead/gpt-5", "messages": [{"role": "user", "content": "hi"}]}
    with team.client(key) as client:
        for _ in range(2):
            answer = client.post("/v1/chat/completions", json=body)
            assert (answer.status_code, answer.headers["content-type"]) == (502, "application/json")
            assert answer.json()["error"]["message"].startswith("Penstock: the provider did not answer: ")
        assert client.post("/v1/messages", json=MESSAGES).status_code == 200
    wait_until(lambda: len(usage_page(team.store, "away")[0]) == 1, "the one that was answered is counted")
    assert usage_page(team.store, "away")[0][0].provider == "anthropic"


def test_the_client_names_a_fallback(team: TeamProxy) -> None:
    key, tag = team.workspace("named")
    team.provider.answer(tag, [_busy(500)])
    with team.client(key) as client:
        answer = client.post(
            "/v1/messages", json=MESSAGES, headers={"x-penstock-fallback": "anthropic/claude-haiku-4-5"}
        )
    assert answer.status_code == 200, answer.text
    models = [json.loads(one.body)["model"] for one in team.provider.received(tag, 2)]
    assert models == ["claude-opus-5-5", "claude-haiku-4-5"]
    assert "x-penstock-fallback" not in str(team.provider.received(tag)[1].head)


def test_a_fallback_that_speaks_another_format_is_none(team: TeamProxy) -> None:
    """And that no plugin translates to."""
    key, tag = team.workspace("no-fallback", "openai")
    base_url = f"http://127.0.0.1:{team.provider.port}"
    add_provider(
        team.store,
        "chat",
        "test",
        workspace="no-fallback",
        kind="anthropic-compatible",
        base_url=base_url,
        allow_private=True,
    )
    change_workspace(team.store, "no-fallback", "test", {"fallbacks": {"gpt-6-sol": "chat/claude"}})
    asked = {"model": "gpt-6-sol", "input": "hi"}
    with team.client(key) as client:
        assert client.post("/v1/responses", json=asked).status_code == 200
        named = client.post("/v1/responses", json=asked, headers={"x-penstock-fallback": "chat/claude"})
    assert (named.status_code, len(team.provider.received(tag))) == (404, 1)


def test_a_request_that_was_delivered_is_not_sent_twice(team: TeamProxy) -> None:
    """Its provider may have worked on it, and count it."""
    key, tag = team.workspace("hangs-up")
    team.provider.answer(tag, [Answer(hang_up=True)])
    with team.client(key) as client:
        answer = client.post(
            "/v1/messages", json=MESSAGES, headers={"x-penstock-fallback": "anthropic/claude-haiku-4-5"}
        )
    assert answer.status_code == 502
    assert len(team.provider.received(tag)) == 1


def test_an_answer_that_asks_for_a_long_wait_is_not_held_back(team: TeamProxy) -> None:
    key, tag = team.workspace("long-wait")
    rest = Gate()
    team.provider.answer(tag, [Answer((b"{", rest, b"}"), 429, (("retry-after", "600"),))])
    with team.client(key) as client, client.stream("POST", "/v1/messages", json=MESSAGES) as answer:
        rest.open()
        assert (answer.status_code, answer.read()) == (429, b"{}")


def test_of_an_answer_no_more_than_a_mebibyte_is_held_back(team: TeamProxy) -> None:
    key, tag = team.workspace("long-answer")
    rest, first = Gate(), b"x" * (1 << 20) + b"y"
    team.provider.answer(tag, [Answer((first, rest, b"z"), 529, (("retry-after", "0"),))])
    with team.client(key) as client, client.stream("POST", "/v1/messages", json=MESSAGES) as answer:
        rest.open()
        assert (answer.status_code, answer.read()) == (529, first + b"z")


def test_a_busy_answer_that_breaks_off_is_one(team: TeamProxy) -> None:
    key, tag = team.workspace("broken")
    cut = Answer(b'{"type', 529, (("retry-after", "0"),), cut=True)
    team.provider.answer(tag, [cut])
    with team.client(key) as client:
        assert client.post("/v1/messages", json=MESSAGES).status_code == 200
    assert len(team.provider.received(tag)) == 2


async def test_a_client_that_left_is_not_waited_for() -> None:
    flow = tflow.tflow(resp=tutils.tresp(status_code=529, headers=http.Headers(**{"retry-after": "0.01"})))
    flow.client_conn.state = ConnectionState.CLOSED
    found = SimpleNamespace(admitted=SimpleNamespace(fallback=None), retries=0, is_own=False)
    gateway_requests.set(flow, cast(Any, found))
    suite = SimpleNamespace(profile=SimpleNamespace(gateway=GatewaySettings()))
    await RetryPolicy(cast(Any, None), cast(Any, None), cast(Any, SimpleNamespace(suite=suite))).penstock_retry(flow)
    assert again.get(flow) is None


@dataclass
class Http2Road:
    """A gateway whose one provider speaks HTTP/2."""

    provider: Http2Provider
    proxy: Proxy
    key: str

    def ask(self, **more: object) -> httpx.Response:
        # By TLS: a client that offers HTTP/2 has mitmproxy offer it to the provider.
        url = f"https://127.0.0.1:{self.proxy.port()}/v1/messages"
        with httpx.Client(http2=True, verify=False, trust_env=False, timeout=30) as client:
            return client.post(url, json={**MESSAGES, **more}, headers={"x-api-key": self.key})


@pytest.fixture(scope="module")
def http2_road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Http2Road]:
    home = tmp_path_factory.mktemp("http2")
    setup = Setup(home, url=GATEWAY_URL, options=["ssl_insecure=true"])
    with (
        http2_provider(home) as provider,
        closing(GatewayStore(setup.store.parent / FILE_NAME)) as store,
        stopping(Proxy(setup)) as proxy,
    ):
        base_url = f"https://127.0.0.1:{provider.port}"
        add_provider(store, "anthropic", "test", workspace=None, base_url=base_url, credential="x", allow_private=True)
        yield Http2Road(provider, proxy, add_key(store, "default", "laptop", "test")[1])


def test_each_attempt_over_http2_has_a_stream_of_its_own(http2_road: Http2Road) -> None:
    provider = http2_road.provider
    provider.busy = 2
    provider.bodies.clear()
    assert http2_road.ask().status_code == 200
    assert len(provider.bodies) == 3
    assert len(set(provider.bodies)) == 1


@pytest.mark.parametrize("says_no_more", [True, False])
def test_an_answer_before_the_end_of_a_request_gives_its_stream_up(http2_road: Http2Road, says_no_more: bool) -> None:
    """What comes late of an attempt is none of the next one's, and the provider need not read its rest."""
    provider = http2_road.provider
    provider.early, provider.says_no_more, provider.began = 1, says_no_more, 0
    provider.bodies.clear()
    provider.given_up.clear()
    assert http2_road.ask(system="word " * 40_000).status_code == 200
    assert (provider.began, len(provider.bodies)) == (2, 1)
    assert says_no_more or len(provider.given_up) == 1


def test_a_stream_that_the_provider_resets_is_no_client_that_left(http2_road: Http2Road) -> None:
    http2_road.provider.resets = 1
    assert http2_road.ask().status_code == 502
    failed = http2_road.proxy.wait_event(EventKind.FAILED, status=0)
    assert failed.payload["why"] == "connection"


async def test_a_failed_attempt_leaves_no_stream_behind() -> None:
    """In mitmproxy's layers alone: one connection may bring any number of requests."""
    options = taddons.context(Proxyserver()).options
    client = Client(
        peername=("127.0.0.1", 1),
        sockname=("127.0.0.1", 2),
        state=ConnectionState.OPEN,
        proxy_mode=ProxyMode.parse("reverse:http://gateway.penstock.internal:1@8090"),
    )
    context = Context(client, options)
    context.server.address = ("gateway.penstock.internal", 1)
    tested = RetryingLayer(context, HTTPMode.transparent)
    tested.wants_again = lambda _flow, _response: True
    attempts, happening = [True, True, False], deque[events.Event]()
    request = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
    happening += [events.Start(), events.DataReceived(client, request)]
    while happening:
        for command in tested.handle_event(happening.popleft()):
            if isinstance(command, PenstockRetryHook) and attempts.pop(0):
                again.set(command.flow, True)
            if isinstance(command, commands.OpenConnection):
                command.connection.error = "refused"
                happening.append(events.OpenConnectionCompleted(command, "refused"))
            elif command.blocking:
                happening.append(events.HookCompleted(cast(commands.StartHook, command)))
    assert not attempts
    assert not tested.streams
