"""No WebSocket on the responses path: it would carry only what is new, and not the history."""

from __future__ import annotations

import json

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import body_for
from tests.road.client import Road

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "WebSocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


@pytest.mark.parametrize("path", ["/v1/responses", "/backend-api/codex/responses?client=1", "/responses/"])
def test_an_upgrade_is_answered_with_426(plain: Road, path: str) -> None:
    """The client is told at once; the provider hears nothing of it."""
    call = plain.send(path, b"", UPGRADE, method="GET")
    assert call.response().status == 426
    assert not call.provider.has_received(call.tag)


def test_an_upgrade_with_a_body_is_answered_with_426(plain: Road) -> None:
    """Whatever else such a request carries."""
    call = plain.send("/v1/responses", b"{}", UPGRADE, method="GET")
    assert call.response().status == 426
    assert not call.provider.has_received(call.tag)


def test_the_post_that_follows_is_read(plain: Road) -> None:
    """After the 426 the client sends its history at once: that is a request like any other."""
    call = plain.post("/v1/responses", body_for("/v1/responses", "in one piece"))
    assert json.loads(call.received.body)["input"]
    assert call.wait(EventKind.CLASSIFIED).payload["words"] == "in one piece"


def test_an_upgrade_elsewhere_passes(plain: Road) -> None:
    """Other paths may have their WebSockets."""
    call = plain.send("/v1/realtime", b"", UPGRADE, method="GET")
    assert call.response().status == 200
    assert call.received.head.get("upgrade") == "WebSocket"
