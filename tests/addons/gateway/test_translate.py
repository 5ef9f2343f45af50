"""A translated request that goes to another model, as its fallback, is translated for that one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.gateway.records import Provider
from penstock.gateway.routing import Route
from penstock.plugins.manager import Plugins
from penstock_addons.gateway.translate import Translated, outgoing

TRANSLATORS = Plugins.load(blocked=["all"]).translators()
MODELS = ("llama-4", "gpt-6-sol")
LONGEST = {"llama-4": "max_tokens", "gpt-6-sol": "max_completion_tokens"}
ASKED = json.dumps({"model": "any", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}).encode()


def asked(model: str, body: bytes, sent: Translated | None = None) -> tuple[dict[str, Any], Translated]:
    provider = Provider("1", None, "local", "openai-compatible", "http://127.0.0.1", True, 0.0)
    route = Route(provider, model, "chat")
    new, path, translated = outgoing(body, "/v1/messages", "messages", route, TRANSLATORS, sent)
    assert path == "/v1/chat/completions"
    assert translated is not None
    return json.loads(new), translated


@pytest.mark.parametrize(("first", "second"), [MODELS, MODELS[::-1]])
def test_a_fallback_is_asked_as_if_it_were_the_first(first: str, second: str) -> None:
    """Nothing stays that was chosen for the other model."""
    body, sent = asked(first, ASKED)
    assert body[LONGEST[first]] == 10
    again, _ = asked(second, json.dumps(body).encode(), sent)
    assert again == asked(second, ASKED)[0]
    assert (again["model"], again[LONGEST[second]]) == (second, 10)
    assert LONGEST[first] not in again


def test_what_stages_edited_stays_edited() -> None:
    body, sent = asked("llama-4", ASKED)
    body |= {"messages": [{"role": "user", "content": "edited"}], "added": 1}
    again, _ = asked("gpt-6-sol", json.dumps(body).encode(), sent)
    assert (again["messages"], again["added"], again["max_completion_tokens"]) == (body["messages"], 1, 10)
    assert "max_tokens" not in again
