"""Which requests of a key are let in, and what is held for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.cost.prices import Prices
from penstock.gateway import schema
from penstock.gateway.admit import Admitted, Directory, admit
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import NotAllowed, NotThere
from penstock.gateway.keys import add_key
from penstock.gateway.provider_kinds import endpoint_of
from penstock.gateway.providers import add_provider
from penstock.gateway.quotas import set_limits
from penstock.gateway.records import BILLION, Limit
from penstock.gateway.request_fields import read

CHAT = "/v1/chat/completions"


def ask(
    store: GatewayStore,
    body: dict[str, Any],
    models: tuple[str, ...] = (),
    path: str = CHAT,
    listed: tuple[str, ...] = (),
) -> Admitted:
    """A request for a model of the provider `router`, which lists `listed`, with a key that is limited to `models`."""
    url = "http://127.0.0.1:1"
    where: dict[str, Any] = {"workspace": "default", "base_url": url, "allow_private": True}
    router = add_provider(store, "router", "me", kind="openai-compatible", **where)
    with store.writing() as db:
        for name in listed:
            db.execute(schema.models.insert().values(provider=router.id, name=name, entry={}, at=1.0))
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


def test_a_model_without_a_price_is_refused_with_what_sets_it(store: GatewayStore) -> None:
    set_limits(store, "workspace:default", [Limit("day", "dollars", BILLION)], "me")
    with pytest.raises(NotAllowed) as refused:
        ask(store, {"model": "router/clude-sonnet"})
    assert str(refused.value) == (
        "workspace:default has a limit of dollars, and the price of clude-sonnet is unknown: the owner can set it "
        'under `[prices.openai."clude-sonnet"]` in the profile'
    )


def test_what_stands_before_the_slash_may_be_a_mistyped_provider(store: GatewayStore) -> None:
    """It went to a provider whose own names have slashes."""
    set_limits(store, "workspace:default", [Limit("day", "dollars", BILLION)], "me")
    with pytest.raises(NotAllowed, match=r"is unknown: .* in the profile; no provider is called 'ruter'$"):
        ask(store, {"model": "ruter/clude-sonnet"})


@pytest.mark.parametrize(
    ("model", "error", "said"),
    [
        ("clude-sonnet-9", NotThere, r"^router lists no model 'clude-sonnet-9'\. Did you mean 'claude-sonnet-9'\?$"),
        ("zebra", NotThere, r"^router lists no model 'zebra': `penstock providers models` shows those it has$"),
        ("claude-opus-9", NotAllowed, "the price of claude-opus-9 is unknown"),
    ],
)
def test_a_misspelt_model_is_refused_with_the_nearest_that_its_provider_lists(
    store: GatewayStore, model: str, error: type[Exception], said: str
) -> None:
    """No owner has to look up a price for it. One that is listed is no typo."""
    set_limits(store, "workspace:default", [Limit("day", "dollars", BILLION)], "me")
    with pytest.raises(error, match=said):
        ask(store, {"model": f"router/{model}"}, listed=("claude-sonnet-9", "claude-opus-9"))


def test_nothing_is_held_for_a_count_of_tokens(store: GatewayStore) -> None:
    call = ask(store, {"model": "router/gpt-5", "input": "hi"}, path="/v1/responses/input_tokens").call
    assert (call.tokens, call.dollars) == (0, 0)
