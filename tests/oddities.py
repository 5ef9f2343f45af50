"""Valid requests and answers of each dialect (`REQUESTS`, `ANSWERS`), and `bent_text`, which replaces values in them by
some that no documentation expects."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from hypothesis import strategies as st

from penstock import Usage
from penstock.testing import answer, assistant, call, conversation, results, user
from tests.core.jsontext import Number, write

__all__ = ["ANSWERS", "REQUESTS", "bent_text", "numbered", "written"]

_TOOLS: dict[str, Any] = {
    "anthropic": [{"name": "Read", "description": "Reads.", "input_schema": {"type": "object"}}],
    "openai-chat": [{"type": "function", "function": {"name": "Read", "parameters": {"type": "object"}}}],
    "openai-responses": [{"type": "function", "name": "Read", "parameters": {"type": "object"}}],
    "gemini": [{"functionDeclarations": [{"name": "Read", "parameters": {"type": "object"}}]}],
}
_MORE: dict[str, dict[str, Any]] = {
    "anthropic": {
        "metadata": {"user_id": json.dumps({"session_id": "s" * 36, "account_uuid": "a" * 36})},
        "thinking": {"type": "enabled", "budget_tokens": 1000, "block_binding": {"prefix_mismatch_behavior": "drop"}},
        "cache_control": {"type": "ephemeral", "ttl": "1h"},
        "stream": True,
        "temperature": 1.0,
    },
    "openai-chat": {
        "prompt_cache_key": "key",
        "prompt_cache_options": {"mode": "implicit", "ttl": "12h"},
        "max_completion_tokens": 1000,
        "stream": True,
    },
    "openai-responses": {
        "store": False,
        "previous_response_id": "resp_1",
        "conversation": {"id": "conv_1"},
        "context_management": [{"type": "compaction", "compact_threshold": 1000}],
        "max_output_tokens": 1000,
        "stream": True,
    },
    "ollama-chat": {"options": {"num_ctx": 8192}, "keep_alive": 5, "stream": True},
    "ollama-generate": {"options": {"num_ctx": 8192}, "suffix": "", "raw": False, "stream": True},
    "gemini": {"generationConfig": {"maxOutputTokens": 1000}, "session_id": "s", "project": "p"},
}
_SAID = (
    user("look", "and tell"),
    assistant("yes", call("Read", path="a", limit=3), thinking="Let me think."),
    results("text of a"),
    assistant("done"),
    user("what is in b?"),
)
_COUNTED = Usage(input=12, output=7, cache_read=5600, cache_write=34, cache_write_hour=30)


def _request(dialect: str) -> dict[str, Any]:
    said = _SAID[-1:] if dialect == "ollama-generate" else _SAID
    tools = {"tools": _TOOLS[dialect]} if dialect in _TOOLS else {}
    body = conversation(*said, dialect=dialect, system="Working directory: /srv/app", **tools, **_MORE[dialect])
    value: dict[str, Any] = json.loads(body)
    return value


def _events(dialect: str) -> list[Any]:
    calls = () if dialect == "ollama-generate" else (call("Read", path="a"),)
    body = answer(assistant("The tests pass.", *calls), dialect=dialect, usage=_COUNTED).body
    lines = (line.removeprefix(b"data: ") for line in body.splitlines())
    return [json.loads(line) for line in lines if line.startswith(b"{")]


REQUESTS: dict[str, dict[str, Any]] = {dialect: _request(dialect) for dialect in _MORE}
"""By dialect: a request with every field that is read."""
_WHOLE: dict[str, Any] = {
    "anthropic": {
        "type": "message",
        "model": "claude-sonnet-4-5",
        "content": [
            {"type": "text", "text": "hi"},
            {"type": "tool_use", "id": "t1", "name": "Read", "input": {"a": 1}},
        ],
        "stop_reason": "end_turn",
        "context_management": {"applied_edits": [{"cleared_input_tokens": 10}]},
        "input_transformations": [{"type": "thinking_dropped", "reason": "prefix_binding_mismatch"}],
        "usage": {
            "input_tokens": 1,
            "output_tokens": 2,
            "cache_creation": {"ephemeral_5m_input_tokens": 3, "ephemeral_1h_input_tokens": 4},
            "iterations": [{"type": "message", "input_tokens": 1}, {"type": "compaction", "model": "m"}],
            "server_tool_use": {"web_search_requests": 1},
            "service_tier": "standard",
        },
    },
    "openai-chat": {
        "model": "gpt-5",
        "service_tier": "flex",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {
                    "content": "hi",
                    "tool_calls": [{"id": "t1", "index": 0, "function": {"name": "Read", "arguments": "{}"}}],
                    "function_call": {"name": "Read", "arguments": "{}"},
                },
            }
        ],
        "usage": {
            "prompt_tokens": 10,
            "completion_tokens": 2,
            "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens_details": {"ttl_12h_tokens": 1}},
            "cost": 0.5,
            "is_byok": True,
            "cost_details": {"upstream_inference_cost": 0.25},
        },
    },
    "openai-responses": {
        "object": "response",
        "model": "gpt-5",
        "status": "completed",
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [
            {"type": "message", "content": [{"type": "output_text", "text": "hi"}]},
            {"type": "function_call", "call_id": "t1", "name": "Read", "arguments": "{}"},
        ],
        "usage": {"input_tokens": 10, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 3}},
        "input_transformations": [{"type": "reasoning", "action": "removed", "reason": "x"}],
    },
    "ollama-chat": {
        "model": "qwen3",
        "done": True,
        "done_reason": "stop",
        "message": {"content": "hi", "tool_calls": [{"id": "t1", "function": {"name": "Read", "arguments": {}}}]},
        "prompt_eval_count": 3,
        "eval_count": 4,
    },
    "ollama-generate": {"model": "qwen3", "done": True, "response": "hi", "prompt_eval_count": 3, "eval_count": 4},
    "gemini": {
        "modelVersion": "gemini-2.5-pro",
        "candidates": [
            {
                "index": 0,
                "finishReason": "STOP",
                "content": {"parts": [{"text": "hi"}, {"functionCall": {"id": "t1", "name": "Read", "args": {}}}]},
            }
        ],
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {
            "promptTokenCount": 9,
            "cachedContentTokenCount": 4,
            "toolUsePromptTokenCount": 1,
            "candidatesTokenCount": 2,
            "thoughtsTokenCount": 3,
        },
    },
}
ANSWERS: dict[str, tuple[list[Any], Any]] = {dialect: (_events(dialect), whole) for dialect, whole in _WHOLE.items()}
"""By dialect: the events of a streamed answer, and one that comes in one piece."""

_NUMBERS = ["1" + "0" * 6000, "-" + "9" * 6000, "1" + "0" * 400, "18446744073709551616", "1e400", "-1e400", "1e-400"]
_ODD_NUMBERS = [*_NUMBERS, "-1", "-0", "0", "1.5", "1e3", "100000001"]
_NO_JSON = ["NaN", "Infinity", "-Infinity", "nul", "01", "'x'", "", '"\\ud83d"', '"\\x"', "[", "}"]
_DEEP = ["[" * depth + "]" * depth for depth in (50, 250, 500, 900, 5000)]
_DEEP += ['{"a":' * depth + "1" + "}" * depth for depth in (50, 250, 900)]
_DEEP += ['{"text":' * depth + '"x"' + "}" * depth for depth in (250, 400, 900)]
_WORDS = ["", "x", "\x00", "\u2028", "-1", "12", "null", "message", "assistant", "system", "tool_use", "é😀" * 300]
_odd_values: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, True, False, [], {}, [[]], [None], [{}], {"text": 1}, {"type": 1}, {"": None}]),
    st.sampled_from(_ODD_NUMBERS).map(Number),
    st.sampled_from(_WORDS),
    st.sampled_from(_DEEP).map(Number),
    st.sampled_from(_ODD_NUMBERS).map(lambda number: [Number(number), {"text": Number(number)}]),
    st.sampled_from(_ODD_NUMBERS).map(lambda number: {"type": "text", "text": "x", "n": Number(number)}),
)
"""Values of every type; numbers out of range, and lists nested too deep, as they stand in the text."""


def numbered(value: Any) -> Any:
    """`value` as `write` takes it."""
    if isinstance(value, dict):
        return {name: numbered(one) for name, one in value.items()}
    if isinstance(value, list):
        return [numbered(one) for one in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return Number(json.dumps(value)) if is_number else value


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, one in items for found in _paths(one, (*path, key)))]


def _changed(value: Any, path: tuple[Any, ...], how: str, odd: Any) -> Any:
    """`value` with another at `path`: `odd` in its place or around it, or nothing."""
    if not path:
        return {"replace": odd, "wrap": [value], "name": {"value": value}, "drop": None}[how]
    head, *rest = path
    if not rest and how == "drop":
        return _without(value, head)
    if isinstance(value, dict):
        return {k: _changed(v, tuple(rest), how, odd) if k == head else v for k, v in value.items()}
    return [_changed(v, tuple(rest), how, odd) if i == head else v for i, v in enumerate(value)]


def _without(value: Any, key: Any) -> Any:
    if isinstance(value, dict):
        return {k: v for k, v in value.items() if k != key}
    return [v for i, v in enumerate(value) if i != key]


@st.composite
def _bent(draw: st.DrawFn, value: Any, most: int = 3) -> Any:
    """`value` with up to `most` odd values in it, for `write`."""
    value = numbered(value)
    for _ in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from(_paths(value)[1:] or [()]))
        how = draw(st.sampled_from(["replace", "replace", "replace", "wrap", "name", "drop"]))
        value = _changed(value, path, how, draw(_odd_values))
    return value


@st.composite
def bent_text(draw: st.DrawFn, value: Any) -> bytes:
    """`value` as JSON with odd values in it, and now and then with a piece of text that is none."""
    data = written(draw(_bent(value)))
    if draw(st.integers(0, 5)):
        return data
    at = draw(st.integers(0, len(data)))
    cut = draw(st.integers(0, 20))
    return data[:at] + draw(st.sampled_from(_NO_JSON)).encode("utf-8", "surrogatepass") + data[at + cut :]


def written(value: Any) -> bytes:
    """As most clients write it."""
    return write(value, _Plain())


class _Plain(Random):
    """No white space, no escapes that nobody needs, members in order."""

    def choice(self, seq: Any) -> Any:
        return seq[0]

    def random(self) -> float:
        return 1.0

    def shuffle(self, x: Any) -> None:
        return None
