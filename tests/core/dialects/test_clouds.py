"""Claude on Vertex AI and on Bedrock: Messages without a model, under paths that name it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penstock.base.errors import Unreadable
from penstock.conversation.reply import ToolCall
from penstock.dialects.anthropic import Anthropic
from penstock.dialects.base import BlockEdit, Endpoint
from penstock.dialects.clouds import cloud_call
from tests.core.dialects.promises import byte_by_byte, check_each_edit_alone, check_no_edit, read_reply
from tests.core.dialects.test_anthropic_replies import EVENTS, EXPECTED
from tests.eventstreams import EVENT_STREAM, chunk, exception

VERTEX = "/v1/projects/p/locations/global/publishers/anthropic/models"
ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012"
PROFILE = f"{ARN}%3Aapplication-inference-profile%2Fa1b2c3"
OPUS = "us.anthropic.claude-opus-5-5-v1:0"


@pytest.mark.parametrize(
    ("path", "model", "stream"),
    [
        (f"{VERTEX}/claude-opus-5-5:rawPredict", "claude-opus-5-5", False),
        (f"{VERTEX}/claude-opus-5-5:streamRawPredict", "claude-opus-5-5", True),
        (f"{VERTEX}/claude-haiku-4-5%4020251001:streamRawPredict", "claude-haiku-4-5@20251001", True),
        (f"{VERTEX}/claude-haiku-4-5@20251001:rawPredict", "claude-haiku-4-5@20251001", False),
        ("/model/us.anthropic.claude-opus-5-5-v1%3A0/invoke", OPUS, False),
        (f"/model/{OPUS}/invoke-with-response-stream", OPUS, True),
        (f"/gateway/bedrock/model/{OPUS}/invoke", OPUS, False),
        (f"/model/{ARN}%3Ainference-profile%2F{OPUS}/invoke", OPUS, False),
        ("/model/arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-x/invoke", "anthropic.claude-x", False),
        (f"/model/{PROFILE}/invoke-with-response-stream", "application-inference-profile/a1b2c3", True),
        ("/model/arn:rubbish/invoke", "arn:rubbish", False),
    ],
)
def test_the_path_names_model_and_method(path: str, model: str, stream: bool) -> None:
    """Percent signs undone; of a resource's long name what names the model, and never the account."""
    call = cloud_call(path)
    assert call is not None
    assert (call.endpoint, call.model, call.stream) == (Endpoint.TURN, model, stream)
    assert Anthropic().endpoint("POST", path) is Endpoint.TURN
    assert Anthropic().endpoint("GET", path) is None


@pytest.mark.parametrize(
    "path",
    [
        "/v1/projects/p/locations/l/publishers/google/models/gemini-4-argon:rawPredict",
        "/v1/projects/p/locations/l/publishers/mistralai/models/codestral:streamRawPredict",
        f"{VERTEX}/claude-opus-5-5:predict",
        f"{VERTEX}/claude-opus-5-5:rawPredict/more",
        f"{VERTEX}/:rawPredict",
        "/model/amazon.nova-pro-v1%3A0/invoke",
        f"/model/{ARN}%3Ainference-profile%2Fus.meta.llama4/invoke",
        f"/model/{OPUS}/converse",
        f"/model/{OPUS}/converse-stream",
        f"/model/{OPUS}/count-tokens",
        f"/model/{OPUS}/async-invoke",
        "/model//invoke",
        "/v1/messages/batches",
    ],
)
def test_other_paths_are_not_read(path: str) -> None:
    """Other makers' models, Bedrock's Converse, and what asks for no answer."""
    assert cloud_call(path) is None
    assert Anthropic().endpoint("POST", path) is None


SAID: list[dict[str, Any]] = [
    {"role": "user", "content": "Which gate is open?"},
    {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "Read", "input": {"path": "gate"}}]},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "The second one.\n"}]},
]


def body(version: str, **more: Any) -> bytes:
    return json.dumps({"anthropic_version": version, "messages": SAID, "max_tokens": 9} | more).encode()


@pytest.mark.parametrize(
    ("path", "version", "model"),
    [
        (f"{VERTEX}/claude-opus-5-5:streamRawPredict", "vertex-2023-10-16", "claude-opus-5-5"),
        (f"/model/{PROFILE}/invoke", "bedrock-2023-05-31", "application-inference-profile/a1b2c3"),
    ],
)
def test_a_body_is_read_and_edited(path: str, version: str, model: str) -> None:
    """P2, as under Anthropic's own path: the model comes from the path, and an edit changes its slot alone."""
    sent = body(version, anthropic_beta=["context-1m-2025-08-07"])
    found = check_no_edit(Anthropic(), sent, path)
    assert found.model == model
    assert found.stream is path.endswith("streamRawPredict")
    assert check_each_edit_alone(Anthropic(), sent, path, "shorter") == 2
    out = json.loads(Anthropic().splice(found, [BlockEdit(2, 0, text="The second.")]))
    assert out["messages"][2]["content"][0]["content"] == "The second."
    assert "model" not in out


def test_a_stream_asked_for_in_the_body_is_one() -> None:
    """Vertex takes the word of either."""
    assert Anthropic().read(body("vertex-2023-10-16", stream=True), f"{VERTEX}/claude-x:rawPredict").stream


def test_counting_names_the_model_in_the_body() -> None:
    """Vertex's `count-tokens` stands where a model would, and takes a body like Anthropic's own."""
    path = f"{VERTEX}/count-tokens:rawPredict"
    assert Anthropic().endpoint("POST", path) is Endpoint.COUNT
    counted = json.dumps({"model": "claude-opus-5-5", "messages": SAID}).encode()
    assert Anthropic().read(counted, path).model == "claude-opus-5-5"


@pytest.mark.parametrize("path", [f"{VERTEX}/claude-x:rawPredict", f"/model/{PROFILE}/invoke"])
def test_a_body_of_another_maker_is_not_read(path: str) -> None:
    """An opaque id may stand for any model: without Claude's own field the body is left alone."""
    nova = {"messages": [{"role": "user", "content": [{"text": "hello"}]}], "schemaVersion": "messages-v1"}
    with pytest.raises(Unreadable, match="anthropic_version"):
        Anthropic().read(json.dumps(nova).encode(), path)


def test_bedrocks_stream_is_read_byte_by_byte() -> None:
    """The same events as over SSE give the same reply, wherever the frames are cut."""
    answer = b"".join(map(chunk, EVENTS))
    assert byte_by_byte(Anthropic(), EVENT_STREAM, b"".join(map(chunk, EVENTS[:2]))).model == "claude-test-5"
    assert read_reply(Anthropic(), EVENT_STREAM, [answer[:999], answer[999:]]) == EXPECTED
    pieces = (answer[i : i + 1] for i in range(len(answer)))
    assert read_reply(Anthropic(), f"{EVENT_STREAM}; charset=x", pieces) == EXPECTED


def test_bedrocks_metrics_change_nothing() -> None:
    """The last event repeats the counts under a name of Amazon's own."""
    stop = EVENTS[-1] | {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 9999, "outputTokenCount": 1}}
    assert read_reply(Anthropic(), EVENT_STREAM, map(chunk, [*EVENTS[:-1], stop])) == EXPECTED


def test_an_exception_in_the_stream_ends_it_as_an_error() -> None:
    """What came before it is kept, as with any stream that breaks off."""
    failed = exception("throttlingException", b'{"message":"Too many tokens, slow down."}')
    found = read_reply(Anthropic(), EVENT_STREAM, [*map(chunk, EVENTS[:8]), failed])
    assert (found.error, found.complete) == ("Too many tokens, slow down.", False)
    assert found.text == "A gâte"
    assert found.usage.input == 12


@pytest.mark.parametrize(
    "error",
    [
        {"message": "The model is not there."},
        {"error": {"code": 404, "message": "The model is not there.", "status": "NOT_FOUND"}},
        {"type": "error", "error": {"type": "not_found_error", "message": "The model is not there."}},
    ],
)
def test_each_clouds_error_is_read(error: dict[str, Any]) -> None:
    """Amazon's, Google's, and Anthropic's own."""
    answer = json.dumps(error).encode()
    assert read_reply(Anthropic(), "application/json", [answer]).error == "The model is not there."


def test_a_message_that_speaks_of_messages_is_no_error() -> None:
    """A whole answer is told by its type."""
    answer = {"type": "message", "message": "x", "content": [{"type": "tool_use", "id": "t", "name": "n", "input": {}}]}
    found = read_reply(Anthropic(), "application/json", [json.dumps(answer).encode()])
    assert (found.error, found.tools) == ("", [ToolCall("t", "n", "{}")])
