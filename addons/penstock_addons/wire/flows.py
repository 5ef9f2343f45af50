"""Functions on mitmproxy flows: `has_turn` waits until a delayed request may leave, unless its client disconnects;
`is_local` says whether the client is on this machine; `headers_of` gives a request's headers by lower-case name,
`by_name` any headers. `listening`: the addresses on which the proxy listens."""

from __future__ import annotations

import asyncio
import time
from ipaddress import ip_address

from mitmproxy import ctx, http
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy.mode_specs import ProxyMode, RegularMode, ReverseMode, UpstreamMode

__all__ = ["by_name", "has_turn", "headers_of", "is_local", "listening"]

LOOK_S = 0.5
"""Seconds between two checks whether a waiting client is still connected."""


async def has_turn(flow: http.HTTPFlow, wait_s: float) -> bool:
    """Wait up to `wait_s` seconds for a delayed request's turn. False: its client disconnected, which mitmproxy reports
    to no hook while another one runs."""
    until = time.perf_counter() + wait_s
    while (left := until - time.perf_counter()) > 0:
        if ConnectionState.CAN_READ not in flow.client_conn.state:
            return False
        await asyncio.sleep(min(left, LOOK_S))
    return True


def is_local(flow: http.HTTPFlow) -> bool:
    """Whether the client connected from a loopback address."""
    peer = flow.client_conn.peername
    try:
        address = ip_address(peer[0].partition("%")[0]) if peer else None
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback


def headers_of(flow: http.HTTPFlow) -> dict[str, str]:
    """The headers of the flow's request, by their names in lower case."""
    return by_name(flow.request.headers)


def by_name(headers: http.Headers) -> dict[str, str]:
    """The headers by lower-case name, those of one name joined. One walk: mitmproxy searches all of them for each."""
    out: dict[str, str] = {}
    for raw_name, raw_value in headers.fields:
        name, value = (part.decode("utf-8", "surrogateescape") for part in (raw_name, raw_value))
        name = name.lower()
        out[name] = f"{out[name]}, {value}" if name in out else value
    return out


def listening() -> list[str]:
    """The addresses the proxy listens on, those that take commands first: other programs ask the first one that
    answers."""
    found = ctx.master.addons.get("proxyserver")
    servers = sorted(found.servers if found is not None else (), key=lambda server: not _speaks_http(server.mode))
    # A reverse port to https listens by TCP and, for HTTP/3, by UDP: one address all the same.
    return list(dict.fromkeys(f"{host}:{port}" for server in servers for host, port, *_ in server.listen_addrs))


def _speaks_http(mode: ProxyMode) -> bool:
    if isinstance(mode, ReverseMode):
        return mode.scheme in ("http", "https")
    return isinstance(mode, RegularMode | UpstreamMode)
