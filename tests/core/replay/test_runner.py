"""The conversation that prompts make."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.replay.runner import READ, ReplayClient, dialect_for
from penstock.testing import Turn, assistant, call, dialect_of, results, user

TURNS = [user("read it"), assistant(call(READ, file_path="a.txt")), results("text"), assistant("Noted")]


def body(talk: ReplayClient, *new: Turn) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(talk.body(new))
    return found


@pytest.mark.parametrize("dialect", ["anthropic", "openai-chat"])
def test_its_requests_are_ones_a_provider_takes(dialect: str) -> None:
    """P5, with calls and their results in the history."""
    talk = ReplayClient("m", dialect, "s", has_tool=True, turns=TURNS)
    spoken = dialect_of(dialect)
    raw = talk.body([user("and now?")])
    conversation = spoken.read(raw, talk.path)
    assert spoken.violations(conversation) == []
    assert conversation.messages[-1].prompt == "and now?"
    assert spoken.endpoint("POST", talk.path) is not None


def test_anthropics_end_is_marked_for_the_cache() -> None:
    """As clients do: at the newest block."""
    sent = body(ReplayClient("claude-x", "anthropic", "s", turns=TURNS), user("next"))
    marked = [m for m in sent["messages"] if "cache_control" in m["content"][-1]]
    assert marked == [sent["messages"][-1]]


@pytest.mark.parametrize("dialect", ["anthropic", "openai-chat"])
def test_no_tool_is_named_where_nobody_runs_it(dialect: str) -> None:
    """A real model would call it."""
    assert "tools" not in body(ReplayClient("m", dialect, "s"), user("hello"))


def test_how_a_model_is_asked() -> None:
    """By its name."""
    assert [dialect_for(name) for name in ("claude-sonnet-4-5", "Claude-3", "gpt-5", "llama3")] == [
        "anthropic",
        "anthropic",
        "openai-chat",
        "openai-chat",
    ]
