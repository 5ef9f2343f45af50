"""Which requests are looked at, and what is made of a refusal."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.options import Options
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode
from mitmproxy.proxy.layers.modes import HttpProxy
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import tflow, tutils

from penstock.base.browser_origin import Allowed
from penstock.events.kinds import EventKind
from penstock.events.payload import EventData
from penstock_addons.wire import reverse
from penstock_addons.wire.browser_requests import TAKEN, TOLD, WebPages

EVIL = {"origin": "https://evil.test"}


class Wire:
    def __init__(self) -> None:
        self.events: list[EventData] = []
        self.suite: Any = SimpleNamespace(
            engine=SimpleNamespace(route=lambda method, path: None),
            log=SimpleNamespace(append=self.events.append),
        )
        self.names: list[str] = []
        self.pages = WebPages(SimpleNamespace(allowed=self._allowed), SimpleNamespace(suite=self.suite))  # type: ignore[arg-type]

    def _allowed(self, own: str = "") -> Allowed:
        self.names.append(own)
        return Allowed(frozenset({own}))

    def ask(
        self,
        headers: dict[str, str],
        *,
        mode: str = "reverse:http://llm.test",
        replay: bool = False,
        direct: bool = False,
    ) -> http.HTTPFlow:
        fields = http.Headers([(b"host", b"127.0.0.1:8411")])
        for name, value in headers.items():
            fields[name] = value
        flow = tflow.tflow(req=tutils.treq(headers=fields, authority=b""))
        flow.client_conn.proxy_mode = ProxyMode.parse(mode)
        flow.client_conn.sockname = ("127.0.0.5", 8411)
        flow.is_replay = "request" if replay else None
        if direct:
            self.pages._direct.add(flow.client_conn.id)
            flow.request.data.port = int(fields["host"].rpartition(":")[2])
        self.pages.requestheaders(flow)
        return flow


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    monkeypatch.setattr(reverse, "restore_host", lambda flow: None)
    return Wire()


def test_a_page_is_refused_at_a_reverse_port_alone(wire: Wire) -> None:
    """A proxy's clients may be browsers; a replay of mitmproxy's is nobody's request."""
    refused = wire.ask(EVIL).response
    assert refused is not None
    assert refused.status_code == 403
    assert wire.ask(EVIL, mode="regular").response is None
    assert wire.ask(EVIL, replay=True).response is None
    assert wire.ask({}).response is None


@pytest.mark.parametrize(("port", "is_told"), [(8411, True), (11434, False)])
def test_a_program_that_takes_the_proxy_for_a_server_is_told(wire: Wire, port: int, is_told: bool) -> None:
    """As with its port in a base URL, in words for the person who set that. Other ports of this machine are asked."""
    flow = wire.ask({"host": f"127.0.0.1:{port}"}, mode="regular", direct=True)
    assert (flow.response is not None) is is_told
    if flow.response is not None:
        assert flow.response.status_code == 400
        assert "HTTPS_PROXY=http://127.0.0.1:8411" in flow.response.text
        assert "penstock up --reverse" in flow.response.text


def test_the_address_that_was_reached_is_a_name_too(wire: Wire) -> None:
    """Any loopback address may be listened on, and an allowed machine calls this one by its own."""
    assert wire.ask({"host": "127.0.0.5:8411"}).response is None
    assert wire.ask({"host": "127.0.0.6:8411"}).response is not None
    assert set(wire.names) == {"127.0.0.5"}


def test_a_page_fills_no_log(wire: Wire) -> None:
    """Each cause once, and no more than a few of them."""
    for n in range(3 * TOLD):
        for _ in range(2):
            assert wire.ask({"origin": f"https://evil{n}.test"}).response is not None
    assert len(wire.events) == TOLD
    assert {said.KIND for said in wire.events} == {EventKind.FAULT}


@pytest.mark.parametrize("length", [str(TAKEN + 1), "9" * 5000, "many", "-1"])
def test_a_long_body_is_not_read(wire: Wire, length: str) -> None:
    """For a refusal alone: the connection is closed."""
    flow = wire.ask(EVIL | {"content-length": length})
    assert flow.response is None
    assert flow.error is not None


def test_without_a_suite_a_page_is_refused_all_the_same(wire: Wire) -> None:
    """The proxy runs, and passes what programs send."""
    wire.suite = None
    wire.pages = WebPages(SimpleNamespace(allowed=wire._allowed), SimpleNamespace(suite=None))  # type: ignore[arg-type]
    assert wire.ask(EVIL).response is not None
    assert wire.ask({}).response is None


@pytest.mark.parametrize("is_chosen", [False, True])
@pytest.mark.parametrize(
    ("line", "is_direct"), [(b"POST /v1/messages HTTP/1.1\r\n", True), (b"GET http://a/ HTTP/1.1", False)]
)
def test_a_page_that_calls_a_proxys_port_is_known_wherever_we_stand(
    line: bytes, is_direct: bool, is_chosen: bool
) -> None:
    """Before mitmproxy's own add-on, as with `-s`, or behind it, as in `penstock up`: then the next layer is chosen."""
    wire, flow = Wire(), tflow.tflow()
    context = Context(flow.client_conn, Options())
    proxy = HttpProxy(context)
    nextlayer = NextLayer(context)
    nextlayer.data_client = lambda: line  # type: ignore[method-assign]
    context.layers[:] = [proxy]
    if is_chosen:
        nextlayer.layer = HttpLayer(context, HTTPMode.regular)
    wire.pages.next_layer(nextlayer)
    assert (context.client.id in wire.pages._direct) is is_direct
