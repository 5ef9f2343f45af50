"""What a Responses server answers: as events, or in one piece."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given

from penstock.conversation.reply import ToolCall, Usage
from penstock.dialects.openai_responses import OpenAIResponses
from tests.core.dialects.promises import byte_by_byte, read_reply
from tests.core.jsontext import misshapen, randoms, write

SSE = "text/event-stream; charset=utf-8"
JSON = "application/json"
USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {"cached_tokens": 64, "cache_write_tokens": 30},
    "output_tokens": 12,
    "output_tokens_details": {"reasoning_tokens": 5},
    "total_tokens": 112,
}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]}
SAID = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "A gâte 😀", "annotations": [], "logprobs": []}],
}
READ = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "read", "arguments": '{"path":"gâte.txt"}'}
PATCH = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c2", "name": "patch", "input": "*** Begin"}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
CALLS = [ToolCall("c1", "read", '{"path":"gâte.txt"}'), ToolCall("c2", "patch", "*** Begin")]


def response(status: str, **fields: Any) -> dict[str, Any]:
    return {"object": "response", "model": "gpt-5-codex", "status": status, "error": None, "usage": None, **fields}


DONE = response("completed", output=[THOUGHT, SEARCH, SAID, READ, PATCH], usage=USAGE, incomplete_details=None)


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "sequence_number": 1, **fields}


def called(index: int, item: dict[str, Any], given: str, word: str) -> list[dict[str, Any]]:
    """A call as it comes: begun with no input, its input in pieces and whole, then the item once more."""
    name = f"response.{word}"
    return [
        event("response.output_item.added", output_index=index, item={**item, given: "", "status": "in_progress"}),
        event(f"{name}.delta", output_index=index, item_id=item["id"], delta=item[given][:4]),
        event(f"{name}.delta", output_index=index, item_id=item["id"], delta=item[given][4:]),
        event(f"{name}.done", output_index=index, item_id=item["id"], **{given: item[given]}),
        event("response.output_item.done", output_index=index, item=item),
    ]


BEGIN = event("response.created", response=response("in_progress", output=[]))
EVENTS = [
    BEGIN,
    event("response.output_item.done", output_index=0, item=THOUGHT),
    event("response.output_item.done", output_index=1, item=SEARCH),
    event("response.output_text.delta", item_id="msg_1", delta="A gâte", logprobs=[]),
    event("response.output_text.delta", item_id="msg_1", delta=" 😀", logprobs=[]),
    event("response.output_text.done", item_id="msg_1", text="A gâte 😀", logprobs=[]),
    event("response.output_item.done", output_index=2, item=SAID),
    *called(3, READ, "arguments", "function_call_arguments"),
    *called(4, PATCH, "input", "custom_tool_call_input"),
    event("response.completed", response=DONE),
]


def events(values: list[dict[str, Any]]) -> bytes:
    texts = [(v.get("type", "new"), json.dumps(v, ensure_ascii=False)) for v in values]
    return "".join(f"event: {kind}\ndata: {text}\n\n" for kind, text in texts).encode()


def test_reads_a_stream() -> None:
    """Words, calls, counts and the end, each once though most of it is said twice, however it is cut; not what ran on
    the server."""
    reply = byte_by_byte(OpenAIResponses(), SSE, events(EVENTS))
    assert (reply.text, reply.model, reply.stop, reply.complete) == ("A gâte 😀", "gpt-5-codex", "completed", True)
    assert reply.tools == CALLS
    assert reply.usage == Usage(input=6, output=12, cache_read=64, cache_write=30)


def test_reads_an_answer_in_one_piece() -> None:
    """The same facts as from a stream."""
    whole = read_reply(OpenAIResponses(), JSON, [json.dumps(DONE, indent=1).encode()])
    assert whole == read_reply(OpenAIResponses(), SSE, [events(EVENTS)])


def test_reads_the_calls_of_built_in_tools() -> None:
    """Named after their type; known from the last word alone, and said twice it is one call."""
    item = {"type": "local_shell_call", "call_id": "c1", "action": {"command": ["ls"]}}
    reply = read_reply(OpenAIResponses(), SSE, [events([event("response.output_item.done", item=item)] * 2)])
    assert reply.tools == [ToolCall("c1", "local_shell", '{"command":["ls"]}')]


def test_a_call_that_was_cut_off_has_no_input() -> None:
    """Half of its arguments would be taken for all of them."""
    reply = read_reply(OpenAIResponses(), SSE, [events(EVENTS[:9])])
    assert (reply.tools, reply.model, reply.complete) == ([ToolCall("c1", "read")], "gpt-5-codex", False)


def test_an_answer_that_hit_its_limit_is_complete() -> None:
    """It ends as announced, and says why."""
    last = response("incomplete", incomplete_details={"reason": "max_output_tokens"}, usage=USAGE)
    reply = read_reply(OpenAIResponses(), SSE, [events([*EVENTS[:5], event("response.incomplete", response=last)])])
    assert (reply.text, reply.stop, reply.complete) == ("A gâte 😀", "max_output_tokens", True)
    assert reply.usage.prompt == 100


FAILED = response("failed", error={"code": "rate_limit_exceeded", "message": "slow down"})


@pytest.mark.parametrize(
    ("content_type", "answer"),
    [
        (JSON, b'{"error":{"message":"slow down","type":"tokens","param":null,"code":"rate_limit_exceeded"}}'),
        (JSON, json.dumps({**FAILED, "output": []}).encode()),
        (SSE, events([BEGIN, event("response.failed", response=FAILED)])),
        (SSE, events([BEGIN, event("error", code="server_error", message="slow down", param=None)])),
        (SSE, events([BEGIN, event("error", error={"type": "server_error", "message": "slow down"})])),
        (SSE, events([{"error": {"message": "slow down"}}])),
    ],
)
def test_reads_an_error(content_type: str, answer: bytes) -> None:
    """Alone, in a response, or as an event of either form; a stream that ends with one is not complete."""
    reply = read_reply(OpenAIResponses(), content_type, [answer])
    assert (reply.error, reply.complete) == ("slow down", content_type == JSON)


def test_reads_a_token_count() -> None:
    """The answer to `input_tokens` is the input's size."""
    reply = read_reply(OpenAIResponses(), JSON, [b'{"object": "response.input_tokens", "input_tokens": 31}'])
    assert (reply.usage, reply.complete) == (Usage(input=31), True)


NAMES = ["type", "delta", "item", "response", "error", "call_id", "usage", "incomplete_details", "output", "content"]


@given(misshapen(*NAMES), randoms)
def test_no_answer_raises(values: list[dict[str, Any]], rng: Random) -> None:
    """P1: fields of any other type than documented cost their event, never the reader."""
    kinds = [*(e["type"] for e in EVENTS), "response.failed", "error"]
    strange = [write({"type": kinds[rng.randrange(len(kinds))], **v}, rng) for v in values]
    lines = b"".join(b"data: " + s.replace(b"\n", b" ").replace(b"\r", b" ") + b"\n\n" for s in strange)
    assert read_reply(OpenAIResponses(), SSE, [lines + events(EVENTS)]).text.endswith("A gâte 😀")
    for s in strange:
        assert read_reply(OpenAIResponses(), JSON, [s]).cut is False


def test_refuses_in_openais_words() -> None:
    """A limit that passes: Codex takes it for no spent plan. Read back it is an error."""
    refusal = OpenAIResponses().refusal("The day's budget is spent.", 3600)
    assert (refusal.status, refusal.headers["retry-after"]) == (429, "3600")
    error = json.loads(refusal.body)["error"]
    assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
    reply = read_reply(OpenAIResponses(), refusal.headers["content-type"], [refusal.body])
    assert reply.error == "The day's budget is spent."
