"""Keep-alive requests on the wire: what the provider gets, and what a client never sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from penstock.events.event import Event, EventKind
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Call, Road, running
from tests.road.provider import Answer, Gate, Provider
from tests.road.proxy import wait_until
from tests.road.wire import Head

pytestmark = pytest.mark.slow
KEPT = """
extends = "default"
stages = ["trim", "keepalive"]
[cache]
ttl_s = 2
margin_s = 1
[memory]
enabled = false
[stage.keepalive]
least = 0
requests = 1
per_pause = 3
risk = 1
rewritten = 1
"""
KEY = {"x-api-key": "sk-ant-api03-dummy", "anthropic-version": "2023-06-01", "anthropic-beta": "a-beta"}
STREAM = (
    b'event: message_start\ndata: {"type":"message_start","message":{"usage":{"input_tokens":5,"output_tokens":1,'
    b'"cache_read_input_tokens":100,"cache_creation_input_tokens":0}}}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},'
    b'"usage":{"output_tokens":2}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)


def whole(read: int, write: int = 0) -> bytes:
    """An answer to a request for no tokens."""
    usage = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": read}
    usage["cache_creation_input_tokens"] = write
    return json.dumps({"type": "message", "role": "assistant", "content": [], "usage": usage}).encode()


def begin(road: Road, *after: Answer, headers: dict[str, str] = KEY) -> Call:
    """One answered turn, and what the provider says to what follows without a client."""
    body = claude(ask("go"), session=new_session(), stream=True, model="claude-opus-5-5")
    stream = Answer(STREAM, headers=(("Content-Type", "text/event-stream"),))
    call = road.send("/v1/messages", body, headers, stream, *after)
    assert call.response().body == STREAM
    return call


def kept_alive(call: Call, count: int) -> list[Event]:
    """What the log says of the keep-alive requests for this one, once there are so many."""
    wait_until(lambda: len(call.events(EventKind.KEPT_ALIVE)) >= count, f"{count} keep-alive requests", call.events)
    return call.events(EventKind.KEPT_ALIVE)


def fields(head: Head) -> dict[str, str]:
    """The headers of a request without those that follow from its body."""
    return {name: head.get(name) for name in (*KEY, "user-agent", "content-type")}


@pytest.fixture(scope="module")
def kept(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy that keeps caches alive for a second at a time."""
    yield from running(provider, tmp_path_factory.mktemp("kept"), profile=KEPT)


def test_the_last_request_goes_again_for_no_answer(kept: Road) -> None:
    """As it was sent but for what ends the answer, with the client's own headers, while the cache is read; then no
    more than a pause may have."""
    call = begin(kept, *[Answer(whole(9_000))] * 3)
    first, *again = call.provider.received(call.tag, 4)
    sent: dict[str, Any] = json.loads(first.body)
    for one in again:
        assert json.loads(one.body) == sent | {"max_tokens": 0, "stream": False}
        assert fields(one.head) == fields(first.head)
    *_, last = kept_alive(call, 3)
    assert last.payload["stopped"] == "it is not worth it any more"
    assert last.payload["read"] == 9_000
    assert last.payload["usd"] > 0
    assert len(call.events(EventKind.RECEIVED)) == 1, "no exchange of its own"
    assert len(call.provider.received(call.tag)) == 4


@pytest.mark.parametrize(
    "bad",
    [
        Answer(b'{"type":"error"}', status=401),
        Answer(b'{"type":"error"}', status=429),
        Answer(b'{"type":"error"}', status=529),
        Answer(hang_up=True),
        Answer(b"no json"),
        Answer(whole(0, 9_000)),
    ],
    ids=["revoked", "limited", "overloaded", "hangs up", "garbage", "writes"],
)
def test_the_first_thing_that_goes_wrong_ends_it(kept: Road, bad: Answer) -> None:
    """Nothing is sent a second time."""
    call = begin(kept, bad)
    call.provider.received(call.tag, 2)
    (only,) = kept_alive(call, 1)
    assert only.payload["stopped"]
    other = begin(kept, *[Answer(whole(9_000))] * 3)
    other.provider.received(other.tag, 4)
    assert len(call.provider.received(call.tag)) == 2


def test_a_login_is_left_alone(kept: Road) -> None:
    """Unless its person says so."""
    login = begin(kept, headers={"authorization": "Bearer sk-ant-oat01-dummy"})
    other = begin(kept, *[Answer(whole(9_000))] * 3)
    other.provider.received(other.tag, 4)
    assert len(login.provider.received(login.tag)) == 1


def test_little_left_of_a_limit_leaves_it_to_the_client(kept: Road) -> None:
    """A keep-alive request takes spare rate only."""
    low = (("anthropic-ratelimit-requests-limit", "100"), ("anthropic-ratelimit-requests-remaining", "5"))
    said = Answer(whole(9_000), headers=(("Content-Type", "application/json"), *low))
    call = begin(kept, said)
    call.provider.received(call.tag, 2)
    (only,) = kept_alive(call, 1)
    assert only.payload["stopped"] == "little is left of the provider's limits"


def test_what_was_sent_when_the_client_goes_on_is_counted(kept: Road) -> None:
    """The provider has most likely read the entry: what that is thought to cost is spent, and held no more (P16)."""
    session, gate = new_session(), Gate()
    stream = Answer(STREAM, headers=(("Content-Type", "text/event-stream"),))
    said = [ask("go")]
    body = claude(*said, session=session, stream=True, model="claude-opus-5-5")
    call = kept.send("/v1/messages", body, KEY, stream, Answer(whole(9_000), hold=gate))
    assert call.response().status == 200
    call.provider.received(call.tag, 2)
    said += [{"role": "assistant", "content": "well"}, ask("go on")]
    body = claude(*said, session=session, stream=True, model="claude-opus-5-5")
    kept.send("/v1/messages", body, KEY, stream).response()
    (only,) = kept_alive(call, 1)
    gate.open()
    assert only.payload["stopped"] == "the client went on meanwhile"
    assert only.payload["usd"] > 0
