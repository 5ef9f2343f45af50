"""What Anthropic answers: as events or in one piece."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given

from penstock.conversation.reply import Reply, ToolCall, Usage
from penstock.dialects.anthropic import Anthropic
from tests.core.dialects.promises import byte_by_byte, read_reply
from tests.core.jsontext import misshapen, randoms, write

SSE = "text/event-stream; charset=utf-8"
JSON = "application/json"
COUNTED = {"input_tokens": 12, "cache_creation_input_tokens": 300, "cache_read_input_tokens": 9000, "output_tokens": 1}
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {"id": "msg_1", "model": "claude-test-5", "content": [], "usage": COUNTED}},
    {"type": "ping"},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "A gâte"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": " 😀"}},
    {"type": "content_block_stop", "index": 1},
    {
        "type": "content_block_start",
        "index": 2,
        "content_block": {"type": "tool_use", "id": "t1", "name": "Read", "input": {}},
    },
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": ""}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"pa'}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": 'th":"é"}'}},
    {"type": "content_block_stop", "index": 2},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "stop_sequence": None},
        "usage": {"output_tokens": 77},
    },
    {"type": "message_stop"},
]
EXPECTED = Reply(
    "A gâte 😀",
    [ToolCall("t1", "Read", '{"path":"é"}')],
    Usage(input=12, output=77, cache_read=9000, cache_write=300),
    "tool_use",
    "claude-test-5",
    complete=True,
)


def events(values: list[dict[str, Any]]) -> bytes:
    return b"".join(f"event: {v.get('type')}\ndata: {json.dumps(v, ensure_ascii=False)}\n\n".encode() for v in values)


def test_reads_a_stream() -> None:
    """Wherever the network cut it; thinking is no text."""
    assert byte_by_byte(Anthropic(), SSE, events(EVENTS)) == EXPECTED


def test_reads_an_answer_in_one_piece() -> None:
    """The same facts."""
    whole = {
        "type": "message",
        "model": "claude-test-5",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
            {"type": "text", "text": "A gâte 😀"},
            {"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "é"}},
        ],
        "stop_reason": "tool_use",
        "usage": {**COUNTED, "output_tokens": 77},
    }
    assert read_reply(Anthropic(), JSON, [json.dumps(whole).encode()]) == EXPECTED


def test_reads_a_count() -> None:
    """Tokens, and nothing else."""
    reply = read_reply(Anthropic(), JSON, [b'{"input_tokens":1234}'])
    assert (reply.usage, reply.text, reply.complete) == (Usage(input=1234), "", True)


@pytest.mark.parametrize("cut", range(1, len(EVENTS)))
def test_a_stream_cut_off_is_not_complete(cut: int) -> None:
    """What was said until then is there."""
    reply = read_reply(Anthropic(), SSE, [events(EVENTS[:cut])])
    assert not reply.complete
    assert EXPECTED.text.startswith(reply.text)


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        (JSON, b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'),
        (SSE, events([EVENTS[0], {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}])),
    ],
)
def test_an_error_is_told(content_type: str, answer: bytes) -> None:
    """In one piece, or in the middle of a stream."""
    assert read_reply(Anthropic(), content_type, [answer]).error == "Overloaded"


@given(misshapen("type", "delta", "content_block", "message", "usage", "error", "text", "content"), randoms)
def test_no_answer_raises(values: list[Any], rng: Random) -> None:
    """Whatever a server sends; what was read before it is kept."""
    told = events(EVENTS[:9])
    strange = b"".join(b"data: " + write(v, rng).replace(b"\n", b" ").replace(b"\r", b" ") + b"\n\n" for v in values)
    assert read_reply(Anthropic(), SSE, [told, strange]).text.startswith("A gâte 😀")
    for value in values:
        read_reply(Anthropic(), JSON, [write(value, rng)])


def test_a_refusal_is_one_its_clients_understand() -> None:
    """A rate limit, with the time to wait in the header they read."""
    refusal = Anthropic().refusal("over budget", 30)
    assert (refusal.status, refusal.headers["retry-after"]) == (429, "30")
    assert json.loads(refusal.body) == {
        "type": "error",
        "error": {"type": "rate_limit_error", "message": "over budget"},
    }
    assert read_reply(Anthropic(), JSON, [refusal.body]).error == "over budget"
    assert json.loads(Anthropic().refusal("no", 1, status=529).body)["error"]["type"] == "overloaded_error"
    assert json.loads(Anthropic().refusal("no", 1, status=503).body)["error"]["type"] == "api_error"


def test_a_refusal_that_waiting_does_not_lift_is_a_matter_of_billing() -> None:
    """Claude Code 2.1.329 shows the message of a 402 as it is and does not try again. Before that of a 429 it says "not
    your usage limit", before a 403 "Failed to authenticate", and a 413 and a 404 get words of its own instead."""
    refusal = Anthropic().refusal("Penstock: over budget", 600, is_final=True)
    assert (refusal.status, refusal.headers["x-should-retry"]) == (402, "false")
    assert json.loads(refusal.body)["error"] == {"type": "billing_error", "message": "Penstock: over budget"}
