"""The conversation that prompts make."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.dialects.bundled import bundled_dialects
from penstock.replay.client import Api, Message, ReplayClient, api_of

TURN = [
    Message("user", "read it"),
    Message("call", "a.txt", "c1"),
    Message("result", "text", "c1"),
    Message("assistant", "Noted"),
]


def body(talk: ReplayClient, *new: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(talk.body(new))
    return found


@pytest.mark.parametrize("api", ["anthropic", "openai"])
def test_its_requests_are_ones_a_provider_takes(api: Api) -> None:
    """P5, with calls and their results in the history."""
    talk = ReplayClient("m", api, "s", has_tool=True)
    dialect = next(one for one in bundled_dialects() if one.name == talk.dialect)
    talk.note(TURN)
    raw = talk.body([Message("user", "and now?")])
    conversation = dialect.read(raw, talk.path)
    assert dialect.violations(conversation) == []
    assert conversation.messages[-1].prompt == "and now?"
    assert dialect.endpoint("POST", talk.path) is not None


def test_anthropics_end_is_marked_for_the_cache() -> None:
    """As clients do: behind the system prompt, and at the newest block."""
    talk = ReplayClient("claude-x", "anthropic", "s")
    talk.note(TURN)
    sent = body(talk, Message("user", "next"))
    marked = [m for m in sent["messages"] if "cache_control" in m["content"][-1]]
    assert (marked, "cache_control" in sent["system"][0]) == ([sent["messages"][-1]], True)


@pytest.mark.parametrize("api", ["anthropic", "openai"])
def test_no_tool_is_named_where_nobody_runs_it(api: Api) -> None:
    """A real model would call it."""
    assert "tools" not in body(ReplayClient("m", api, "s"), Message("user", "hello"))


def test_it_forgets() -> None:
    """The session is the same."""
    talk = ReplayClient("m", "openai", "s")
    talk.note(TURN)
    talk.forget()
    assert [m["content"] for m in body(talk, Message("user", "hello"))["messages"][1:]] == ["hello"]
    assert talk.headers()["x-session-id"] == "s"


def test_how_a_model_is_asked() -> None:
    """By its name."""
    assert [api_of(name) for name in ("claude-sonnet-4-5", "Claude-3", "gpt-5", "llama3")] == [
        "anthropic",
        "anthropic",
        "openai",
        "openai",
    ]
