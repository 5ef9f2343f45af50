"""Everything that is paid for is counted, whatever the provider says of it, and nothing gets past limits by failing."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from penstock.control.discovery import free_port
from penstock.events.event import EventKind
from penstock.gateway.database import FILE_NAME, GatewayStore
from penstock.gateway.providers import add_provider
from penstock.gateway.quotas import read_limit, set_limits, show_limits
from penstock.gateway.usage import UsageLine, usage_page
from penstock.gateway.workspaces import change_workspace
from penstock.profiles.gateway import GATEWAY_URL
from tests.addons.gateway.conftest import SECRET, TeamProxy
from tests.road.provider import Answer, Gate, Provider
from tests.road.proxy import Proxy, Setup, stopping, wait_until

MESSAGES = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
CHAT = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}
STREAM = (("Content-Type", "text/event-stream"),)


def _line(team: TeamProxy, workspace: str) -> UsageLine:
    wait_until(lambda: len(usage_page(team.store, workspace)[0]) == 1, "it is counted")
    return usage_page(team.store, workspace)[0][0]


def _chunks(words: int, *, usage: bool) -> tuple[bytes, ...]:
    said = [{"choices": [{"index": 0, "delta": {"content": "word "}}]}] * words
    last = [{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
    told = (
        [{"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 50, "total_tokens": 59}}] if usage else []
    )
    events = [b"data: " + json.dumps(one).encode() + b"\n\n" for one in (*said, *last, *told)]
    return (*events, b"data: [DONE]\n\n")


def test_a_stream_that_tells_no_usage_is_counted_by_its_words(team: TeamProxy) -> None:
    key, tag = team.workspace("silent", "openai")
    team.provider.answer(tag, [Answer(_chunks(200, usage=False), 200, STREAM)])
    with team.client(key) as client:
        assert client.post("/v1/chat/completions", json={**CHAT, "stream": True}).status_code == 200
    line = _line(team, "silent")
    assert line.how == "estimated"
    assert line.output > 100
    assert line.input > 0
    assert line.dollars > 0


def test_what_the_provider_tells_is_believed(team: TeamProxy) -> None:
    key, tag = team.workspace("telling", "openai")
    team.provider.answer(tag, [Answer(_chunks(200, usage=True), 200, STREAM)])
    with team.client(key) as client:
        assert client.post("/v1/chat/completions", json={**CHAT, "stream": True}).status_code == 200
    line = _line(team, "telling")
    assert (line.input, line.output, line.how) == (9, 50, "reported")


def test_tokens_are_counted_for_nothing(team: TeamProxy) -> None:
    key, tag = team.workspace("counting")
    team.provider.answer(tag, [Answer(b'{"input_tokens": 50000}')])
    with team.client(key) as client:
        assert client.post("/v1/messages/count_tokens", json=MESSAGES).json() == {"input_tokens": 50000}
    line = _line(team, "counting")
    assert (line.input, line.output, line.dollars) == (0, 0, 0)


def test_a_header_that_no_store_takes_opens_no_way_past_a_limit(team: TeamProxy) -> None:
    key, tag = team.workspace("half")
    set_limits(team.store, "workspace:half", [read_limit("day", "requests", 1)], "test")
    headers = [(b"x-api-key", key.encode()), (b"x-session-id", b"\xff\xfe")]
    statuses = [
        httpx.post(f"{team.url}/v1/messages", json=MESSAGES, headers=headers, trust_env=False, timeout=60).status_code
        for _ in range(3)
    ]
    assert statuses == [200, 402, 402]
    assert len(team.provider.received(tag)) == 1


def test_the_credential_of_a_fallback_is_not_logged(team: TeamProxy) -> None:
    """Providers repeat credentials in their errors."""
    key, tag = team.workspace("repeats")
    other, canary = team.provider.new_tag(), "fallback-canary-9876543210"
    add_provider(
        team.store,
        "other",
        "test",
        workspace="repeats",
        kind="anthropic",
        base_url=f"http://127.0.0.1:{team.provider.port}/{other}",
        credential=canary,
        allow_private=True,
    )
    change_workspace(team.store, "repeats", "test", {"fallbacks": {"claude-opus-5-5": "other/claude-opus-5-5"}})
    said = json.dumps({"type": "error", "error": {"type": "x", "message": f"no such key: {canary}"}}).encode()
    team.provider.answer(tag, [Answer(b"{}", 500)])
    team.provider.answer(other, [Answer(said, 401)])
    with team.client(key) as client:
        assert client.post("/v1/messages", json=MESSAGES).status_code == 401
    assert team.provider.received(other)[0].head.get("x-api-key") == canary
    team.proxy.wait_event(EventKind.FAILED, status=401)
    for file in team.store.path.parent.rglob("*"):
        assert not file.is_file() or canary.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(("name", "body"), [("moved", b"<html>moved</html>"), ("moved-silently", b"")])
def test_a_redirect_is_an_error_that_costs_nothing(team: TeamProxy, name: str, body: bytes) -> None:
    """Clients that follow one send their headers along: the key would reach whatever host a provider names."""
    key, tag = team.workspace(name)
    set_limits(team.store, f"workspace:{name}", [read_limit("day", "requests", 9)], "test")
    team.provider.answer(tag, [Answer(body, 307, (("Location", "https://elsewhere.example/v1"),))])
    with team.client(key) as client:
        answer = client.post("/v1/messages", json=MESSAGES)
    assert (answer.status_code, answer.headers.get("location")) == (502, None)
    assert answer.json()["type"] == "error"
    assert "redirects" in answer.json()["error"]["message"]
    wait_until(lambda: all(one.held == 0 for one in show_limits(team.store, [f"workspace:{name}"])), "it is settled")
    assert usage_page(team.store, name)[0] == []


def test_an_answer_of_no_said_length_is_streamed(team: TeamProxy) -> None:
    key, tag = team.workspace("unsaid")
    gate = Gate()
    team.provider.answer(tag, [Answer((b'{"type": "message", ', gate, b'"content": []}'))])
    with team.client(key) as client, client.stream("POST", "/v1/messages", json=MESSAGES) as stream:
        parts = stream.iter_bytes()
        assert next(parts).startswith(b'{"type"')
        gate.open()
        assert b"".join(parts).endswith(b"[]}")


def test_a_provider_that_repeats_its_credential_tells_no_member(team: TeamProxy) -> None:
    key, tag = team.workspace("echo")
    said = json.dumps({"type": "error", "error": {"type": "x", "message": f"bad key {SECRET}"}}).encode()
    headers = (("Content-Type", "application/json"), ("Set-Cookie", "owner=1"), ("openai-organization", "org-owner"))
    team.provider.answer(tag, [Answer(said, 401, headers)])
    with team.client(key) as client:
        answer = client.post("/v1/messages", json=MESSAGES)
    assert answer.status_code == 401
    assert SECRET not in answer.text
    assert not {"set-cookie", "openai-organization"} & {name.lower() for name in answer.headers}


def test_a_key_on_the_way_to_another_host_is_left_alone(team: TeamProxy, provider: Provider, tmp_path: Path) -> None:
    """It may be for another gateway, or for the service."""
    port = free_port("127.0.0.1")
    setup = Setup(tmp_path, first_mode=f"regular@127.0.0.1:{port}", url=GATEWAY_URL)
    tag = provider.new_tag()
    with stopping(Proxy(setup)) as proxy:
        proxy.port()
        url = f"http://127.0.0.1:{provider.port}/{tag}/v1/messages"
        with httpx.Client(proxy=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            answer = client.post(url, json=MESSAGES, headers={"authorization": "Bearer pst_of-another-gateway"})
    assert answer.status_code == 200
    assert provider.received(tag)[0].head.get("authorization") == "Bearer pst_of-another-gateway"


def test_a_key_through_the_proxys_port_is_counted(provider: Provider, tmp_path: Path) -> None:
    """Whatever the provider's host is called."""
    port = free_port("127.0.0.1")
    setup = Setup(tmp_path, first_mode=f"regular@127.0.0.1:{port}", url=GATEWAY_URL)
    with stopping(Proxy(setup)) as proxy, closing(GatewayStore(setup.store.parent / FILE_NAME)) as store:
        proxy.port()
        team = TeamProxy(proxy, "", store, provider)
        key, tag = team.workspace("through")
        with httpx.Client(proxy=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:
            url = "http://api.anthropic.com/v1/messages"
            assert client.post(url, json=MESSAGES, headers={"authorization": f"Bearer {key}"}).status_code == 200
        assert _line(team, "through").input > 0
    assert provider.received(tag)[0].head.get("x-api-key") == SECRET
