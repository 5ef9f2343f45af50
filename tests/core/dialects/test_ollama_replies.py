"""What Ollama answers, in lines or in one piece."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given

from penstock.conversation.reply import ToolCall, Usage
from penstock.dialects.base import Dialect
from penstock.dialects.ollama import OllamaChat, OllamaGenerate
from tests.core.dialects.promises import byte_by_byte, read_reply
from tests.core.jsontext import misshapen, randoms, write

NDJSON = "application/x-ndjson"
TOOL_CALL = {"function": {"name": "look_up", "arguments": {"word": "sluice"}}}


def lines(*values: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(v, ensure_ascii=False).encode() + b"\n" for v in values)


CHAT_STREAM = lines(
    {"model": "m", "message": {"role": "assistant", "content": "", "thinking": "hm"}, "done": False},
    {"model": "m", "message": {"role": "assistant", "content": "A gâte"}, "done": False},
    {"model": "m", "message": {"role": "assistant", "content": " 😀", "tool_calls": [TOOL_CALL]}, "done": False},
    {
        "model": "m",
        "message": {"content": ""},
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 31,
        "eval_count": 4,
    },
)


def test_reads_a_streamed_chat() -> None:
    """Words, calls, counts and the reason to stop, however the lines are cut; thinking is not the answer's text."""
    reply = byte_by_byte(OllamaChat(), NDJSON, CHAT_STREAM)
    assert (reply.text, reply.model, reply.stop, reply.complete) == ("A gâte 😀", "m", "stop", True)
    assert reply.tools == [ToolCall("", "look_up", '{"word":"sluice"}')]
    assert reply.usage == Usage(input=31, output=4)


def test_reads_a_streamed_completion() -> None:
    """The same for `/api/generate`, whose words are in `response`."""
    last = {"model": "m", "response": "", "done": True, "done_reason": "length", "eval_count": 2, "context": [1, 2]}
    stream = lines({"model": "m", "response": "a "}, {"model": "m", "response": "gate"}, last)
    reply = byte_by_byte(OllamaGenerate(), NDJSON, stream)
    assert (reply.text, reply.stop, reply.complete) == ("a gate", "length", True)
    assert reply.usage == Usage(output=2)


def test_reads_an_answer_in_one_piece() -> None:
    """With `stream` false."""
    message = {"role": "assistant", "content": "hi", "tool_calls": [{"id": "call_1", **TOOL_CALL}]}
    answer = {
        "model": "m",
        "message": message,
        "done": True,
        "done_reason": "stop",
        "prompt_eval_count": 3,
        "eval_count": 1,
    }
    reply = byte_by_byte(OllamaChat(), "application/json; charset=utf-8", json.dumps(answer).encode())
    assert (reply.text, reply.stop, reply.complete, reply.usage) == ("hi", "stop", True, Usage(input=3, output=1))
    assert reply.tools == [ToolCall("call_1", "look_up", '{"word":"sluice"}')]


def test_reads_an_error_in_the_middle_of_a_stream() -> None:
    """What came before it stays; the stream did not come to its end."""
    reply = byte_by_byte(
        OllamaChat(), NDJSON, CHAT_STREAM.splitlines(keepends=True)[1] + b'{"error":"out of memory"}\n'
    )
    assert (reply.text, reply.error, reply.complete) == ("A gâte", "out of memory", False)


def test_a_cut_stream_is_not_complete() -> None:
    """Only the line that says so ends an answer."""
    assert not read_reply(OllamaChat(), NDJSON, [CHAT_STREAM[:-20]]).complete


NAMES = ["message", "content", "tool_calls", "function", "response", "error", "done", "model"]


@given(misshapen(*NAMES), randoms)
def test_no_answer_raises(events: list[dict[str, Any]], rng: Random) -> None:
    """P1: fields of any other type than documented cost their line, never the reader."""
    stream = b"\n".join(write(e, rng).replace(b"\n", b" ") for e in events) + b"\n" + CHAT_STREAM
    assert read_reply(OllamaChat(), NDJSON, [stream]).text.endswith("A gâte 😀")


@pytest.mark.parametrize("dialect", [OllamaChat(), OllamaGenerate()])
def test_refuses_in_ollamas_words(dialect: Dialect) -> None:
    """A refusal is the error body Ollama writes, and is read as one."""
    refusal = dialect.refusal("The day's budget is spent.", 60)
    assert (refusal.status, refusal.headers["retry-after"]) == (429, "60")
    assert json.loads(refusal.body) == {"error": "The day's budget is spent."}
    assert read_reply(dialect, refusal.headers["content-type"], [refusal.body]).error == "The day's budget is spent."
