"""Whatever a provider answers: it is read as far as it can be, and what is kept can be reckoned with."""

from __future__ import annotations

import base64
import json
import math
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.conversation.reply import Reply
from penstock.conversation.reported_counts import MOST_TOKENS
from penstock.dialects.aws_event_stream import CONTENT_TYPE
from penstock.engine import event_builders
from penstock.events.payload import payload_of
from penstock.events.response_events import AnsweredEvent
from penstock.redaction.redaction import Redactor
from penstock.testing import dialect_of
from tests.core.dialects.promises import read_reply
from tests.eventstreams import frame
from tests.oddities import ANSWERS, bent_text, numbered, written

LINES, SSE, JSON = "application/x-ndjson", "text/event-stream", "application/json"


def check(reply: Reply) -> None:
    """Counts are whole, finite and not negative; texts are texts; and an event can be made of it."""
    for usage in (reply.usage, *reply.usage.others):
        counts = (usage.input, usage.output, usage.cache_read, usage.cache_write, usage.cache_write_hour)
        assert all(n is None or (type(n) is int and 0 <= n <= MOST_TOKENS) for n in counts)
        assert usage.dollars is None or (usage.dollars >= 0 and math.isfinite(usage.dollars))
    words = [reply.text, reply.model, reply.stop, reply.error, *reply.transformations]
    words += [word for tool in reply.tools for word in (tool.id, tool.name, tool.input)]
    assert all(type(word) is str for word in words)
    "".join(words).encode()  # no half characters
    assert type(reply.complete) is bool
    msgspec.json.encode(payload_of(event_builders.answered(AnsweredEvent(200, 1.0, 2, 0.5), reply, Redactor(200))))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(edges)]


@st.composite
def odd_events(draw: st.DrawFn, dialect: str) -> list[bytes]:
    """The events of a stream: one of them is odd, another one comes twice."""
    good = ANSWERS[dialect][0]
    events = [written(numbered(event)) for event in good]
    at = draw(st.integers(0, len(good) - 1))
    events[at] = draw(bent_text(good[at]))
    more: Any = draw(st.sampled_from(good))
    events.insert(draw(st.integers(0, len(events))), draw(bent_text(more)))
    return events


places = st.lists(st.integers(0, 5000), max_size=5)


@pytest.mark.parametrize("dialect", ANSWERS)
@given(data=st.data())
def test_a_whole_answer_of_any_shape(dialect: str, data: st.DataObject) -> None:
    """Also as the array that Gemini streams without `alt=sse`."""
    body = data.draw(bent_text(ANSWERS[dialect][1]))
    for answer in (body, b"[" + body + b"," + body + b"]"):
        check(read_reply(dialect_of(dialect), JSON, [answer]))


@pytest.mark.parametrize("dialect", ANSWERS)
@given(data=st.data(), places=places)
def test_a_stream_of_any_shape(dialect: str, data: st.DataObject, places: list[int]) -> None:
    """Cut anywhere, and broken off anywhere; in either form of a stream."""
    events = data.draw(odd_events(dialect))
    sse = b"".join(b"data: " + event + b"\n\n" for event in events)
    lines = b"".join(event + b"\n" for event in events)
    for kind, stream in ((SSE, sse), (LINES, lines)):
        check(read_reply(dialect_of(dialect), kind, cut(stream, places)))
        check(read_reply(dialect_of(dialect), kind, cut(stream, places)[:-1]))


@given(data=st.data(), places=places, rubbish=st.binary(max_size=40))
def test_an_event_stream_of_any_shape(data: st.DataObject, places: list[int], rubbish: bytes) -> None:
    """Amazon's frames, with odd events in them, odd payloads, and rubbish between them."""
    events = data.draw(odd_events("anthropic"))
    wrapped = [json.dumps({"bytes": base64.b64encode(event).decode()}).encode() for event in events]
    frames = [frame(payload) for payload in (*wrapped, data.draw(bent_text({"bytes": "e30=", "message": "no"})))]
    at = data.draw(st.integers(0, len(frames)))
    stream = b"".join([*frames[:at], rubbish, *frames[at:]])
    check(read_reply(dialect_of("anthropic"), CONTENT_TYPE, cut(stream, places)))


@pytest.mark.parametrize("dialect", ANSWERS)
@given(data=st.data())
def test_one_odd_event_costs_itself_alone(dialect: str, data: st.DataObject) -> None:
    """What the others say is read: the answer is complete."""
    events = [written(numbered(event)) for event in ANSWERS[dialect][0]]
    odd = data.draw(st.sampled_from([b"[]", b"null", b"NaN", b"1e400", b'"x"', b"{", b"{}", b'{"type":[]}', b"\xff"]))
    events.insert(data.draw(st.integers(0, len(events))), odd)
    reply = read_reply(dialect_of(dialect), SSE, [b"".join(b"data: " + event + b"\n\n" for event in events)])
    assert reply.complete
    assert reply.text == "The tests pass."
    assert reply.usage.output == 7
