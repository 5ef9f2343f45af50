"""Claude at Google's and Amazon's clouds, through the real proxy."""

from __future__ import annotations

import json
from collections.abc import Callable

from penstock.events.event import EventKind
from tests.eventstreams import EVENT_STREAM, chunk
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road
from tests.road.provider import Answer
from tests.road.replies import ANTHROPIC_EVENTS

VERTEX = "/v1/projects/p/locations/global/publishers/anthropic/models/claude-sonnet-4-5:streamRawPredict"
BEDROCK = "/model/us.anthropic.claude-sonnet-4-5-v1%3A0/invoke-with-response-stream"
FRAMES = b"".join(chunk(json.loads(event.partition(b"data: ")[2])) for event in ANTHROPIC_EVENTS)


def body(version: str) -> bytes:
    sent = json.loads(claude(ask("hello"), session=new_session(), stream=True, anthropic_version=version))
    del sent["model"]
    return json.dumps(sent).encode()


def test_claude_on_vertex_is_read_and_edited(counting: Road) -> None:
    """The model comes from the path, the answer is read as it streams, and an edit goes with the client's token."""
    answer = Answer(b"".join(ANTHROPIC_EVENTS), headers=(("Content-Type", "text/event-stream"),))
    call = counting.post(f"{VERTEX}?alt=sse", body("vertex-2023-10-16"), {"Authorization": "Bearer t"}, answer)
    assert call.answer.body == answer.body
    assert b"call " in call.received.body
    assert call.received.head.get("authorization") == "Bearer t"
    found = call.wait(EventKind.CLASSIFIED).payload
    assert (found["model"], found["provider"], found["stream"]) == ("claude-sonnet-4-5", "vertex", True)
    assert call.wait(EventKind.ANSWERED).payload["complete"] is True


def test_claude_on_bedrock_is_read_and_edited(counting: Road) -> None:
    """With a bearer token nothing vouches for the body. Amazon's frames pass as they are, and their events are read."""
    answer = Answer((FRAMES[:333], FRAMES[333:]), headers=(("Content-Type", EVENT_STREAM),))
    call = counting.post(BEDROCK, body("bedrock-2023-05-31"), {"Authorization": "Bearer t"}, answer)
    assert call.answer.body == FRAMES
    assert b"call " in call.received.body
    found = call.wait(EventKind.CLASSIFIED).payload
    assert (found["model"], found["provider"]) == ("us.anthropic.claude-sonnet-4-5-v1:0", "bedrock")
    told = call.wait(EventKind.ANSWERED).payload
    assert (told["complete"], told["usage"]["cache_read"]) == (True, 5600)


def test_a_body_that_is_not_claudes_passes_as_it_came(counting: Road) -> None:
    """Behind an opaque id may stand another maker's model; an event says why it was not read."""
    path = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Aprovisioned-model%2Fx1/invoke"
    call = counting.post(path, b'{"messages" : [], "schemaVersion": "messages-v1"}')
    assert call.received.body == b'{"messages" : [], "schemaVersion": "messages-v1"}'
    assert "anthropic_version" in call.wait(EventKind.BYPASSED).payload["why"]


def test_behind_a_reverse_port_the_host_is_the_upstream(start: Callable[..., Road]) -> None:
    """Also where the client's own `Host` header is kept: prices are those of whoever answers."""
    road = start(options=["keep_host_header=true", "penstock_names=gateway.example"])
    call = road.post("/v1/messages", claude(ask("hello"), session=new_session()), {"Host": "gateway.example:1"})
    assert call.received.head.get("host") == "gateway.example:1"
    assert call.wait(EventKind.RECEIVED).payload["host"] == "127.0.0.1"


def test_a_signed_request_leaves_byte_for_byte(counting: Road) -> None:
    """Neither its body nor a header that the signature covers changes; its answer is read and counted as any other."""
    names = "content-length;content-type;host;x-amz-date;x-penstock"
    signature = (
        f"AWS4-HMAC-SHA256 Credential=AKID/20261122/us-east-1/bedrock/aws4_request, SignedHeaders={names}, Signature=0"
    )
    sent, headers = body("bedrock-2023-05-31"), {"Authorization": signature, "X-Amz-Date": "20261122T000000Z"}
    answer = Answer(FRAMES, headers=(("Content-Type", EVENT_STREAM),))
    call = counting.post(
        BEDROCK, sent, headers | {"x-penstock": "profile=road", "Content-Type": "application/json"}, answer
    )
    assert call.received.body == sent
    assert call.received.head.get("x-penstock") == "profile=road"
    assert call.received.head.get("content-length") == str(len(sent))
    assert call.received.head.get("authorization") == signature
    assert call.wait(EventKind.ANSWERED).payload["usage"]["cache_read"] == 5600
    assert not call.wait(EventKind.FORWARDED).payload["changed"]
