"""A page in a browser of this machine can send requests to our ports. None of them is forwarded, read or remembered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from penstock.control.client import HOST as CONTROL
from penstock.control.client import token_of
from penstock.events.event import EventKind
from tests.road.bodies import body_for
from tests.road.client import Call, Road, running
from tests.road.provider import Provider
from tests.road.proxy import wait_until

PATH = "/v1/messages"
EDITOR = "vscode-webview://1q2w3e"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
FOREIGN = {
    "a page elsewhere": {"Origin": "https://evil.test", "Sec-Fetch-Site": "cross-site"},
    "an old browser": {"Origin": "https://evil.test"},
    "another port of this machine": {"Origin": "http://127.0.0.1:9", "Sec-Fetch-Site": "same-site"},
    "a frame without an origin": {"Origin": "null"},
    "two origins": {"Origin": "https://evil.test, http://127.0.0.1"},
    "an extension": {"Origin": "chrome-extension://abcdefgh"},
    "an image": {"Sec-Fetch-Site": "cross-site"},
    "an image of a page of this machine": {"Sec-Fetch-Site": "Same-Site"},
}
NAMES = [
    "evil.test",
    "evil.test:{port}",
    "api.anthropic.com",
    "127.0.0.1.evil.test:{port}",
    "192.0.2.9:{port}",
    "0.0.0.0",
]


@pytest.fixture(scope="module")
def reverse(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A reverse port, as it comes, but for what a person allowed."""
    options = ["penstock_origins=vscode-webview://", "penstock_names=penstock.lan"]
    yield from running(provider, tmp_path_factory.mktemp("reverse"), options=options)


@pytest.fixture(scope="module")
def regular(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy's own port."""
    yield from running(provider, tmp_path_factory.mktemp("regular"), upstream_tls=1)


def page(road: Road, headers: dict[str, str], *, method: str = "POST", text: str = "planted") -> Call:
    body = body_for(PATH, text) if method == "POST" else b""
    return road.send(PATH, body, {"Host": f"127.0.0.1:{road.port}", **headers}, method=method)


def is_refused(call: Call) -> bool:
    """403, in words of ours that no page can read, and nothing of it anywhere else."""
    answer = call.response()
    if answer.status != 403:
        return False
    assert answer.head.get("x-penstock") == "refused"
    assert not [name for name, _ in answer.head.headers if name.lower().startswith("access-control-")]
    assert call.provider.received(call.tag, 0) == []
    assert call.events() == []
    return True


@pytest.mark.parametrize("how", FOREIGN)
def test_a_page_is_refused(reverse: Road, how: str) -> None:
    """Whatever its browser says of it."""
    assert is_refused(page(reverse, FOREIGN[how]))


def test_the_refusal_is_in_the_clients_words(reverse: Road) -> None:
    """An app that is refused shows why, and what to do."""
    answer = page(reverse, {"Origin": "app://chat"}).response()
    said = json.loads(answer.body)
    assert said["type"] == "error"
    assert "app://chat" in said["error"]["message"]
    assert "penstock_origins" in said["error"]["message"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_name_that_leads_here_is_refused(reverse: Road, name: str, method: str) -> None:
    """DNS rebinding: to the browser such a page is of the same origin, so only the name tells."""
    host = name.format(port=reverse.port)
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert is_refused(page(reverse, headers, method=method))
    assert is_refused(page(reverse, {"Host": host}, method=method))


def test_an_address_in_the_first_line_is_a_name_too(reverse: Road) -> None:
    """It says where the request was meant for, beside the header."""
    call = reverse.send(PATH, b"{}", {"Host": f"127.0.0.1:{reverse.port}"}, origin="http://evil.test")
    assert is_refused(call)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.test"}, {}])
def test_a_preflight_is_answered_here(reverse: Road, headers: dict[str, str]) -> None:
    """The provider would allow it: the browser must hear it from nobody."""
    assert is_refused(page(reverse, {**PREFLIGHT, **headers}, method="OPTIONS"))


def test_a_socket_of_a_page_is_refused(reverse: Road) -> None:
    """WebSockets know no preflight; their origin says whose they are."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Origin": "http://e.test",
    }
    for path in ("/v1/realtime", "/v1/responses"):
        call = reverse.send(path, b"", {"Host": "localhost", **upgrade}, method="GET")
        assert is_refused(call)


def test_a_large_body_of_a_page_is_not_taken(reverse: Road) -> None:
    """Not held in memory for an answer that nobody may read: the connection ends."""
    length = {"Content-Length": str(1 << 30), "Origin": "https://evil.test"}
    call = reverse.send(PATH, b"", {"Host": "127.0.0.1", **length})
    assert call.wire.head() is None
    assert call.provider.received(call.tag, 0) == []


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "[::1]:{port}", "127.0.0.1:1"])
def test_clients_of_this_machine_pass(reverse: Road, host: str) -> None:
    """Programs name no origin; the headers they send of themselves are no page's."""
    for more in ({}, {"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Site": "none"}):
        call = page(reverse, {"Host": host.format(port=reverse.port), **more}, text="hello")
        assert call.response().status == 200
        assert call.received.head.get("host") == f"127.0.0.1:{reverse.provider.port}"  # the provider's, as ever


def test_what_a_person_named_passes(reverse: Road) -> None:
    """An editor's own pages, and another name of this machine; both only as they were named."""
    assert page(reverse, {"Origin": EDITOR, "Sec-Fetch-Site": "cross-site"}).response().status == 200
    assert page(reverse, {**PREFLIGHT, "Origin": EDITOR}, method="OPTIONS").response().status == 200
    assert page(reverse, {"Host": "penstock.lan:8411"}).response().status == 200
    assert is_refused(page(reverse, {"Host": "not.penstock.lan"}))
    assert is_refused(page(reverse, {"Origin": "vscode-webviews://1q2w3e"}))


def test_a_refusal_is_told_once(start: Callable[..., Road]) -> None:
    """With where it came from; a page that tries a thousand times fills no log."""
    road = start()
    for _ in range(5):
        assert is_refused(page(road, {"Origin": "https://evil.test"}))
    assert page(road, {}).response().status == 200
    road.proxy.wait_event(EventKind.ANSWERED)
    faults = [e for e in road.proxy.events() if e.kind is EventKind.FAULT and e.payload["where"] == "web page"]
    assert len(faults) == 1
    assert "https://evil.test" in faults[0].payload["error"]


@pytest.mark.parametrize("how", FOREIGN)
def test_a_page_at_the_proxys_own_port_is_refused(regular: Road, how: str) -> None:
    """A port of a proxy takes requests that name no host before the path, as a page's do."""
    assert is_refused(page(regular, FOREIGN[how]))


def test_a_rebound_name_at_the_proxys_own_port_is_refused(regular: Road) -> None:
    """It would be forwarded to itself, again and again."""
    host = f"evil.test:{regular.port}"
    assert is_refused(page(regular, {"Host": host, "Origin": f"http://{host}"}))
    assert is_refused(page(regular, {"Host": host}, method="GET"))


def test_browsers_that_use_the_proxy_are_served(regular: Road) -> None:
    """Pages may ask model hosts through a proxy as they may without one: those requests name their host."""
    headers = {"Host": "llm.example.com", "Origin": "https://chat.example.com", "Sec-Fetch-Site": "cross-site"}
    call = regular.send(PATH, body_for(PATH, "of a page"), headers, origin="http://llm.example.com")
    assert call.response().status == 200


@pytest.mark.parametrize("mode", ["reverse", "regular"])
def test_no_page_gives_commands(mode: str, request: pytest.FixtureRequest) -> None:
    """The control channel needs its token, which no page has; the header that marks a command needs a preflight."""
    road: Road = request.getfixturevalue(mode)
    origin = {"Origin": "https://evil.test"}
    for headers in (
        {"x-penstock": "command"},
        {"Host": CONTROL},
        {"x-penstock": "command", "Authorization": "Bearer x"},
    ):
        call = road.send("/shutdown", b"{}", {"Host": "127.0.0.1", **origin, **headers})
        assert call.response().status in (401, 403)
    asked = {**PREFLIGHT, "Access-Control-Request-Headers": "x-penstock,authorization"}
    assert is_refused(page(road, {**origin, **asked}, method="OPTIONS"))
    assert not road.proxy.has_ended
    assert token_of(road.proxy.setup.store)


def test_a_page_plants_no_memory(start: Callable[..., Road], tmp_path: Path) -> None:
    """What it says is in no store."""
    road = start()
    assert is_refused(page(road, {"Origin": "https://evil.test"}, text="the deploy key is kept in zanzibar"))
    assert page(road, {}, text="hello").response().status == 200
    road.proxy.wait_event(EventKind.ANSWERED)
    road.proxy.stop()
    wait_until(lambda: road.proxy.has_ended, "it has ended")
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert files
    assert not [file for file in files if b"zanzibar" in file.read_bytes()]
