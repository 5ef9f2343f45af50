"""A request for no answer: what the provider reads of it is the same, and nothing is generated."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.testing import dialect_of

ASKED: dict[str, Any] = {
    "model": "claude-opus-5-5",
    "max_tokens": 32_000,
    "thinking": {"type": "adaptive"},
    "stream": True,
    "messages": [{"role": "user", "content": "go"}],
    "tool_choice": {"type": "auto"},
}


def test_anthropic_is_asked_for_no_tokens() -> None:
    """Everything else stays as it is, byte for byte: the prefix, and what the entry depends on besides."""
    body = json.dumps(ASKED).encode()
    again = dialect_of("anthropic").without_answer(body)
    assert again == body.replace(b"32000", b"0").replace(b"true", b"false")


@pytest.mark.parametrize(
    "more",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"tool_choice": {"type": "any"}},
        {"tool_choice": {"type": "tool", "name": "Read"}},
        {"output_config": {"format": {"type": "json_schema"}}},
        {"output_format": {"type": "json_schema"}},
    ],
)
def test_anthropic_refuses_some_requests_for_no_tokens(more: dict[str, Any]) -> None:
    """Those cannot be kept alive: changing what stands in the way would miss the entry."""
    assert dialect_of("anthropic").without_answer(json.dumps(ASKED | more).encode()) is None


def test_openai_is_asked_to_prewarm() -> None:
    """Nothing is generated, and nothing is stored."""
    asked = {"model": "gpt-5.6", "input": "go", "stream": True, "prompt_cache_options": {"ttl": "12h"}}
    again = dialect_of("openai-responses").without_answer(json.dumps(asked).encode())
    assert again is not None
    options = {"ttl": "12h", "prewarm": True}
    assert json.loads(again) == asked | {"stream": False, "store": False, "prompt_cache_options": options}


@pytest.mark.parametrize("more", [{"conversation": "conv_1"}, {"background": True}])
def test_openai_is_not_asked_where_the_server_keeps_something(more: dict[str, Any]) -> None:
    """Its own copy of a conversation would grow, or work would begin."""
    asked = {"model": "gpt-5.6", "input": "go", **more}
    assert dialect_of("openai-responses").without_answer(json.dumps(asked).encode()) is None


@pytest.mark.parametrize("dialect", ["openai-chat", "gemini", "ollama-chat"])
def test_other_formats_have_no_such_request(dialect: str) -> None:
    """Nothing is sent for them."""
    assert dialect_of(dialect).without_answer(b"{}") is None
