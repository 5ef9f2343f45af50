"""Where the proxy listens."""

from __future__ import annotations

from mitmproxy import ctx
from mitmproxy.proxy.mode_specs import ProxyMode, RegularMode, ReverseMode, UpstreamMode

__all__ = ["listening"]


def listening() -> list[str]:
    """Addresses, with those that take commands in front: other programs ask the first one that answers."""
    found = ctx.master.addons.get("proxyserver")
    servers = sorted(found.servers if found is not None else (), key=lambda server: not _speaks_http(server.mode))
    # A reverse port to https listens by TCP and, for HTTP/3, by UDP: one address all the same.
    return list(dict.fromkeys(f"{host}:{port}" for server in servers for host, port, *_ in server.listen_addrs))


def _speaks_http(mode: ProxyMode) -> bool:
    if isinstance(mode, ReverseMode):
        return mode.scheme in ("http", "https")
    return isinstance(mode, RegularMode | UpstreamMode)
