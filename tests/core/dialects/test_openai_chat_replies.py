"""What a Chat Completions server answers: as events, or in one piece."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given

from penstock.conversation.reply import ToolCall, Usage
from penstock.dialects.openai_chat import OpenAIChat
from tests.core.dialects.promises import byte_by_byte, read_reply
from tests.core.jsontext import misshapen, randoms, write

SSE = "text/event-stream; charset=utf-8"
JSON = "application/json"


def chunk(delta: dict[str, Any], finish: str | None = None, index: int = 0) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "model": "gpt-5", "choices": [choice], "usage": None}


def part(index: int, arguments: str, **begun: Any) -> dict[str, Any]:
    """A piece of a call; its id and name come with the first one."""
    function = {"arguments": arguments, **({"name": begun.pop("name")} if begun else {})}
    return chunk({"tool_calls": [{"index": index, **begun, "function": function}]})


USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 12,
    "total_tokens": 112,
    "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
}
LAST = {"object": "chat.completion.chunk", "model": "gpt-5", "choices": [], "usage": USAGE}
CHUNKS = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning_content": "hm", "content": None}),
    chunk({"content": "A gâte"}),
    chunk({"content": " 😀"}),
    part(0, "", id="c1", type="function", name="read"),
    part(0, '{"path":'),
    part(1, "{}", id="c2", type="function", name="ls"),
    part(0, '"gâte.txt"}'),
    chunk({}, "tool_calls"),
    LAST,
]
CALLS = [ToolCall("c1", "read", '{"path":"gâte.txt"}'), ToolCall("c2", "ls", "{}")]


def events(chunks: list[dict[str, Any]], end: bytes = b"data: [DONE]\n\n") -> bytes:
    return b"".join(b"data: " + json.dumps(c, ensure_ascii=False).encode() + b"\n\n" for c in chunks) + end


def test_reads_a_stream() -> None:
    """Words, calls told apart by their index, counts and the reason to stop, however it is cut; not the reasoning."""
    reply = byte_by_byte(OpenAIChat(), SSE, b": keep-alive\n\n" + events(CHUNKS))
    assert (reply.text, reply.model, reply.stop, reply.complete) == ("A gâte 😀", "gpt-5", "tool_calls", True)
    assert reply.tools == CALLS
    assert reply.usage == Usage(input=36, output=12, cache_read=64)


def test_reads_an_answer_in_one_piece() -> None:
    """The same facts as from a stream."""
    calls = [{"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.input}} for c in CALLS]
    said = {"role": "assistant", "content": "A gâte 😀", "refusal": None, "tool_calls": calls}
    choice = {"index": 0, "message": said, "finish_reason": "tool_calls"}
    answer = {"object": "chat.completion", "model": "gpt-5", "choices": [choice], "usage": USAGE}
    whole = byte_by_byte(OpenAIChat(), JSON, json.dumps(answer, indent=1).encode())
    assert whole == read_reply(OpenAIChat(), SSE, [events(CHUNKS)])


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (None, Usage(input=100, output=12)),
        ({"cached_tokens": 0}, Usage(input=100, output=12, cache_read=0)),
        ({"cached_tokens": 64, "cache_write_tokens": 30}, Usage(6, 12, cache_read=64, cache_write=30)),
        ({"cached_tokens": 64, "cache_write_tokens": 90}, Usage(0, 12, cache_read=64, cache_write=36)),
    ],
)
def test_each_token_counts_once(details: Any, expected: Usage) -> None:
    """What was read and written is part of the total; what the provider does not name is unknown, not zero."""
    data = events([{**LAST, "usage": {**USAGE, "prompt_tokens_details": details}}])
    usage = read_reply(OpenAIChat(), SSE, [data]).usage
    assert (usage, usage.prompt) == (expected, 100)


def test_an_answer_without_usage_has_none() -> None:
    """Clients may not ask for it."""
    assert read_reply(OpenAIChat(), SSE, [events(CHUNKS[:-1])]).usage == Usage()


@pytest.mark.parametrize(
    ("answer", "complete"),
    [(events(CHUNKS[:8], b""), False), (events(CHUNKS[:9], b""), True), (events(CHUNKS[:4]), True)],
    ids=["cut", "a reason to stop", "the closing line"],
)
def test_only_a_proper_end_completes(answer: bytes, complete: bool) -> None:
    """A reason to stop ends an answer, and so does the closing line; a stream cut in the middle has neither."""
    assert read_reply(OpenAIChat(), SSE, [answer]).complete is complete


def test_reads_calls_that_are_not_numbered() -> None:
    """Servers that copy the format leave the index out, or send null, and give each call in one piece."""
    first = {"id": "c1", "function": {"name": "read", "arguments": "{}"}}
    second = {"id": "c2", "index": None, "function": {"name": "ls", "arguments": {"all": True}}}
    reply = read_reply(OpenAIChat(), SSE, [events([chunk({"tool_calls": [c]}) for c in (first, second)])])
    assert reply.tools == [ToolCall("c1", "read", "{}"), ToolCall("c2", "ls", '{"all":true}')]


def test_reads_other_calls() -> None:
    """A custom tool's input, and the function call of older models, which is known by its name."""
    custom = chunk({"tool_calls": [{"index": 0, "id": "c1", "custom": {"name": "patch", "input": "*** Begin"}}]})
    legacy = [chunk({"function_call": f}) for f in ({"name": "look_up", "arguments": "{"}, {"arguments": "}"})]
    reply = read_reply(OpenAIChat(), SSE, [events([custom, *legacy])])
    assert reply.tools == [ToolCall("c1", "patch", "*** Begin"), ToolCall("look_up", "look_up", "{}")]


def test_reads_the_first_of_several_answers() -> None:
    """The choices are told apart, not mixed."""
    answer = events([chunk({"content": "second"}, "stop", index=1), chunk({"content": "first"})], b"")
    reply = read_reply(OpenAIChat(), SSE, [answer])
    assert (reply.text, reply.complete) == ("first", False)


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        (JSON, b'{"error":{"message":"slow down","type":"tokens","param":null,"code":"rate_limit_exceeded"}}'),
        (JSON, b'{"error":"slow down"}'),
        (JSON, b'[{"error":{"code":429,"message":"slow down"}}]'),
        (SSE, events([CHUNKS[2], {"error": {"code": 502, "message": "slow down"}}])),
        (SSE, b"event: error\ndata: " + json.dumps({"error": {"code": "slow down"}}).encode() + b"\n\n"),
    ],
)
def test_reads_an_error(content_type: str, answer: bytes) -> None:
    """Alone or in the middle of a stream, an object or only its words."""
    assert read_reply(OpenAIChat(), content_type, [answer]).error == "slow down"


NAMES = ["error", "model", "choices", "index", "delta", "content", "tool_calls", "function", "finish_reason", "usage"]


@given(misshapen(*NAMES), randoms)
def test_no_answer_raises(chunks: list[dict[str, Any]], rng: Random) -> None:
    """P1: fields of any other type than documented cost their event, never the reader."""
    strange = b"".join(b"data: " + write(c, rng).replace(b"\n", b" ").replace(b"\r", b" ") + b"\n\n" for c in chunks)
    assert read_reply(OpenAIChat(), SSE, [strange + events(CHUNKS)]).text.endswith("A gâte 😀")


def test_refuses_in_openais_words() -> None:
    """A limit that passes: no client takes it for a spent account. Read back it is an error."""
    refusal = OpenAIChat().refusal("The day's budget is spent.", 3600)
    assert (refusal.status, refusal.headers["retry-after"]) == (429, "3600")
    assert json.loads(refusal.body)["error"] == {
        "message": "The day's budget is spent.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    reply = read_reply(OpenAIChat(), refusal.headers["content-type"], [refusal.body])
    assert reply.error == "The day's budget is spent."


@pytest.mark.parametrize(("status", "kind"), [(400, "invalid_request_error"), (503, "server_error")])
def test_names_each_status(status: int, kind: str) -> None:
    """Whose fault it is, in OpenAI's words."""
    error = {"message": "no", "type": kind, "param": None, "code": None}
    assert OpenAIChat().error_body(status, "no") == {"error": error}
