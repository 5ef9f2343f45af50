"""`InFlight`, the state kept for a model request under way; and functions on mitmproxy flows: whether the client is
still connected, is local, and where the proxy listens."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from ipaddress import ip_address

from mitmproxy import ctx, http
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy.mode_specs import ProxyMode, RegularMode, ReverseMode, UpstreamMode

from penstock.budget.provider_limits import RateLimitInfo
from penstock.conversation.reply import Reply, Usage
from penstock.dialects.base import Dialect
from penstock.engine.proxy_decision import ProxyDecision
from penstock.tokens.estimate import estimate
from penstock_addons.wire.per_flow import PerFlow
from penstock_addons.wire.tee import Tee

__all__ = ["Ending", "InFlight", "has_turn", "headers_of", "in_flight", "is_local", "listening", "usage_so_far"]

LOOK_S = 0.5
"""How often it is looked whether a client that waits is still there."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a model request ended."""

    status: int
    """Of the provider's answer; 0: none came."""
    is_paid: bool
    """The provider started its answer, or may have."""
    is_whole: bool
    """The answer came to its end."""
    reply: Reply | None = None
    """What was read of it; see `usage_so_far`."""


@dataclass
class InFlight:
    """The state of one model request until its answer is complete."""

    id: str
    dialect: Dialect
    started: float
    credentials: tuple[str, ...]
    outcome: ProxyDecision | None = None
    tee: Tee | None = None
    limits: tuple[RateLimitInfo, ...] = ()
    """What the provider reported of its limits."""
    is_over: bool = False
    ending: Ending | None = None
    """How it ended, once it has."""


def usage_so_far(reply: Reply) -> Usage:
    """The usage of an answer. Output tokens are reported only at its end, if at all: else they are estimated."""
    if reply.complete and reply.usage.output is not None:
        return reply.usage
    came = estimate(reply.text) + sum(estimate(tool.input) for tool in reply.tools)
    return replace(reply.usage, output=max(reply.usage.output or 0, came))


in_flight: PerFlow[InFlight] = PerFlow()
"""By flow, the state of its model request, until the flow is gone."""


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
