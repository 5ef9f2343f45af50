"""What a client asks of the suite: by a header for one request, by the proxy's user name for a session."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import ask, claude, new_session
from tests.road.client import Road, running
from tests.road.provider import Provider
from tests.road.stages import COUNTING

pytestmark = pytest.mark.slow

OBSERVE = 'extends = "road"\nmode = "observe"\n'
OLLAMA = "http://llm.example.com:11434"


FICKLE = """
from penstock import hookimpl


@hookimpl
def summarisers(profile):
    return 3 if profile.name == "quiet" else []
"""
"""Gives what it should under the proxy's own profile alone."""


@pytest.fixture(scope="module")
def regular(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy for HTTP_PROXY that edits every turn; every plain request goes to the provider."""
    home = tmp_path_factory.mktemp("regular")
    setup = {"plugins": {"counting": COUNTING}, "profiles": {"quiet": OBSERVE}, "upstream_tls": 1}
    yield from running(provider, home, **setup)


def basic(user: str) -> str:
    """The header a client sends for `http://user:password@proxy`."""
    return "Basic " + base64.b64encode(f"{user}:x".encode()).decode()


def a_turn() -> bytes:
    return claude(ask("hello"), session=new_session())


def test_a_bypassed_request_passes_untouched(counting: Road) -> None:
    """`x-penstock: bypass` lets a request pass unread; the header goes no further; an event says so."""
    body = a_turn()
    call = counting.post("/v1/messages", body, {"X-Penstock": "bypass"})
    assert call.received.body == body
    assert call.received.head.all("x-penstock") == []
    assert call.wait(EventKind.BYPASSED).payload["why"] == "asked for"
    call.wait(EventKind.ANSWERED)
    assert call.events(EventKind.CLASSIFIED) == []


def test_a_bypass_is_for_one_request(counting: Road) -> None:
    """The next request of the same connection is read again."""
    wire = counting.connect()
    body = a_turn()
    first = counting.send("/v1/messages", body, {"x-penstock": "bypass"}, over=wire)
    assert first.rest()
    other = a_turn()
    second = counting.send("/v1/messages", other, over=wire)
    assert second.response().status == 200
    assert first.received.body == body
    assert second.received.body != other


def test_a_request_asks_for_a_profile(counting: Road) -> None:
    """`x-penstock: profile=NAME` has one request treated by another profile; the header goes no further."""
    body = a_turn()
    call = counting.post("/v1/messages", body, {"x-penstock": "profile=quiet"})
    assert call.received.body == body
    assert call.received.head.all("x-penstock") == []
    call.wait(EventKind.PROCESSED)
    assert [e.payload["reason"] for e in call.events(EventKind.EDIT)] == ["the profile observes"]


def test_a_profile_nobody_knows_breaks_nothing(counting: Road) -> None:
    """A misspelled profile in a request is the proxy's own profile: the client is not to suffer."""
    call = counting.post("/v1/messages", a_turn(), {"x-penstock": "profile=quite"})
    assert b"call " in call.received.body
    assert call.received.head.all("x-penstock") == []


def test_a_plugin_that_fails_for_a_profile_breaks_nothing(start: Callable[..., Road]) -> None:
    """It was well when the proxy started: the request is treated by the proxy's own profile, and the log says why."""
    road = start(plugins={"counting": COUNTING, "fickle": FICKLE}, profiles={"quiet": OBSERVE})
    call = road.post("/v1/messages", a_turn(), {"x-penstock": "profile=quiet"})
    assert b"call " in call.received.body
    call.wait(EventKind.PROCESSED)
    (fault,) = [event.payload for event in road.proxy.events() if event.kind is EventKind.FAULT]
    assert fault["where"] == "profile"
    assert "plugin 'fickle'" in fault["error"]
    assert "summarisers() is to give a list of objects" in fault["error"]


@pytest.mark.parametrize("path", ["/v1/files", "/v1/messages"])
def test_our_header_never_reaches_the_provider(counting: Road, path: str) -> None:
    """A request that streams past us, because it is none of ours or too long, loses the header as well."""
    length = str(5 if path == "/v1/files" else (64 << 20) + 1)
    call = counting.send(path, b"first", {"x-penstock": "bypass", "Content-Length": length})
    call.provider.wait_for_bytes(call.tag, 5)
    assert call.provider.heads(call.tag)[0].all("x-penstock") == []
    call.leave()


def test_a_session_bypasses_by_the_proxys_user(regular: Road) -> None:
    """`HTTP_PROXY=http://bypass:x@…` lets every request of a client pass; the user name goes no further."""
    body = a_turn()
    headers = {"Proxy-Authorization": basic("bypass"), "Host": "llm.example.com:11434"}
    call = regular.send("/v1/messages", body, headers, origin=OLLAMA)
    assert call.response().status == 200
    assert call.received.body == body
    assert call.received.head.all("proxy-authorization") == []
    assert call.wait(EventKind.BYPASSED).payload["why"] == "asked for"


def test_a_session_has_a_profile_by_the_proxys_user(regular: Road) -> None:
    """`HTTP_PROXY=http://NAME:x@…` has every request of a client treated by that profile."""
    body = a_turn()
    headers = {"Proxy-Authorization": basic("quiet"), "Host": "llm.example.com:11434"}
    call = regular.send("/v1/messages", body, headers, origin=OLLAMA)
    assert call.response().status == 200
    assert call.received.body == body
    assert call.received.head.all("proxy-authorization") == []
    call.wait(EventKind.PROCESSED)
    assert call.events(EventKind.EDIT)[0].payload["reason"] == "the profile observes"


def test_the_proxys_user_goes_no_further_on_other_paths(regular: Road) -> None:
    """What a client says to the proxy alone is not passed on with requests that are none of ours either."""
    headers = {"Proxy-Authorization": basic("quiet"), "Host": "files.example.com", "x-penstock": "bypass"}
    call = regular.send("/upload", b"bytes", headers, origin="http://files.example.com")
    assert call.response().status == 200
    assert call.received.head.all("proxy-authorization") == []
    assert call.received.head.all("x-penstock") == []


def test_without_a_user_requests_are_read(regular: Road) -> None:
    """A plain proxy address has the proxy's own profile: the request is edited."""
    call = regular.send("/v1/messages", a_turn(), {"Host": "llm.example.com:11434"}, origin=OLLAMA)
    assert call.response().status == 200
    assert b"call " in call.received.body
    assert call.received.target == f"/{call.tag}/v1/messages"
