"""To count the tokens of a request costs nothing, in every format; paths whose price no answer says are not there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.gateway.keys import add_key
from penstock.gateway.quotas import read_limit, set_limits, show_limits
from penstock.gateway.usage import usage_page
from tests.addons.gateway.conftest import TeamProxy
from tests.road.provider import Answer
from tests.road.proxy import wait_until

JSON = (("Content-Type", "application/json"),)
TEXTS: list[dict[str, Any]] = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("kind", "path", "body", "answer"),
    [
        ("anthropic", "/v1/messages/count_tokens", {"model": "m", "messages": TEXTS}, {"input_tokens": 50_000}),
        (
            "openai",
            "/v1/responses/input_tokens",
            {"model": "gpt-5", "input": "hi"},
            {"object": "response.input_tokens", "input_tokens": 50_000},
        ),
        (
            "gemini",
            "/v1beta/models/gemini-3-pro:countTokens",
            {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]},
            {"totalTokens": 50_000},
        ),
    ],
)
def test_a_count_of_tokens_costs_nothing(
    team: TeamProxy, kind: str, path: str, body: dict[str, Any], answer: dict[str, Any]
) -> None:
    name = f"count-{kind}"
    key, tag = team.workspace(name, kind)
    team.provider.answer(tag, [Answer(json.dumps(answer).encode(), headers=JSON)] * 2)
    set_limits(team.store, f"workspace:{name}", [read_limit("day", "tokens", 1)], "test")
    with team.client(key) as client:
        for _ in range(2):
            assert client.post(path, json=body).json() == answer
    wait_until(lambda: len(usage_page(team.store, name)[0]) == 2, "both are settled")
    assert {(one.input, one.output, one.dollars) for one in usage_page(team.store, name)[0]} == {(0, 0, 0)}
    assert show_limits(team.store, [f"workspace:{name}"])[0].spent == 0


@pytest.mark.parametrize(
    ("kind", "path"),
    [("openai", "/v1/responses/compact"), ("gemini", "/v1beta/models/veo-3:predictLongRunning")],
)
def test_a_path_whose_price_no_answer_says_is_not_there(team: TeamProxy, kind: str, path: str) -> None:
    key, tag = team.workspace(f"free-{kind}", kind)
    with team.client(key) as client:
        assert client.post(path, json={"model": "gpt-5", "input": "hi"}).status_code == 404
    assert not team.provider.has_received(tag)


def test_a_key_for_some_models_cannot_name_others_in_a_body(team: TeamProxy) -> None:
    _, tag = team.workspace("routed", "openrouter")
    _, key = add_key(team.store, "routed", "limited", "test", models=["openrouter/openai/gpt-5-mini"])
    body = {"model": "openrouter/openai/gpt-5-mini", "max_tokens": 5, "messages": TEXTS}
    with team.client(key) as client:
        answer = client.post("/v1/chat/completions", json={**body, "models": ["openai/gpt-5-pro"]})
        assert answer.status_code == 403
        assert "may not ask 'openrouter/openai/gpt-5-pro'" in answer.json()["error"]["message"]
        assert not team.provider.has_received(tag)
        assert client.post("/v1/chat/completions", json=body).status_code == 200
