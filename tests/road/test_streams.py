"""P11: nobody waits. The first byte of an answer is at the client before the provider sends the second."""

from __future__ import annotations

from pathlib import Path

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import ask, body_for, claude, new_session
from tests.road.client import Road
from tests.road.provider import Answer, Gate
from tests.road.proxy import wait_until
from tests.road.replies import STREAMS


def streamed(first: bytes, gate: Gate, rest: bytes, kind: str = "text/event-stream") -> Answer:
    """A stream that stops at `gate`."""
    return Answer((first, gate, rest), headers=(("Content-Type", kind),))


@pytest.mark.parametrize("path", STREAMS)
def test_the_first_byte_comes_before_the_second_is_sent(plain: Road, path: str) -> None:
    """P11: in every format an answer passes as it comes, byte by byte."""
    kind, events = STREAMS[path]
    whole, gate = b"".join(events), Gate()
    body = body_for(path.replace(":streamG", ":g"), "begin")
    call = plain.send(path, body, {}, streamed(whole[:1], gate, whole[1:], kind))
    assert call.head().get("content-type") == kind
    assert call.piece() == whole[:1]
    gate.open()
    assert call.response().body == whole[1:]
    assert call.wait(EventKind.ANSWERED).payload["complete"] is True


def test_a_stream_passes_while_a_stage_holds_another_request(gated: Road, tmp_path: Path) -> None:
    """P11: a stage works on one request; the stream of another goes on as if nothing were."""
    events = STREAMS["/v1/messages"][1]
    gate, opened = Gate(), tmp_path / "opened"
    talking = gated.send(
        "/v1/messages",
        claude(ask("talk"), session=new_session(), stream=True),
        {},
        streamed(events[0], gate, b"".join(events[1:])),
    )
    assert talking.piece() == events[0]
    held = gated.send("/v1/messages", claude(ask(f"spin for {opened}"), session=new_session()))
    wait_until(Path(f"{opened}.reached").exists, "the stage has begun")
    gate.open()
    assert talking.response().body == b"".join(events[1:])
    assert not gated.provider.has_received(held.tag)
    opened.touch()
    assert held.response().status == 200


def test_the_head_of_an_answer_comes_before_its_body(plain: Road) -> None:
    """P11: the client sees the status while the provider has not begun with the body."""
    gate = Gate()
    call = plain.send("/v1/messages", body_for("/v1/messages", "begin"), {}, Answer((gate, b"{}")))
    assert call.head().line.startswith("HTTP/1.1 200")
    gate.open()
    assert call.response().body == b"{}"


def test_a_slow_first_byte_is_waited_for(plain: Road) -> None:
    """P11: others are answered while a provider thinks; and its answer comes when it comes."""
    gate = Gate()
    slow = plain.send("/v1/messages", body_for("/v1/messages", "think"), {}, Answer(hold=gate))
    gate.wait_until_reached()
    assert plain.post("/v1/messages", body_for("/v1/messages", "do not think"))
    gate.open()
    assert slow.response().body == b"{}"


def test_what_is_no_model_request_streams_both_ways(plain: Road) -> None:
    """P11: an upload to a path that is none of ours reaches the provider while the client is still sending, and its
    answer comes while the provider is."""
    gate = Gate()
    call = plain.send(
        "/v1/files", b"first", {"Content-Length": "11", "Content-Type": "text/plain"}, Answer((b"one", gate, b"two"))
    )
    call.provider.wait_for_bytes(call.tag, 5)
    assert not call.provider.has_received(call.tag)
    call.wire.send(b"second")
    assert call.piece() == b"one"
    assert call.received.body == b"firstsecond"
    gate.open()
    assert call.response().body == b"two"
    plain.post("/v1/messages", body_for("/v1/messages", "and now one for us")).wait(EventKind.ANSWERED)
    assert call.events() == []
