"""Model hosts are read; the TLS of all others is not even opened."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import ask, claude, new_session
from tests.road.certificates import server_context, write_certificate
from tests.road.client import Road
from tests.road.provider import Provider
from tests.road.proxy import Proxy, Setup, stopping
from tests.road.stages import COUNTING

MODEL, OTHER, ADDED = "api.anthropic.com", "files.example.com", "llm.example.org"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The provider's own certificate."""
    file = tmp_path_factory.mktemp("certificate") / "provider.pem"
    write_certificate(file, [MODEL, OTHER, ADDED])
    return file


@pytest.fixture(scope="module")
def regular(provider: Provider, certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """A proxy for HTTPS_PROXY, and a provider that speaks TLS behind it."""
    secure = Provider(server_context(certificate))
    home = tmp_path_factory.mktemp("regular")
    options = [f"penstock_hosts={ADDED}"]
    setup = Setup(home, provider.port, upstream_tls=secure.port, plugins={"counting": COUNTING}, options=options)
    with (
        closing(secure),
        stopping(Proxy(setup)) as proxy,
        closing(Road(proxy, provider, secure)) as road,
    ):
        yield road
    assert not secure.faults


def ours(road: Road) -> Path:
    """The certificate of the proxy's own authority."""
    return road.proxy.setup.home / "confdir" / "mitmproxy-ca-cert.pem"


@pytest.mark.parametrize("host", [MODEL, ADDED])
def test_a_model_host_is_read(regular: Road, host: str) -> None:
    """The client gets a certificate of the proxy's, and the host on the wire stays the real one."""
    wire = regular.tunnel(host, ours(regular))
    body = claude(ask("hello"), session=new_session())
    call = regular.send("/v1/messages", body, {"Host": host}, over=wire)
    assert call.response().status == 200
    assert b"call " in call.received.body
    assert call.received.head.get("host") == host
    assert call.wait(EventKind.RECEIVED).payload["host"] == host


def test_the_tls_of_another_host_is_not_opened(regular: Road, certificate: Path) -> None:
    """The client sees the provider's own certificate: nobody stands between; and no event tells of it."""
    wire = regular.tunnel(OTHER, certificate)
    assert isinstance(wire.sock, ssl.SSLSocket)
    shown = ssl.DER_cert_to_PEM_cert(wire.sock.getpeercert(binary_form=True) or b"")
    assert shown in certificate.read_text()
    body = claude(ask("hello"), session=new_session())
    call = regular.send("/v1/messages", body, {"Host": OTHER, "x-penstock": "profile=x"}, over=wire)
    assert call.response().status == 200
    assert call.received.body == body
    assert call.received.head.get("x-penstock") == "profile=x"
    follow = regular.send("/v1/messages", body, {"Host": MODEL}, over=regular.tunnel(MODEL, ours(regular)))
    assert follow.response().status == 200
    follow.wait(EventKind.RECEIVED)
    assert call.events() == []


def test_another_path_of_a_model_host_passes_untouched(regular: Road) -> None:
    """What is no model request on a model host arrives as it was sent, and no event tells of it."""
    wire = regular.tunnel(MODEL, ours(regular))
    call = regular.send("/api/claude_code/settings", b'{"a" : 1}', {"Host": MODEL, "Authorization": "x"}, over=wire)
    assert call.rest() == b"{}"
    assert call.received.body == b'{"a" : 1}'
    assert call.received.head.get("authorization") == "x"
    follow = regular.send("/v1/messages", claude(ask("hello")), {"Host": MODEL}, over=wire)
    assert follow.response().status == 200
    follow.wait(EventKind.RECEIVED)
    assert call.events() == []


LOCAL = "http://gpu-box.local:8080"


def test_a_local_server_is_read_on_a_model_servers_port(regular: Road) -> None:
    """By the port and the path of a model API together: its models are nobody's whose format they are asked in."""
    headers = {"Host": "gpu-box.local:8080"}
    call = regular.send("/v1/messages", claude(ask("hello"), session=new_session()), headers, origin=LOCAL)
    assert call.response().status == 200
    assert b"call " in call.received.body
    assert call.wait(EventKind.CLASSIFIED).payload["provider"] == "llamacpp"


def test_another_program_on_that_port_is_left_alone(regular: Road) -> None:
    """What is no model request arrives as it was sent, and no event tells of it."""
    headers = {"Host": "gpu-box.local:8080", "Content-Type": "application/json"}
    call = regular.send("/api/messages", b'{"messages" : []}', headers, origin=LOCAL)
    assert call.response().status == 200
    assert call.received.body == b'{"messages" : []}'
    follow = regular.send("/v1/messages", claude(ask("hello")), headers, origin=LOCAL)
    assert follow.response().status == 200
    follow.wait(EventKind.RECEIVED)
    assert call.events() == []


def test_a_tunnel_bypasses_by_the_proxys_user(regular: Road) -> None:
    """`HTTPS_PROXY=http://bypass:x@…`: what was said when the tunnel was opened holds for all that goes through it."""
    user = "Basic " + base64.b64encode(b"bypass:x").decode()
    wire = regular.tunnel(MODEL, ours(regular), {"Proxy-Authorization": user})
    body = claude(ask("hello"), session=new_session())
    calls = []
    for _ in range(2):
        call = regular.send("/v1/messages", body, {"Host": MODEL}, over=wire)
        assert call.rest()
        calls.append(call)
    wire.close()
    assert [call.received.body for call in calls] == [body, body]
    assert [call.wait(EventKind.BYPASSED).payload["why"] for call in calls] == ["asked for", "asked for"]


def test_a_websocket_on_a_model_host_is_refused(regular: Road) -> None:
    """Codex asks for a WebSocket first: 426 sends it to POSTs with the whole history."""
    wire = regular.tunnel(MODEL, ours(regular))
    headers = {
        "Host": MODEL,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    call = regular.send("/backend-api/codex/responses", b"", headers, method="GET", over=wire)
    assert call.response().status == 426
    assert not call.provider.has_received(call.tag)
