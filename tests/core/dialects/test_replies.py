"""Whatever a server sends as its counts, reading an answer never raises, and gives figures to reckon with."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.conversation.reply import Reply, Usage
from penstock.conversation.reported_counts import MOST_TOKENS
from penstock.dialects.replies import MOST_TRANSFORMATIONS
from penstock.testing import dialect_of
from tests.core.dialects.promises import read_reply
from tests.core.jsontext import texts

JSON, SSE, LINES = "application/json", "text/event-stream", "application/x-ndjson"
NAMES = [
    *("usage", "input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    *("cache_creation", "ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens", "iterations", "server_tool_use"),
    *("web_search_requests", "speed", "inference_geo", "type", "model", "message", "delta", "context_management"),
    *("applied_edits", "cleared_input_tokens", "input_transformations", "reason", "response", "choices"),
    *("prompt_tokens", "completion_tokens", "prompt_tokens_details", "input_tokens_details", "cached_tokens"),
    *("cache_write_tokens", "cache_write_tokens_details", "ttl_12h_tokens", "ttl_30m_tokens", "cost", "is_byok"),
    *("usageMetadata", "promptTokenCount", "cachedContentTokenCount", "thoughtsTokenCount", "totalTokens"),
    *("done", "prompt_eval_count", "eval_count", "service_tier"),
]
KINDS = ["message_start", "message_delta", "message", "compaction", "advisor_message", "fallback_message"]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.sampled_from(KINDS)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6)
)
HOLDERS: dict[str, list[Any]] = {
    "anthropic": [
        lambda usage: {"type": "message_start", "message": {"usage": usage}},
        lambda usage: {"type": "message_delta", "delta": {}, "usage": usage},
        lambda usage: {"type": "message", "content": [], "usage": usage},
    ],
    "openai-chat": [lambda usage: {"choices": [], "usage": usage}],
    "openai-responses": [
        lambda usage: {"type": "response.completed", "response": {"usage": usage}},
        lambda usage: {"object": "response", "output": [], "usage": usage},
    ],
    "ollama-chat": [lambda usage: {"done": True, "prompt_eval_count": usage, "eval_count": usage}],
    "ollama-generate": [lambda usage: {"done": True, "prompt_eval_count": usage, "eval_count": usage}],
    "gemini": [lambda usage: {"usageMetadata": usage}, lambda usage: {"totalTokens": usage}],
}


def check(usage: Usage) -> None:
    for one in (usage, *usage.others):
        counts = (one.input, one.output, one.cache_read, one.cache_write, one.cache_write_hour)
        assert all(n is None or (type(n) is int and 0 <= n <= 3 * MOST_TOKENS) for n in counts)
        assert one.prompt is None or one.prompt >= 0
        assert (one.cache_write_hour or 0) <= (one.cache_write or 0)
        assert one.dollars is None or math.isfinite(one.dollars)
    assert usage.passes >= 1


def answers(dialect: str, *events: Any) -> list[Reply]:
    """The same events as a stream, and the last as one piece."""
    said = [json.dumps(event).encode() for event in events]
    lines = LINES if dialect.startswith("ollama") else SSE
    stream = b"".join(one + b"\n" if lines is LINES else b"data: " + one + b"\n\n" for one in said)
    return [read_reply(dialect_of(dialect), lines, [stream]), read_reply(dialect_of(dialect), JSON, [said[-1]])]


@pytest.mark.parametrize("dialect", HOLDERS)
@given(usages=st.lists(values, min_size=1, max_size=3), data=st.data())
def test_a_usage_of_any_shape_is_read(dialect: str, usages: list[Any], data: st.DataObject) -> None:
    """Strings, null, negative numbers, lists where objects should be."""
    events = [data.draw(st.sampled_from(HOLDERS[dialect]))(usage) for usage in usages]
    for reply in answers(dialect, *events):
        check(reply.usage)


@pytest.mark.parametrize("dialect", HOLDERS)
@given(events=st.lists(values, min_size=1, max_size=3))
def test_an_event_of_any_shape_is_read(dialect: str, events: list[Any]) -> None:
    """The whole answer may be anything."""
    for reply in answers(dialect, *events):
        check(reply.usage)


@pytest.mark.parametrize("usage", ["1200", None, [], -5, {"input_tokens": "12", "output_tokens": -1, "iterations": 3}])
def test_a_strange_usage_costs_nothing_else(usage: object) -> None:
    """The words, the model and the reason for stopping are read all the same."""
    content = [{"type": "text", "text": "hello"}]
    whole = {"type": "message", "model": "m", "content": content, "stop_reason": "end_turn", "usage": usage}
    reply = answers("anthropic", whole)[1]
    assert (reply.text, reply.model, reply.stop, reply.usage) == ("hello", "m", "end_turn", Usage())


DROPPED = {"type": "thinking_dropped", "path": "messages.1.content.0", "reason": "prefix_binding_mismatch"}


@pytest.mark.parametrize(
    ("dialect", "event"),
    [
        ("anthropic", {"type": "message_start", "message": {"input_transformations": [DROPPED]}}),
        ("anthropic", {"type": "message_delta", "delta": {"input_transformations": [DROPPED]}}),
        ("anthropic", {"type": "message", "content": [], "input_transformations": [DROPPED]}),
    ],
)
def test_what_the_provider_left_out_is_told(dialect: str, event: dict[str, Any]) -> None:
    """A line for each block (https://platform.claude.com/docs/en/build-with-claude/prefix-checks)."""
    found = answers(dialect, event)[event["type"] == "message"]
    assert found.transformations == ["thinking_dropped: prefix_binding_mismatch"]


def test_reasoning_that_openai_withheld_is_told() -> None:
    """It names an action beside the type (`Response.input_transformations` of the Python SDK 3.54.0)."""
    entry = {"id": "rs_1", "type": "reasoning", "action": "removed", "reason": "prefix_mismatch"}
    event = {"type": "response.completed", "response": {"input_transformations": [entry, entry]}}
    assert answers("openai-responses", event)[0].transformations == ["reasoning_removed: prefix_mismatch"] * 2


def test_what_is_told_of_transformations_is_bounded() -> None:
    """A long history may lose every thought; entries of another shape are told as far as they can be."""
    entries = [{"type": 3}, "no object", *[DROPPED] * 100]
    found = answers("anthropic", {"type": "message", "content": [], "input_transformations": entries})[1]
    assert len(found.transformations) == MOST_TRANSFORMATIONS
    assert found.transformations[0] == "changed: no reason given"
