"""`WebPages`: the addon that refuses requests sent by web pages in a browser, to reverse ports and to the proxy's own
port used as a server. For that it has mitmproxy keep the client's `Host` on reverse ports until it has seen it
(`reverse`). A program that uses the proxy's port as a server, as with a base URL, is told how it is used.

They are refused and not merely ignored: if forwarded, a page could use what the provider grants this machine (a local
model, a key that a gateway adds), and read the answer where the provider allows it.
"""

from __future__ import annotations

import logging
import re

import msgspec
from mitmproxy import connection, http
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers.modes import HttpProxy, HttpUpstreamProxy
from mitmproxy.proxy.mode_specs import ReverseMode

from penstock.base.browser_origin import Caller, refusal
from penstock.events.proxy_events import FaultEvent
from penstock_addons.wire import reverse
from penstock_addons.wire.gateway_port import is_gateway
from penstock_addons.wire.model_requests import ModelRequests
from penstock_addons.wire.options import ProxyOptions

__all__ = ["WebPages"]

logger = logging.getLogger(__name__)
TAKEN = 1 << 20
"""Bytes of a refused request's body that are read so that it can be answered. Above, the connection is closed."""
TOLD = 100
"""The number of different refusals that are logged in one run: a page must not fill the log."""
AS_SERVER = (
    "Penstock's port {0} is that of a proxy, not the address of a provider: start the client by `penstock run -- "
    "CLIENT`, or set HTTPS_PROXY=http://127.0.0.1:{0} in place of a base URL. For a base URL, `penstock up --reverse "
    "anthropic` prints one."
)
_REQUEST_LINE = re.compile(rb"[A-Z]{1,20} (.)")
_OWN_PATH = b"/*"
_TELLING = (b"host", b"origin", b"sec-fetch-site", b"access-control-request-method")
"""The headers that tell where a request comes from."""


class WebPages:
    """Comes after the control channel, which has its token, and before the addons that read requests."""

    def __init__(self, options: ProxyOptions, requests: ModelRequests) -> None:
        self._options, self._requests = options, requests
        self._direct: set[str] = set()
        """Connections to a proxy's port whose client uses it as a server."""
        self._told: set[str] = set()

    def client_connected(self, client: connection.Client) -> None:
        if not client.error and isinstance(client.proxy_mode, ReverseMode):
            reverse.keep_host(client)

    def client_disconnected(self, client: connection.Client) -> None:
        self._direct.discard(client.id)

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        """Checks the first bytes sent to the proxy's port. A client of a proxy names a host, by CONNECT or before the
        path; mitmproxy removes that name before any hook sees the request."""
        context = nextlayer.context
        # Behind mitmproxy's own add-on, the layer that it has chosen is in the list already, with those above it.
        chosen = next((i for i, one in enumerate(context.layers) if one is nextlayer.layer), len(context.layers))
        if not chosen or not isinstance(context.layers[chosen - 1], HttpProxy | HttpUpstreamProxy):
            return
        found = _REQUEST_LINE.match(nextlayer.data_client())
        if found is not None and found[1] in _OWN_PATH:
            self._direct.add(context.client.id)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        is_reverse = isinstance(flow.client_conn.proxy_mode, ReverseMode)
        if flow.is_replay or not (is_reverse or flow.client_conn.id in self._direct):
            return
        caller = _caller(flow)
        if is_reverse:
            reverse.restore_host(flow)
        if flow.response is not None or is_gateway(flow.client_conn.proxy_mode):  # both have a token of their own
            return
        why = refusal(caller, self._options.allowed(_own_address(flow)))
        if why:
            self._refuse(flow, 403, why, "web page")
        elif not is_reverse and flow.client_conn.sockname and flow.request.port == flow.client_conn.sockname[1]:
            self._refuse(flow, 400, AS_SERVER.format(flow.request.port), "base URL")

    def _refuse(self, flow: http.HTTPFlow, status: int, why: str, where: str) -> None:
        length = flow.request.headers.get("content-length", "0")
        if length.isdecimal() and len(length) < 20 and int(length) <= TAKEN:
            flow.response = self._answer(flow, status, why)
        else:
            flow.kill()
        if why in self._told or len(self._told) >= TOLD:
            return
        self._told.add(why)
        logger.warning("%s", why)
        if self._requests.suite is not None:
            self._requests.suite.log.append(FaultEvent(where, why))

    def _answer(self, flow: http.HTTPFlow, status: int, why: str) -> http.Response:
        """In the form that the client of this path reads, and without a header that lets a page read it."""
        suite = self._requests.suite
        found = suite.engine.route(flow.request.method, flow.request.path.partition("?")[0]) if suite else None
        value = found[0].error_body(status, why) if found is not None else {"error": {"message": why}}
        headers = {
            "content-type": "application/json",
            "x-penstock": "refused",
            "cross-origin-resource-policy": "same-origin",
        }
        return http.Response.make(status, msgspec.json.encode(value), headers)


def _caller(flow: http.HTTPFlow) -> Caller:
    found: dict[bytes, list[str]] = {name: [] for name in _TELLING}
    for name, value in flow.request.headers.fields:  # in one walk: mitmproxy searches all of them for each name
        if (known := found.get(name.lower())) is not None:
            known.append(value.decode("utf-8", "surrogateescape"))
    hosts, origins, sites, asks = found.values()
    if flow.request.authority:
        hosts.append(flow.request.authority)
    return Caller(
        tuple(hosts),
        tuple(origins),
        tuple(sites),
        is_preflight=flow.request.method == "OPTIONS" and bool(asks),
        scheme="https" if flow.client_conn.tls else "http",
    )


def _own_address(flow: http.HTTPFlow) -> str:
    """The address of this machine that the client connected to, as a `Host` header has it; a DNS name that resolves to
    this machine does not count. Empty: not known."""
    address = flow.client_conn.sockname[0] if flow.client_conn.sockname else ""
    return f"[{address}]" if ":" in address else address
