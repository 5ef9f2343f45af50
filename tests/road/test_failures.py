"""A provider that fails, a stream that is cut, a client that leaves: passed on as it is; the exchange has failed."""

from __future__ import annotations

import json

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import ask, body_for, claude, new_session
from tests.road.client import Call, Road
from tests.road.provider import Answer, Gate
from tests.road.replies import STREAMS
from tests.road.wire import CutShort

ERRORS = {
    400: ("invalid_request_error", "messages.0: what is this?"),
    401: ("authentication_error", "invalid x-api-key"),
    413: ("request_too_large", "Request exceeds the maximum size"),
    429: ("rate_limit_error", "This would exceed your limit"),
    500: ("api_error", "Internal server error"),
    529: ("overloaded_error", "Overloaded"),
}
STREAM = (("Content-Type", "text/event-stream"),)
EVENTS = STREAMS["/v1/messages"][1]


def a_turn() -> bytes:
    return claude(ask("hello"), session=new_session(), stream=True)


def assert_failed(call: Call, why: str) -> dict[str, object]:
    """It ends as failed, for this reason, and nothing follows."""
    failed = call.wait(EventKind.FAILED)
    assert failed.payload["why"] == why
    kinds = [e.kind for e in call.events()]
    assert kinds[-1] is EventKind.FAILED
    assert not {EventKind.ANSWERED, EventKind.PROCESSED} & set(kinds)
    return dict(failed.payload)


@pytest.mark.parametrize("status", ERRORS)
def test_an_error_of_the_providers_reaches_the_client(plain: Road, status: int) -> None:
    """Section 14: status, headers and body as they came, so that the client does what it always does."""
    kind, message = ERRORS[status]
    error = json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()
    headers = (("Content-Type", "application/json"), ("Retry-After", "17"), ("x-should-retry", "true"))
    call = plain.send("/v1/messages", a_turn(), {}, Answer(error, status, headers))
    response = call.response()
    assert response.status == status
    assert response.body == error
    assert response.head.headers[:3] == headers
    failed = assert_failed(call, "provider")
    assert (failed["status"], failed["error"]) == (status, message)


def test_an_error_that_is_no_json_reaches_the_client(plain: Road) -> None:
    """Section 14: the page of some machine on the way is passed on as well."""
    page = b"<html><h1>502 Bad Gateway</h1></html>"
    call = plain.send("/v1/messages", a_turn(), {}, Answer(page, 502, (("Content-Type", "text/html"),)))
    assert call.response().body == page
    assert assert_failed(call, "provider")["status"] == 502


def test_an_error_in_the_stream_reaches_the_client(plain: Road) -> None:
    """Section 14: a stream that began well and ends in an error is passed on whole, and has failed."""
    error = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
    call = plain.send("/v1/messages", a_turn(), {}, Answer((*EVENTS[:3], error), headers=STREAM))
    assert call.response().body == b"".join(EVENTS[:3]) + error
    assert assert_failed(call, "provider")["error"] == "Overloaded"


def test_a_stream_cut_on_the_wire_is_cut_for_the_client(plain: Road) -> None:
    """Section 14: the client gets what came, and sees that it is not all: no end is made up."""
    call = plain.send("/v1/messages", a_turn(), {}, Answer(EVENTS[:3], headers=STREAM, cut=True))
    assert b"".join(call.piece() for _ in range(3)) == b"".join(EVENTS[:3])
    with pytest.raises(CutShort):
        call.rest()
    assert assert_failed(call, "cut")["bytes"] == len(b"".join(EVENTS[:3]))


def test_a_whole_answer_cut_on_the_wire_is_cut_for_the_client(plain: Road) -> None:
    """Section 14: so it is with a body that has a length."""
    call = plain.send("/v1/messages", a_turn(), {}, Answer(b'{"type":"mess', cut=True))
    with pytest.raises(CutShort):
        call.response()
    assert_failed(call, "cut")


@pytest.mark.parametrize("path", STREAMS)
def test_a_stream_that_ends_too_early_has_failed(plain: Road, path: str) -> None:
    """Section 14: the connection ends in good order, the answer does not: nothing half is remembered."""
    kind, events = STREAMS[path]
    half = events[0] if len(events) > 1 else events[0][:-20]
    body = body_for(path.replace(":streamG", ":g"), "hello")
    call = plain.send(path, body, {}, Answer((half,), headers=(("Content-Type", kind),)))
    assert call.response().body == half
    assert_failed(call, "cut")


def test_a_provider_that_hangs_up_is_a_bad_gateway(plain: Road) -> None:
    """Section 14: no answer at all: the client is told by a 502, and tries again if it likes."""
    call = plain.send("/v1/messages", a_turn(), {}, Answer(hang_up=True))
    assert call.response().status == 502
    assert_failed(call, "connection")


def test_a_client_that_leaves_before_the_answer(plain: Road) -> None:
    """Section 14: it ends as failed, and the provider's connection is closed: nobody pays for what nobody reads."""
    gate = Gate()
    call = plain.send("/v1/messages", a_turn(), {}, Answer(hold=gate))
    gate.wait_until_reached()
    call.leave()
    assert_failed(call, "client left")
    gate.open()


def test_a_client_that_leaves_in_the_middle(plain: Road) -> None:
    """Section 14: it ends as failed, whatever the provider would still have said."""
    gate = Gate()
    call = plain.send("/v1/messages", a_turn(), {}, Answer((*EVENTS[:3], gate, *EVENTS[3:]), headers=STREAM))
    assert call.piece() == EVENTS[0]
    gate.wait_until_reached()
    call.leave()
    assert_failed(call, "client left")
    gate.open()


def test_a_client_that_leaves_after_the_last_event_was_answered(plain: Road) -> None:
    """Some clients hang up when they have read the last event, before the stream has ended: that is no failure."""
    gate = Gate()
    call = plain.send("/v1/messages", a_turn(), {}, Answer((*EVENTS, gate), headers=STREAM))
    assert b"".join(call.piece() for _ in EVENTS) == b"".join(EVENTS)
    gate.wait_until_reached()
    call.leave()
    assert call.wait(EventKind.ANSWERED).payload["usage"]["output"] == 7
    gate.open()
    call.wait(EventKind.PROCESSED)
    assert call.events(EventKind.FAILED) == []


def test_a_client_that_leaves_in_the_middle_of_its_request(plain: Road) -> None:
    """Section 14: half a request goes nowhere, and the proxy goes on."""
    call = plain.send("/v1/messages", b'{"model"', {"Content-Length": "1000"})
    call.leave()
    assert plain.post("/v1/messages", a_turn(), {}, Answer(EVENTS, headers=STREAM)).wait(EventKind.ANSWERED)
    assert not plain.provider.has_received(call.tag)
