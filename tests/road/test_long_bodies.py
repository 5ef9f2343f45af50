"""A body that does not say how long it is passes unread past the limit, and is not collected."""

from __future__ import annotations

from collections.abc import Callable

from penstock.events.event import EventKind
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road

LIMIT = 1 << 20
PROFILE = f"""
extends = "default"
[limits]
body_bytes = {LIMIT}
stage_ms = 120000
read_ms = 120000
[memory]
enabled = false
"""
PART = b"x" * (64 << 10)


def test_a_chunked_body_past_the_limit_streams(start: Callable[..., Road]) -> None:
    """The provider has its beginning while the client still sends; it gets every byte, and the client its answer. One
    event says why it was not read."""
    road = start(profile=PROFILE)
    parts = [PART] * 100
    call = road.send("/v1/messages", parts, {"Content-Type": "application/json"})
    assert call.response().status == 200
    assert call.received.body == b"".join(parts)
    call.wait(EventKind.ANSWERED)
    (why,) = [e.payload["why"] for e in call.events(EventKind.BYPASSED)]
    assert why.startswith(f"the body has more than {LIMIT} bytes")


def test_a_chunked_body_below_the_limit_is_read(start: Callable[..., Road]) -> None:
    """As if it had said its length."""
    road = start(profile=PROFILE)
    body = claude(ask("hello"), session=new_session())
    call = road.send("/v1/messages", [body[:100], body[100:]], {"Content-Type": "application/json"})
    assert call.response().status == 200
    call.wait(EventKind.CLASSIFIED)
    assert call.events(EventKind.BYPASSED) == []


def test_long_chunked_bodies_take_no_memory(start: Callable[..., Road]) -> None:
    """However long: what is kept of one is the limit and a little, not the body."""
    road = start(profile=PROFILE)
    road.send("/v1/messages", [PART] * 32).response()
    before = road.proxy.peak_memory()
    road.send("/v1/messages", [PART] * 2400).response()  # 150 MB
    assert road.proxy.peak_memory() - before < 50 << 20
