"""The SDKs of both companies read what the gateway translates, tools and streams included."""

from __future__ import annotations

import json
from typing import Any

import anthropic
import pytest

from tests.addons.gateway.conftest import TeamProxy
from tests.road.provider import Answer
from tests.road.replies import sse

EVENTS = (("Content-Type", "text/event-stream"),)
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}


def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-6-sol", "choices": [choice]}


def call(nth: int, arguments: str, **head: Any) -> dict[str, Any]:
    function = {"arguments": arguments, **({"name": "read"} if head else {})}
    return chunk({"tool_calls": [{"index": nth, "function": function, **head}]})


def test_anthropics_sdk_streams_from_a_provider_of_openais_format(team: TeamProxy) -> None:
    key, tag = team.workspace("sdk-anthropic", "openai")
    usage = {"prompt_tokens": 100, "completion_tokens": 9, "total_tokens": 109}
    events = sse(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "I read "}),
        chunk({"content": "both."}),
        call(0, "", id="call_a", type="function"),
        call(1, '{"path"', id="call_b", type="function"),
        call(0, '{"path": "a.py"}'),
        call(1, ': "b.py"}'),
        chunk({}, "tool_calls"),
        {**chunk({}), "choices": [], "usage": usage},
        named=False,
    )
    team.provider.answer(tag, [Answer((*events, b"data: [DONE]\n\n"), headers=EVENTS)])
    tool: anthropic.types.ToolParam = {"name": "read", "description": "Reads.", "input_schema": SCHEMA}
    with (
        anthropic.Anthropic(base_url=team.url, auth_token=key, api_key=None, max_retries=0) as client,
        client.messages.stream(
            model="openai/gpt-6-sol", max_tokens=50, tools=[tool], messages=[{"role": "user", "content": "read them"}]
        ) as stream,
    ):
        said = "".join(stream.text_stream)
        message = stream.get_final_message()
    assert said == "I read both."
    calls = [(block.id, block.input) for block in message.content if block.type == "tool_use"]
    assert calls == [("call_a", {"path": "a.py"}), ("call_b", {"path": "b.py"})]
    assert (message.stop_reason, message.usage.input_tokens, message.usage.output_tokens) == ("tool_use", 100, 9)


def test_openais_sdk_streams_from_a_provider_of_anthropics_format(team: TeamProxy) -> None:
    import openai  # a second, in each process that collects the tests

    key, tag = team.workspace("sdk-openai", "anthropic-compatible")
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
    usage = {"input_tokens": 40, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 0, "output_tokens": 1}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**start, "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I read both."}},
        {"type": "content_block_stop", "index": 0},
    ]
    for at, path in ((1, "a.py"), (2, "b.py")):
        block = {"type": "tool_use", "id": f"toolu_{at}", "name": "read", "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps({"path": path})}
        events += [
            {"type": "content_block_start", "index": at, "content_block": block},
            {"type": "content_block_delta", "index": at, "delta": delta},
            {"type": "content_block_stop", "index": at},
        ]
    end = {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None}}
    events += [{**end, "usage": {"output_tokens": 9}}, {"type": "message_stop"}]
    team.provider.answer(tag, [Answer(sse(*events), headers=EVENTS)])
    function: Any = {"type": "function", "function": {"name": "read", "parameters": SCHEMA}}
    with (
        openai.OpenAI(base_url=f"{team.url}/v1", api_key=key, max_retries=0) as client,
        client.chat.completions.stream(
            model="anthropic-compatible/claude-opus-5-5",
            tools=[function],
            messages=[{"role": "user", "content": "read them"}],
            stream_options={"include_usage": True},
        ) as stream,
    ):
        whole = stream.get_final_completion()
    message = whole.choices[0].message
    assert (message.content, whole.choices[0].finish_reason) == ("I read both.", "tool_calls")
    calls = [(one.id, json.loads(one.function.arguments)) for one in message.tool_calls or ()]
    assert calls == [("toolu_1", {"path": "a.py"}), ("toolu_2", {"path": "b.py"})]
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (100, 9)
    assert team.provider.received(tag)[0].target == f"/{tag}/v1/messages"


def test_errors_are_those_that_the_sdk_knows(team: TeamProxy) -> None:
    key, tag = team.workspace("sdk-errors", "openai")
    error = {"error": {"message": "The context is too long", "type": "invalid_request_error", "code": "too_long"}}
    team.provider.answer(tag, [Answer(json.dumps(error).encode(), 400)])
    asked: Any = {"model": "openai/gpt-6-sol", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}
    with (
        anthropic.Anthropic(base_url=team.url, auth_token=key, api_key=None, max_retries=0) as client,
        pytest.raises(anthropic.BadRequestError, match="The context is too long"),
    ):
        client.messages.create(**asked)
