"""What a flow says of its client."""

from __future__ import annotations

import asyncio
import time
from ipaddress import ip_address

from mitmproxy import http
from mitmproxy.connection import ConnectionState

__all__ = ["has_turn", "headers_of", "is_local"]

LOOK_S = 0.5
"""How often it is looked whether a client that waits is still there."""


async def has_turn(flow: http.HTTPFlow, wait_s: float) -> bool:
    """Wait for a request's turn. False: its client left, which mitmproxy tells no hook while another is at work."""
    until = time.perf_counter() + wait_s
    while (left := until - time.perf_counter()) > 0:
        if ConnectionState.CAN_READ not in flow.client_conn.state:
            return False
        await asyncio.sleep(min(left, LOOK_S))
    return True


def is_local(flow: http.HTTPFlow) -> bool:
    peer = flow.client_conn.peername
    try:
        address = ip_address(peer[0].partition("%")[0]) if peer else None
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return address is not None and (mapped or address).is_loopback


def headers_of(flow: http.HTTPFlow) -> dict[str, str]:
    headers = flow.request.headers
    return {name.lower(): headers[name] for name in headers}
