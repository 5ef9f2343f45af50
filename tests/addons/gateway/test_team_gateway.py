"""A client with a key of Penstock, and no other, gets its answers through the gateway."""

from __future__ import annotations

from penstock.gateway.usage import usage_page
from tests.addons.gateway.conftest import SECRET, TeamProxy
from tests.road.proxy import wait_until

MESSAGES = {"model": "claude-opus-5-5", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}


def test_a_key_is_replaced_by_the_credential_of_the_provider(team: TeamProxy) -> None:
    key, tag = team.workspace("replaced")
    with team.client(key) as client:
        answer = client.post("/v1/messages", json={**MESSAGES, "model": "anthropic/claude-opus-5-5"})
    assert answer.status_code == 200, answer.text
    (received,) = team.provider.received(tag)
    assert received.target == f"/{tag}/v1/messages"
    assert received.head.get("x-api-key") == SECRET
    assert key.encode() not in bytes(str(received.head), "utf-8") + received.body
    assert b'"claude-opus-5-5"' in received.body
    assert answer.headers["x-penstock-provider"] == "anthropic"
    assert float(answer.headers["x-penstock-held"]) > 0
    assert float(answer.headers["x-penstock-cost"]) > 0

    def lines() -> int:
        return len(usage_page(team.store, "replaced")[0])

    wait_until(lambda: lines() == 1, "its usage is counted")
    line = usage_page(team.store, "replaced")[0][0]
    assert (line.input, line.cache_read, line.cache_write, line.output, line.how) == (12, 5600, 34, 7, "reported")
