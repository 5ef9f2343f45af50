"""Which requests of a key are let in, and what is held for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.cost.prices import Prices
from penstock.gateway.admit import Admitted, Directory, admit
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import NotAllowed
from penstock.gateway.keys import add_key
from penstock.gateway.provider_kinds import endpoint_of
from penstock.gateway.providers import add_provider
from penstock.gateway.request_fields import read

CHAT = "/v1/chat/completions"


def ask(store: GatewayStore, body: dict[str, Any], models: tuple[str, ...] = (), path: str = CHAT) -> Admitted:
    """A request for a model of the provider `router`, with a key that is limited to `models`."""
    url = "http://127.0.0.1:1"
    where: dict[str, Any] = {"workspace": "default", "base_url": url, "allow_private": True}
    add_provider(store, "router", "me", kind="openai-compatible", **where)
    key, _ = add_key(store, "default", "ci", "me", models=models)
    endpoint = endpoint_of(path)
    assert endpoint is not None
    asked = read(json.dumps(body).encode(), endpoint, path)
    how: dict[str, Any] = {"price_of": Prices().of, "usual_output": 100}
    return admit(store, Directory(store), key, asked, endpoint, number="one", session="", **how)


@pytest.mark.parametrize(
    "more",
    [
        {"models": ["anthropic/dear"]},
        {"models": ["openai/cheap", "dear"]},
        {"fallbacks": [{"model": "dear"}]},
        {"tools": [{"type": "advisor", "model": "dear"}]},
        {"plugins": [{"id": "auto-router", "allowed_models": ["*"]}]},
    ],
)
def test_a_body_names_no_model_that_its_key_may_not_ask(store: GatewayStore, more: dict[str, Any]) -> None:
    """`anthropic/*` is a provider in the key's list, and a maker in the body."""
    with pytest.raises(NotAllowed, match=r"dear|\*"):
        ask(store, {"model": "router/openai/cheap", **more}, ("router/openai/*", "anthropic/*"))


def test_a_body_may_name_others_that_its_key_may_ask(store: GatewayStore) -> None:
    body = {"model": "router/openai/cheap", "models": ["openai/cheaper"], "tools": [{"type": "function"}]}
    assert ask(store, body, ("router/openai/*",)).asked.others == ("openai/cheaper",)


def test_a_key_for_all_models_may_name_any(store: GatewayStore) -> None:
    assert ask(store, {"model": "router/m", "models": ["a/b"]}).route.model == "m"


def test_nothing_is_held_for_a_count_of_tokens(store: GatewayStore) -> None:
    call = ask(store, {"model": "router/gpt-5", "input": "hi"}, path="/v1/responses/input_tokens").call
    assert (call.tokens, call.dollars) == (0, 0)
