"""Changes how mitmproxy handles reverse ports: `keep_host` makes a request keep the client's `Host` header until addons
have seen it, and opens the connection to the provider only for a request; `restore_host` puts the provider's name in.

mitmproxy replaces that header before any hook sees the request, and by default opens the upstream connection first:
when that fails, it closes the client's connection, even if it carries a command to the proxy itself.
"""

from __future__ import annotations

from typing import Any

from mitmproxy import connection, ctx, http
from mitmproxy.net.http import url
from mitmproxy.options import Options
from mitmproxy.proxy.mode_specs import ReverseMode

__all__ = ["keep_host", "restore_host"]

_SECURE = ("http3", "quic", "https", "tls", "dtls")
"""Schemes whose upstream connection is told the provider's name (SNI), as mitmproxy's own layer does."""
_HTTP = ("http", "https", "http3")


def keep_host(client: connection.Client) -> None:
    """Have a new connection to a reverse port keep the client's `Host`. Call it from `client_connected`."""
    mode = client.proxy_mode
    handler = ctx.master.addons.get("proxyserver").connections.get(client.id)
    if not isinstance(mode, ReverseMode) or handler is None:
        return
    context = handler.layer.context
    if mode.scheme in _SECURE and not context.options.keep_host_header:
        context.server.sni = mode.address[0]
    # What waits for a server's greeting, as raw TCP may, still opens its connection at once.
    lazy = {"connection_strategy": "lazy"} if mode.scheme in _HTTP else {}
    context.options = _Options(context.options, keep_host_header=True, **lazy)


def restore_host(flow: http.HTTPFlow) -> None:
    """Put the provider's name into a request's `Host`, as mitmproxy would have, unless its option `keep_host_header` is
    set."""
    server = flow.server_conn
    if server.address is not None and not ctx.options.keep_host_header:
        flow.request.host_header = url.hostport("https" if server.tls else "http", *server.address[:2])


class _Options:
    """mitmproxy's options as one connection sees them, with other values for some."""

    def __init__(self, options: Options, **own: object) -> None:
        self._options, self._own = options, own

    def __getattr__(self, name: str) -> Any:
        return self._own[name] if name in self._own else getattr(self._options, name)
