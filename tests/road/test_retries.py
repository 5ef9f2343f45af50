"""P10: same body, same rewrite. A retry is no second turn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road
from tests.road.provider import Answer, Gate
from tests.road.stages import COUNTING

OVERLOADED = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
FAILURES = {
    "429": Answer(OVERLOADED, status=429, headers=(("Content-Type", "application/json"), ("Retry-After", "1"))),
    "529": Answer(OVERLOADED, status=529),
    "500": Answer(b"<html>oh no</html>", status=500, headers=(("Content-Type", "text/html"),)),
    "hang up": Answer(hang_up=True),
    "cut": Answer((b"event: message_start\n",), headers=(("Content-Type", "text/event-stream"),), cut=True),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_retry_gets_the_same_rewrite(counting: Road, failure: str) -> None:
    """P10: after a failure the same bytes are answered with the same rewritten bytes, without asking the stages."""
    body = claude(ask("once more"), session=new_session())
    first = counting.send("/v1/messages", body, {"X-Stainless-Retry-Count": "0"}, FAILURES[failure])
    first.head()
    first.wait(EventKind.FAILED)
    first.leave()
    again = counting.post("/v1/messages", body, {"X-Stainless-Retry-Count": "1"})
    assert first.received.body != body
    assert again.received.body == first.received.body
    assert first.events(EventKind.CLASSIFIED)[0].payload["retry"] is False
    assert again.wait(EventKind.CLASSIFIED).payload["retry"] is True
    assert {"envelope", "counting"} <= set(first.stages())
    assert again.stages() == {}
    assert again.events(EventKind.REWRITTEN)[0].payload["replayed"] == 1


def test_a_retry_after_the_client_left_gets_the_same_rewrite(counting: Road) -> None:
    """P10: the client did not wait for the answer; what it sends again is answered with the same bytes."""
    body, gate = claude(ask("too slow"), session=new_session()), Gate()
    first = counting.send("/v1/messages", body, {}, Answer(hold=gate))
    gate.wait_until_reached()
    first.leave()
    assert first.wait(EventKind.FAILED).payload["why"] == "client left"
    gate.open()
    again = counting.post("/v1/messages", body)
    assert again.received.body == first.received.body
    assert again.stages() == {}


def test_a_retry_of_an_earlier_request_gets_its_own_rewrite(counting: Road) -> None:
    """P10: a request sent again after its successor gets the bytes it got then, and none of what came later."""
    session = new_session()
    one, two = ask("one"), ask("two")
    said = {"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]}
    first = counting.post("/v1/messages", claude(one, session=session))
    counting.post("/v1/messages", claude(one, said, two, session=session))
    again = counting.post("/v1/messages", claude(one, session=session))
    assert again.received.body == first.received.body


def test_a_next_turn_is_no_retry(counting: Road) -> None:
    """P3, P10: the next request has the rewrite of the first in it, byte for byte, and the stages are asked."""
    session = new_session()
    one, two = ask("one"), ask("two")
    said = {"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]}
    first = counting.post("/v1/messages", claude(one, session=session))
    second = counting.post("/v1/messages", claude(one, said, two, session=session))
    head = first.received.body.split(b"]", 1)[0]
    assert b"call " in head
    assert second.received.body.startswith(head)
    assert second.stages()["counting"].payload["edits"] == 1
    assert second.wait(EventKind.CLASSIFIED).payload["retry"] is False


def test_a_retry_after_a_kill_on_a_full_disk(start: Callable[..., Road]) -> None:
    """P10: nothing of the first attempt could be stored. The next proxy, with space again, sends the same bytes."""
    road = start(plugins={"counting": COUNTING})
    session, said = new_session(), {"role": "assistant", "content": [{"type": "text", "text": "The tests pass."}]}
    before = road.post("/v1/messages", claude(ask("one"), session=session))
    before.wait(EventKind.ANSWERED)
    road.proxy.limit_files(0)
    body = claude(ask("one"), said, ask("two"), session=session)
    first = road.post("/v1/messages", body)
    road.proxy.kill()
    later = start(plugins={"counting": COUNTING})
    assert later.post("/v1/messages", body).received.body == first.received.body
    longer = claude(ask("one"), said, ask("two"), said, ask("three"), session=session)
    assert later.post("/v1/messages", longer).stages()["counting"].payload["edits"] == 1
