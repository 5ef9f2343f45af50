"""What becomes of requests while the proxy ends: one that would leave unread may be refused, where edits were sent.
And who is said to have ended one that fails."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.connection import ConnectionState
from mitmproxy.flow import Error
from mitmproxy.test import tflow, tutils

from penstock.engine.proxy_decision import ProxyDecision
from penstock_addons.wire.in_flight import InFlight
from penstock_addons.wire.model_requests import ModelRequests


class Ending:
    """A requests whose suite a test closes."""

    def __init__(self) -> None:
        self.closes_meanwhile = False
        engine = SimpleNamespace(
            route=lambda method, path: (object(), object()) if path == "/v1/messages" else None, process=self._process
        )
        suite: Any = SimpleNamespace(
            engine=engine,
            log=SimpleNamespace(append=lambda *_, **__: None),
            profile=SimpleNamespace(name="default", limits=SimpleNamespace(body_bytes=1 << 20)),
            close=lambda: None,
        )
        hosts: Any = SimpleNamespace(reads=lambda flow: True)
        self.requests = ModelRequests(SimpleNamespace(bypass=False), hosts)  # type: ignore[arg-type]
        self.requests._suite = suite

    async def _process(self, _: object) -> ProxyDecision:
        if self.closes_meanwhile:
            self.requests.done()
        return ProxyDecision()

    async def send(self, path: str = "/v1/messages") -> http.HTTPFlow:
        flow = tflow.tflow(req=tutils.treq(method=b"POST", path=path.encode(), headers=http.Headers()))
        self.requests.requestheaders(flow)
        if flow.error is None:
            await self.requests.request(flow)
        return flow


def was_killed(flow: http.HTTPFlow) -> bool:
    return flow.error is not None and flow.error.msg == flow.error.KILLED_MESSAGE


async def test_a_model_request_after_the_end_goes_nowhere() -> None:
    """mitmproxy still serves its connections when the suite is closed. Its client asks the next proxy."""
    ending = Ending()
    assert not was_killed(await ending.send())
    ending.requests.done()
    assert was_killed(await ending.send())
    assert not was_killed(await ending.send("/v1/models"))


async def test_a_request_whose_body_ends_after_the_end_goes_nowhere() -> None:
    """Its headers were seen before."""
    ending = Ending()
    flow = tflow.tflow(req=tutils.treq(method=b"POST", path=b"/v1/messages", headers=http.Headers()))
    ending.requests.requestheaders(flow)
    ending.requests.done()
    await ending.requests.request(flow)
    assert was_killed(flow)


@pytest.mark.parametrize("closes", [True, False])
async def test_a_request_under_way_at_the_end_goes_nowhere(closes: bool) -> None:
    """What an engine that is closed says of it cannot be relied on."""
    ending = Ending()
    ending.closes_meanwhile = closes
    assert was_killed(await ending.send()) is closes


@pytest.mark.parametrize(
    ("said", "version", "state", "has_left"),
    [
        ("Client disconnected.", "HTTP/1.1", ConnectionState.CLOSED, True),
        ("peer closed connection", "HTTP/2.0", ConnectionState.CLOSED, True),
        ("peer closed connection", "HTTP/2.0", ConnectionState.OPEN, False),
        ("stream reset by client (CANCEL)", "HTTP/2.0", ConnectionState.OPEN, True),
        ("stream reset by client (CANCEL)", "HTTP/1.1", ConnectionState.OPEN, False),
        ("stream reset by client (INTERNAL_ERROR)", "HTTP/2.0", ConnectionState.OPEN, False),
        ("server closed connection", "HTTP/1.1", ConnectionState.OPEN, False),
    ],
)
def test_a_client_that_left_has_asked_all_the_same(
    said: str, version: str, state: ConnectionState, has_left: bool
) -> None:
    """mitmproxy has the same words for both sides of HTTP/2."""
    flow = tflow.tflow(err=Error(said))
    flow.request.http_version, flow.client_conn.state = version, state
    requests = Ending().requests
    requests._suite = None
    dialect: Any = object()
    requests._in_flight[flow.id] = in_flight = InFlight("1", dialect, 0.0, [])
    requests.error(flow)
    assert in_flight.result is not None
    assert in_flight.result.is_paid is has_left
