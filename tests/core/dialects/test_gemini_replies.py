"""What Gemini answers: as events, as one array of chunks, or in one piece."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given

from penstock.conversation.reply import ToolCall, Usage
from penstock.dialects.gemini import Gemini
from tests.core.dialects.promises import byte_by_byte, read_reply
from tests.core.jsontext import misshapen, randoms, write

SSE = "text/event-stream"
JSON = "application/json; charset=UTF-8"


def chunk(*parts: dict[str, Any], finish: str = "", **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": list(parts), "role": "model"}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "modelVersion": "gemini-2.5-pro", **fields}


CALL = {"functionCall": {"name": "read_file", "args": {"file_path": "gâte.txt"}}, "thoughtSignature": "c2ln"}
CHUNKS = [
    chunk({"text": "hm", "thought": True}, usageMetadata={"promptTokenCount": 90, "cachedContentTokenCount": 60}),
    chunk({"text": "A gâte"}, usageMetadata={"promptTokenCount": 90, "candidatesTokenCount": 2}),
    chunk({"text": " 😀"}, CALL),
    chunk(
        {"functionCall": {"id": "c2", "name": "ls"}},
        finish="STOP",
        usageMetadata={
            "promptTokenCount": 100,
            "cachedContentTokenCount": 64,
            "candidatesTokenCount": 7,
            "thoughtsTokenCount": 5,
        },
    ),
]


def events(chunks: list[dict[str, Any]]) -> bytes:
    return b"".join(b"data: " + json.dumps(c, ensure_ascii=False).encode() + b"\r\n\r\n" for c in chunks)


def wrapped(chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"response": c, "traceId": "t"} for c in chunks]


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        (SSE, events(CHUNKS)),
        (SSE, events(wrapped(CHUNKS))),
        (JSON, json.dumps(CHUNKS, indent=1).encode()),
    ],
    ids=["events", "Code Assist", "array"],
)
def test_reads_a_stream(content_type: str, answer: bytes) -> None:
    """Words, calls, counts and the reason to stop, in each form and however it is cut; thoughts are not the text."""
    reply = byte_by_byte(Gemini(), content_type, answer)
    assert (reply.text, reply.model, reply.stop, reply.complete) == ("A gâte 😀", "gemini-2.5-pro", "STOP", True)
    assert reply.tools == [ToolCall("", "read_file", '{"file_path":"gâte.txt"}'), ToolCall("c2", "ls", "{}")]
    assert reply.usage == Usage(input=36, output=12, cache_read=64)


@pytest.mark.parametrize("answer", [CHUNKS[3], {"response": CHUNKS[3]}])
def test_reads_an_answer_in_one_piece(answer: dict[str, Any]) -> None:
    """`generateContent`, wrapped or not."""
    reply = byte_by_byte(Gemini(), JSON, json.dumps(answer).encode())
    assert (reply.tools, reply.stop, reply.complete) == ([ToolCall("c2", "ls", "{}")], "STOP", True)
    assert reply.usage == Usage(input=36, output=12, cache_read=64)


def test_counts_what_the_provider_names() -> None:
    """A count the provider leaves out is unknown, not zero; tokens of its own tools are input as well."""
    assert read_reply(Gemini(), JSON, [json.dumps(chunk()).encode()]).usage == Usage()
    usage = {"promptTokenCount": 9, "toolUsePromptTokenCount": 3}
    assert read_reply(Gemini(), JSON, [json.dumps(chunk(usageMetadata=usage)).encode()]).usage == Usage(input=12)


def test_reads_a_token_count() -> None:
    """The answer to `countTokens` is the input's size."""
    reply = read_reply(Gemini(), JSON, [b'{"totalTokens": 31, "promptTokensDetails": []}'])
    assert (reply.usage, reply.complete) == (Usage(input=31), True)


def test_reads_the_first_of_several_answers() -> None:
    """The candidates are told apart, not mixed."""
    answer = chunk({"text": "first"})
    answer["candidates"].append({"content": {"parts": [{"text": "second"}]}, "index": 1, "finishReason": "STOP"})
    reply = read_reply(Gemini(), SSE, [events([answer])])
    assert (reply.text, reply.complete) == ("first", False)


def test_a_blocked_prompt_ends_the_answer() -> None:
    """No candidate comes; the reason stands for the stop."""
    reply = read_reply(Gemini(), SSE, [events([{"promptFeedback": {"blockReason": "SAFETY"}}])])
    assert (reply.stop, reply.complete) == ("SAFETY", True)


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        (JSON, b'{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}'),
        (JSON, b'[{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}]'),
        (SSE, events([CHUNKS[1], {"error": {"code": 429, "message": "slow down"}}])),
    ],
)
def test_reads_an_error(content_type: str, answer: bytes) -> None:
    """Alone, in an array, or in the middle of a stream."""
    assert read_reply(Gemini(), content_type, [answer]).error == "slow down"


def test_a_cut_stream_is_not_complete() -> None:
    """Only a reason to stop ends an answer."""
    assert not read_reply(Gemini(), SSE, [events(CHUNKS[:3])]).complete


NAMES = ["response", "error", "candidates", "content", "parts", "text", "functionCall", "usageMetadata"]


@given(misshapen(*NAMES), randoms)
def test_no_answer_raises(chunks: list[dict[str, Any]], rng: Random) -> None:
    """P1: fields of any other type than documented cost their event, never the reader."""
    strange = b"".join(b"data: " + write(c, rng).replace(b"\n", b" ").replace(b"\r", b" ") + b"\n\n" for c in chunks)
    assert read_reply(Gemini(), SSE, [strange + events(CHUNKS)]).text.endswith("A gâte 😀")


def test_refuses_in_googles_words() -> None:
    """The status by name, and the delay where Google's clients look for it; read back it is an error."""
    refusal = Gemini().refusal("The day's budget is spent.", 3600)
    assert (refusal.status, refusal.headers["retry-after"]) == (429, "3600")
    error = json.loads(refusal.body)["error"]
    assert (error["code"], error["status"], error["message"]) == (
        429,
        "RESOURCE_EXHAUSTED",
        "The day's budget is spent.",
    )
    assert error["details"] == [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3600s"}]
    assert read_reply(Gemini(), refusal.headers["content-type"], [refusal.body]).error == "The day's budget is spent."


@pytest.mark.parametrize(("status", "name"), [(400, "INVALID_ARGUMENT"), (503, "UNAVAILABLE"), (418, "UNKNOWN")])
def test_names_each_status(status: int, name: str) -> None:
    """Every refusal has a status by name."""
    assert Gemini().error_body(status, "no") == {"error": {"code": status, "message": "no", "status": name}}
