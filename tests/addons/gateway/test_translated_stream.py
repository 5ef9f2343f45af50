"""A streamed answer is translated event by event, wherever its bytes were cut."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock import NotTranslatable, Translation
from penstock.dialects.sse import EVENT_LIMIT
from penstock.gateway.provider_kinds import Endpoint
from penstock.plugins.manager import Plugins
from penstock.testing import dialect_of
from penstock_addons.gateway.translated_stream import TranslatedStream
from tests.road.replies import STREAMS

ASKED = {"model": "m", "max_tokens": 10, "messages": [{"role": "user", "content": "hi"}]}
TRANSLATORS = {one.source: one for one in Plugins.load(blocked=["all"]).translators()}
NAMES: dict[Endpoint, str] = {"messages": "anthropic", "chat": "openai-chat", "responses": "openai-responses"}
SENT: dict[Endpoint, bytes] = {
    "messages": b"".join(STREAMS["/v1/chat/completions"][1]),
    "chat": b": a comment\r\n\r\n" + b"".join(STREAMS["/v1/messages"][1]).replace(b"\n", b"\r\n"),
}
"""By format of the client, what its provider streams."""


class Echo(Translation):
    """Gives each event as it came, and its own at the end."""

    def __init__(self) -> None:
        self.body = {}

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        return body

    def feed(self, event: dict[str, Any]) -> Iterable[dict[str, Any]]:
        if event.get("no"):
            raise NotTranslatable(event["no"])
        return [event] if event.get("say") else [event["nothing"]]

    def close(self) -> Iterable[dict[str, Any]]:
        return [{"type": "end"}]


def stream_of(translation: Translation, source: Endpoint) -> TranslatedStream:
    return TranslatedStream(translation, source, dialect_of(NAMES[source]).error_body)


def bundled(source: Endpoint) -> TranslatedStream:
    return stream_of(TRANSLATORS[source].translate(json.loads(json.dumps(ASKED))), source)


def without_chance(said: bytes) -> bytes:
    """Without the time of day, and ids that the provider did not give."""
    return re.sub(rb'"created":\d+|msg_[0-9a-f]{32}', b"", said)


@pytest.mark.parametrize("source", ["messages", "chat"])
@given(cuts=st.lists(st.integers(0, 3000), max_size=30))
def test_the_same_stream_in_any_chunking_is_translated_the_same(source: Endpoint, cuts: list[int]) -> None:
    sent = SENT[source]
    whole, pieces = bundled(source), bundled(source)
    expected = without_chance(whole.feed(sent) + whole.close())
    edges = sorted({0, len(sent), *(cut for cut in cuts if cut < len(sent))})
    out = [pieces.feed(sent[a:b]) for a, b in itertools.pairwise(edges)]
    assert without_chance(b"".join(out) + pieces.close()) == expected
    assert b"The tests " in expected
    assert b"error" not in expected


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("chat", b'data: {"type":"end"}\n\ndata: [DONE]\n\n'),
        ("messages", b'event: end\ndata: {"type":"end"}\n\n'),
        ("responses", b'event: end\ndata: {"type":"end"}\n\n'),
    ],
)
def test_the_end_is_said_once(source: Endpoint, last: bytes) -> None:
    """In the client's format, when the provider has said it or its stream is over."""
    stream = stream_of(Echo(), source)
    assert stream.feed(b"data: [DONE]\n\n") == last
    assert stream.feed(b'data: {"say": 1}\n\n') + stream.close() == b""
    assert stream_of(Echo(), source).close() == last


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}', "Overloaded"),
        (b'{"error": {"message": "Out of credit"}, "choices": []}', "Out of credit"),
        (b'{"type": "response.failed", "response": {"error": {"code": "server_error"}}}', "server_error"),
        (b'{"type": "error"}', "the provider's answer ended with an error"),
        (b'{"no": "a picture"}', "cannot be translated: a picture"),
        (b'{"odd": 1}', "the translator failed"),
        (b"no json", "cannot be read"),
        (b"[1]", "cannot be read"),
    ],
)
@pytest.mark.parametrize("source", ["messages", "chat", "responses"])
def test_after_an_error_nothing_more_is_said(source: Endpoint, event: bytes, words: str) -> None:
    """Whatever it is, the client sees one error in its own format."""
    stream = stream_of(Echo(), source)
    said = stream.feed(b'data: {"say": 1}\n\ndata: ' + event + b'\n\ndata: {"say": 2}\n\n') + stream.close()
    events = [json.loads(line[6:]) for line in said.decode().splitlines() if line.startswith("data: ")]
    assert len(events) == 2
    assert words in events[1]["error"]["message"]
    assert (events[1].get("type") == "error") == (source != "chat")


@pytest.mark.parametrize("end", [b"\n\n", b"\n\ndata: [DONE]\n\n", b"", b'\n\ndata: {"say": 2}\n\n'])
def test_an_event_that_is_too_long_ends_the_answer_with_an_error(end: bytes) -> None:
    """Without it the rest would look whole."""
    stream = stream_of(Echo(), "messages")
    said = stream.feed(b'data: {"say": 1}\n\ndata: {"say": "' + b"x" * EVENT_LIMIT)
    said += stream.feed(b'"}' + end) + stream.close()
    events = [json.loads(line[6:]) for line in said.decode().splitlines() if line.startswith("data: ")]
    assert [event.get("type") for event in events] == [None, "error"]
    assert "bytes cannot be read" in events[1]["error"]["message"]
