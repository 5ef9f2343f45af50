"""`faults`: why a provider would refuse a request, by the rules of each API, written apart from the product: nothing of
Penstock is used here. Also reads an Anthropic request as its provider does: history, breakpoints, thinking.

The rules are those of the APIs' own error messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["canonical", "faults", "marks", "thinking"]

_Json = dict[str, Any]


def faults(dialect: str, body: bytes) -> list[str]:
    """Why the provider would answer 400. Empty: it would not."""
    value = json.loads(body)
    rules = {
        "anthropic": _anthropic,
        "openai-chat": _openai_chat,
        "openai-responses": _openai_responses,
        "gemini": _gemini,
        "ollama-chat": _ollama,
        "ollama-generate": _ollama,
    }
    return list(rules[dialect](value))


def canonical(body: bytes) -> list[tuple[str, list[str]]]:
    """An Anthropic history as the model reads it: breakpoints left out, a bare string as a list of one text."""
    out = []
    for message in json.loads(body)["messages"]:
        blocks = _blocks(message)
        out.append((message["role"], [json.dumps(_unmarked(b), sort_keys=True) for b in blocks]))
    return out


def marks(body: bytes) -> list[_Json]:
    """Every cache breakpoint of an Anthropic request, at any depth, in the order in which they stand."""
    value = json.loads(body)
    return [m for name in ("tools", "system", "messages") for m in _marks(value.get(name))]


def thinking(body: bytes) -> list[str]:
    """The thinking of an Anthropic history, each as the JSON of its block."""
    return [
        json.dumps(block, sort_keys=True)
        for message in json.loads(body)["messages"]
        for block in _blocks(message)
        if block["type"] in ("thinking", "redacted_thinking")
    ]


def _anthropic(value: _Json) -> Iterator[str]:
    messages = value.get("messages") or []
    if not messages:
        yield "at least one message is required"
    if len(marks(json.dumps(value).encode())) > 4:
        yield "a maximum of 4 blocks with cache_control may be provided"
    for i, message in enumerate(messages):
        if message["role"] not in ("user", "assistant", "system"):
            yield f"messages.{i}: unexpected role"
        blocks = _blocks(message)
        if not blocks and message["role"] != "system" and i + 1 < len(messages):
            yield f"messages.{i}: must have non-empty content"
        for block in blocks:
            if block["type"] == "text" and not block["text"].strip():
                yield f"messages.{i}: text content blocks must be non-empty"
    turns = _merged([m for m in messages if m["role"] != "system"])
    if turns and turns[0][0] != "user":
        yield "the first message must use the user role"
    ids: set[str] = set()
    for n, (role, blocks) in enumerate(turns):
        calls = [b["id"] for b in blocks if b["type"] == "tool_use"]
        if ids.intersection(calls) or len(calls) != len(set(calls)):
            yield f"turn {n}: tool_use ids must be unique"
        ids.update(calls)
        answers = [b["tool_use_id"] for b in blocks if b["type"] == "tool_result"]
        asked = [b["id"] for b in turns[n - 1][1] if b["type"] == "tool_use"] if n else []
        if sorted(answers) != sorted(asked):
            yield f"turn {n}: results {answers} do not match the calls {asked} of the turn before"
        if answers and (role != "user" or any(b["type"] != "tool_result" for b in blocks[: len(answers)])):
            yield f"turn {n}: tool_result blocks must come first"
    if turns and any(b["type"] == "tool_use" for b in turns[-1][1]):
        yield "tool_use without tool_result"


def _openai_chat(value: _Json) -> Iterator[str]:
    messages = value.get("messages") or []
    if not messages:
        yield "messages: must not be empty"
    waiting: list[str] = []
    for i, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in waiting:
                yield f"messages.{i}: a tool message must be a response to a preceding tool call"
            else:
                waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            yield f"messages.{i}: tool calls {waiting} did not have response messages"
        waiting = [c["id"] for c in message.get("tool_calls") or []]
        if message.get("content") is None and not (message["role"] == "assistant" and waiting):
            yield f"messages.{i}: content is required"
    if waiting:
        yield f"tool calls {waiting} did not have response messages"


def _openai_responses(value: _Json) -> Iterator[str]:
    items = value["input"] if isinstance(value["input"], list) else []
    calls: list[str] = []
    answered: list[str] = []
    for i, item in enumerate(items):
        if item["type"] == "function_call":
            calls.append(item["call_id"])
        elif item["type"] == "function_call_output":
            answered.append(item["call_id"])
            if item["call_id"] not in calls:
                yield f"no tool call found for output {item['call_id']}"
        elif item["type"] == "reasoning":
            follows = items[i + 1] if i + 1 < len(items) else {}
            if follows.get("role") != "assistant" and follows.get("type") not in ("function_call", "reasoning"):
                yield f"item {i}: reasoning was provided without its required following item"
    yield from (f"no tool output found for call {c}" for c in calls if c not in answered)


def _gemini(value: _Json) -> Iterator[str]:
    turns: list[tuple[str, list[_Json]]] = []
    for content in value["contents"]:
        role = content.get("role", "user")
        if not content["parts"]:
            yield "parts must not be empty"
        if turns and turns[-1][0] == role:
            turns[-1][1].extend(content["parts"])
        else:
            turns.append((role, list(content["parts"])))
    if not turns:
        yield "contents is not specified"
    elif turns[0][0] != "user":
        yield "a function call turn comes immediately after a user turn"
    for n, (_, parts) in enumerate(turns):
        asked = sum("functionCall" in p for p in turns[n - 1][1]) if n else 0
        given = sum("functionResponse" in p for p in parts)
        if asked != given:
            yield f"turn {n}: {given} function responses to {asked} function calls"


def _ollama(value: _Json) -> Iterator[str]:
    if not (value.get("messages") or value.get("prompt")):
        yield "nothing to answer"


def _merged(messages: list[_Json]) -> list[tuple[str, list[_Json]]]:
    turns: list[tuple[str, list[_Json]]] = []
    for message in messages:
        if turns and turns[-1][0] == message["role"]:
            turns[-1][1].extend(_blocks(message))
        else:
            turns.append((message["role"], list(_blocks(message))))
    return turns


def _blocks(message: _Json) -> list[_Json]:
    content = message.get("content") or []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _unmarked(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _unmarked(v) for k, v in value.items() if k != "cache_control"}
    return [_unmarked(v) for v in value] if isinstance(value, list) else value


def _marks(value: Any) -> Iterator[_Json]:
    if isinstance(value, list):
        for item in value:
            yield from _marks(item)
    elif isinstance(value, dict):
        if "cache_control" in value:
            yield value["cache_control"]
        for v in value.values():
            yield from _marks(v)
