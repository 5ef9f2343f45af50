"""A reverse port stands for its provider: what arrives there is what would have arrived without it."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from penstock.events.event import EventKind
from tests.road.bodies import body_for
from tests.road.certificates import server_context, write_certificate
from tests.road.client import Road
from tests.road.provider import Provider

pytestmark = pytest.mark.slow

PATH = "/v1/messages"


def test_a_provider_by_tls_hears_its_own_name(start: Callable[..., Road], tmp_path: Path) -> None:
    """In the handshake and in the request, whichever name of this machine the client used."""
    write_certificate(tmp_path / "provider.pem", ["localhost"])
    context = server_context(tmp_path / "provider.pem")
    names: list[str | None] = []

    def hear(_socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
        names.append(name)

    context.sni_callback = hear
    with closing(Provider(context)) as secure:
        road = start(url=f"https://localhost:{secure.port}", options=["ssl_insecure=true"])
        road.provider = secure
        call = road.post(PATH, body_for(PATH, "hello"))
        assert call.received.head.get("host") == f"localhost:{secure.port}"
        assert call.wait(EventKind.RECEIVED).payload["host"] == "localhost"
        assert names == ["localhost"]
    assert not secure.faults


@pytest.mark.parametrize("keep", ["true", "false"])
def test_the_clients_name_is_kept_only_where_a_person_says_so(start: Callable[..., Road], keep: str) -> None:
    """By mitmproxy's own option `keep_host_header`."""
    road = start(options=[f"keep_host_header={keep}"])
    call = road.post(PATH, body_for(PATH, "hello"), {"Host": "localhost:1"})
    expected = "localhost:1" if keep == "true" else f"127.0.0.1:{road.provider.port}"
    assert call.received.head.all("host") == [expected]


def test_one_connection_carries_many_requests(start: Callable[..., Road]) -> None:
    """Upstream it is one as well; each request is looked at."""
    road = start()
    wire = road.connect()
    for host, status in (("localhost", 200), ("evil.test", 403), ("127.0.0.1", 200)):
        call = road.send(PATH, body_for(PATH, "hello"), {"Host": host}, over=wire)
        assert f" {status} " in call.head().line
        call.rest()
