"""A proxy that listens on every address of a machine answers that machine alone, unless a person said otherwise."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import body_for
from tests.road.client import Road
from tests.road.proxy import wait_until
from tests.road.wire import PATIENCE, Wire

PATH = "/v1/messages"
EVERYWHERE = "0.0.0.0"


def own_address() -> str:
    """An address of this machine that is not loopback: whoever connects to it comes from there, as a stranger would."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent; the system only says by which address it would
        return str(probe.getsockname()[0])


def from_outside(road: Road) -> Wire:
    return Wire(socket.create_connection((own_address(), road.port), PATIENCE))


def exchange(wire: Wire, *lines: str) -> str:
    """The first line of the answer. Empty: the connection was closed without one."""
    try:
        wire.send("\r\n".join(lines).encode() + b"\r\n\r\n")
        head = wire.head()
    except ConnectionError:
        return ""
    finally:
        wire.close()
    return head.line if head is not None else ""


def ask_outside(road: Road, *headers: str) -> str:
    return exchange(from_outside(road), f"GET /models HTTP/1.1\r\nHost: {own_address()}:{road.port}", *headers)


def test_the_test_has_a_strangers_address() -> None:
    """Without one, nothing below would show anything."""
    assert not own_address().startswith("127.")


@pytest.mark.parametrize("mode", ["reverse", "regular"])
def test_others_are_not_answered(start: Callable[..., Road], mode: str) -> None:
    """Neither a request to a reverse port nor a tunnel is begun for another machine; this one is served as before."""
    road = start(listen=EVERYWHERE, **({"upstream_tls": 1} if mode == "regular" else {}))
    if mode == "reverse":
        assert ask_outside(road) == ""
        assert road.post(PATH, body_for(PATH, "of this machine")).wait(EventKind.CLASSIFIED)
    else:
        tunnel = f"CONNECT 127.0.0.1:{road.provider.port} HTTP/1.1\r\nHost: 127.0.0.1:{road.provider.port}"
        assert exchange(from_outside(road), tunnel) == ""
        assert exchange(road.connect(), tunnel).startswith("HTTP/1.1 ")


def test_it_says_so(start: Callable[..., Road]) -> None:
    """At the start: what it listens on, that others are refused, and both ways on. Of a peer, once."""
    road = start(listen=EVERYWHERE)
    said = road.proxy.output
    assert f"{EVERYWHERE}:{road.port}" in said
    assert "--listen-host 127.0.0.1" in said
    assert "penstock_allow_remote" in said
    for _ in range(3):
        assert ask_outside(road) == ""
    wait_until(lambda: f"{own_address()} is not answered" in road.proxy.output, "the refusal is told")
    assert road.proxy.output.count("is not answered") == 1


def test_loopback_needs_no_warning(start: Callable[..., Road]) -> None:
    """Where nobody else can come, nothing is said."""
    assert "penstock_allow_remote" not in start().proxy.output


def test_a_person_may_allow_others(start: Callable[..., Road]) -> None:
    """By the option; the start says that anybody can use it now."""
    road = start(listen=EVERYWHERE, options=["penstock_allow_remote=true"])
    assert " 200 " in ask_outside(road)
    assert "can use this proxy" in road.proxy.output


def test_a_login_counts_as_protection(start: Callable[..., Road]) -> None:
    """With mitmproxy's `proxyauth`, others are asked for it, and served with it."""
    road = start(listen=EVERYWHERE, options=["proxyauth=ines:secret"])
    login = base64.b64encode(b"ines:secret").decode()
    assert " 401 " in ask_outside(road)
    assert " 200 " in ask_outside(road, f"Authorization: Basic {login}")
    assert "penstock_allow_remote" not in road.proxy.output
