"""Limits of keys and workspaces on the wire: who refuses, in whose words, and what is counted for those who hang up."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from penstock.gateway.keys import change_key, list_keys, revoke_key, rotate_key
from penstock.gateway.providers import add_provider
from penstock.gateway.quotas import read_limit, set_limits, show_limits
from penstock.gateway.usage import usage_by, usage_page
from penstock.gateway.workspaces import change_workspace
from penstock.profiles.gateway import GATEWAY_URL
from tests.addons.gateway.conftest import TeamProxy
from tests.road.provider import Answer, Gate, Provider
from tests.road.proxy import Proxy, Setup, stopping, wait_until
from tests.road.replies import ANTHROPIC_EVENTS

MESSAGES = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
STREAM = (("Content-Type", "text/event-stream"),)


@contextmanager
def _webhook() -> Iterator[tuple[str, list[dict[str, object]]]]:
    told: list[dict[str, object]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/", told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_full_limit_refuses_in_the_providers_words_and_tells_the_webhook(team: TeamProxy) -> None:
    key, tag = team.workspace("full")
    with _webhook() as (url, told), team.client(key) as client:
        change_workspace(team.store, "full", "test", {"webhook": url})
        set_limits(team.store, "workspace:full", [read_limit("month", "requests", 2)], "test")
        for _ in range(2):
            assert client.post("/v1/messages", json=MESSAGES).status_code == 200
        wait_until(lambda: show_limits(team.store, ["workspace:full"])[0].spent == 2, "both are settled")
        answer = client.post("/v1/messages", json=MESSAGES)
        assert answer.status_code == 402  # Claude Code would try 429 again and again
        assert answer.json()["error"]["type"] == "billing_error"
        assert "this workspace may use 2 requests per month: 2 requests used" in answer.json()["error"]["message"]
        assert answer.headers["x-penstock-scope"] == "workspace:full"
        assert answer.headers["x-should-retry"] == "false"
        wait_until(lambda: len(told) == 1, "the webhook is told once")
    assert (told[0]["percent"], told[0]["scope"], told[0]["cap"]) == (100, "workspace:full", 2)
    assert len(team.provider.received(tag)) == 2


def test_of_many_at_once_as_many_are_let_in_as_the_limit_allows(team: TeamProxy) -> None:
    key, tag = team.workspace("many")
    set_limits(team.store, "workspace:many", [read_limit("day", "requests", 10)], "test")
    with team.client(key) as client, ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: client.post("/v1/messages", json=MESSAGES).status_code, range(40)))
    assert (statuses.count(200), statuses.count(402)) == (10, 30)
    assert len(team.provider.received(tag)) == 10


def test_a_client_that_hangs_up_pays_for_what_came(team: TeamProxy) -> None:
    key, tag = team.workspace("hung-up")
    gate = Gate()
    team.provider.answer(tag, [Answer((*ANTHROPIC_EVENTS[:4], gate), 200, STREAM)])
    with team.client(key) as client, client.stream("POST", "/v1/messages", json={**MESSAGES, "stream": True}) as stream:
        assert next(stream.iter_bytes())
        gate.wait_until_reached()
    gate.open()
    wait_until(lambda: len(usage_page(team.store, "hung-up")[0]) == 1, "it is counted")
    (line,) = usage_page(team.store, "hung-up")[0]
    assert (line.input, line.cache_read, line.how) == (12, 5600, "estimated")
    assert line.output > 0


def test_a_revoked_key_is_refused_at_once(team: TeamProxy) -> None:
    key, _ = team.workspace("revoked")
    with team.client(key) as client:
        assert client.post("/v1/messages", json=MESSAGES).status_code == 200
        revoke_key(team.store, "revoked", list_keys(team.store, "revoked")[0].id, "test")
        answer = client.post("/v1/messages", json=MESSAGES)
    assert (answer.status_code, answer.json()["error"]["type"]) == (401, "authentication_error")
    assert "revoked" in answer.json()["error"]["message"]


def test_what_is_changed_of_a_key_in_use_counts_at_once(team: TeamProxy) -> None:
    key, tag = team.workspace("changed")
    (made,) = list_keys(team.store, "changed")
    with team.client(key) as client:
        assert client.post("/v1/messages", json=MESSAGES).status_code == 200
        change_key(team.store, "changed", made.id, "test", models=["anthropic/another"])
        assert client.post("/v1/messages", json=MESSAGES).status_code == 403
        change_key(team.store, "changed", made.id, "test", models=["anthropic/claude-opus-*"])
        assert client.post("/v1/messages", json=MESSAGES).status_code == 200
        rotate_key(team.store, "changed", made.id, "test")
        assert client.post("/v1/messages", json=MESSAGES).status_code == 401
    assert len(team.provider.received(tag, 2)) == 2


def test_other_paths_of_a_provider_are_closed(team: TeamProxy) -> None:
    """They could spend past every limit, with the owner's credential."""
    key, tag = team.workspace("closed")
    with team.client(key) as client:
        for method, path in (
            ("GET", "/v1/organizations"),
            ("POST", "/v1/files"),
            ("DELETE", "/v1/models/x"),
            ("GET", "/"),
        ):
            answer = client.request(method, path)
            assert answer.status_code == 404, (method, path, answer.text)
        assert client.post("/v1/messages", json=MESSAGES).status_code == 200
    assert len(team.provider.received(tag)) == 1


def test_a_request_without_a_key_goes_nowhere(team: TeamProxy) -> None:
    for headers in ({}, {"authorization": "Bearer sk-ant-api03-own"}, {"x-api-key": "pst_wrong"}):
        answer = httpx.post(f"{team.url}/v1/messages", json=MESSAGES, headers=headers, trust_env=False, timeout=60)
        assert answer.status_code == 401


def test_usage_says_what_the_counters_say(team: TeamProxy) -> None:
    key, _ = team.workspace("books")
    limits = [read_limit("day", unit, 1e6) for unit in ("requests", "tokens", "dollars")]
    set_limits(team.store, "workspace:books", limits, "test")
    with team.client(key) as client:
        for _ in range(3):
            assert client.post("/v1/messages", json=MESSAGES).status_code == 200
    wait_until(lambda: len(usage_page(team.store, "books")[0]) == 3, "all are counted")
    (day,) = usage_by(team.store, "books", "day", "2000-01-01", "2999-01-01")
    spent = {state.unit: (state.spent, state.held) for state in show_limits(team.store, ["workspace:books"])}
    tokens = day.input + day.cache_read + day.cache_write + day.output
    assert spent == {"requests": (3, 0), "tokens": (tokens, 0), "dollars": (day.dollars, 0)}
    assert day.dollars > 0


def test_a_long_body_with_a_wrong_key_is_refused_by_a_proxy_that_has_served_nobody(
    provider: Provider, tmp_path: Path
) -> None:
    setup = Setup(tmp_path, url=GATEWAY_URL, profile='extends = "default"\n[limits]\nbody_bytes = 100000\n')
    with stopping(Proxy(setup)) as proxy:
        url = f"http://127.0.0.1:{proxy.port()}/v1/messages"
        answer = httpx.post(
            url, content=b"x" * 400_000, headers={"x-api-key": "pst_wrong"}, trust_env=False, timeout=60
        )
    assert answer.status_code == 502  # mitmproxy cannot answer what it streams: no connection is opened


def test_a_request_whose_provider_is_not_there_costs_nothing(team: TeamProxy) -> None:
    key, _ = team.workspace("nowhere")
    add_provider(
        team.store,
        "dead",
        "test",
        workspace="nowhere",
        kind="anthropic",
        base_url="http://127.0.0.1:1",
        credential="x",
        allow_private=True,
    )
    set_limits(team.store, "workspace:nowhere", [read_limit("day", "requests", 1)], "test")
    with team.client(key) as client:
        assert client.post("/v1/messages", json={**MESSAGES, "model": "dead/m"}).status_code == 502
        wait_until(lambda: show_limits(team.store, ["workspace:nowhere"])[0].held == 0, "nothing is held")
        assert client.post("/v1/messages", json=MESSAGES).status_code == 200
