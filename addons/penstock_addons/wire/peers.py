"""`Peers`: the addon that decides from which machines clients may connect: from this one, and from others only with a
login, to the gateway's port, or if the user allowed it. It closes other connections before a byte is read, and names up
to 100 refused addresses in the log."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from mitmproxy import connection, ctx
from mitmproxy.proxy import mode_specs

from penstock.base.browser_origin import is_loopback
from penstock_addons.wire.gateway_port import is_gateway
from penstock_addons.wire.options import ProxyOptions

__all__ = ["Peers"]

logger = logging.getLogger(__name__)
TOLD = 100
"""Refused addresses that are named in the log; a scan of a network must not fill it."""
_OWN = ("local", "wireguard", "tun", "osproxy")
"""Modes that take connections of this machine's programs, or of peers with a key."""
_WITH_LOGIN = ("regular", "upstream", "socks5")
"""Modes in which mitmproxy asks for `proxyauth` before anything else; besides reverse ports that speak HTTP."""


class Peers:
    """Closes connections of other machines before a byte is read, in every mode."""

    def __init__(self, options: ProxyOptions) -> None:
        self._options = options
        self._told: set[str] = set()

    def running(self) -> None:
        """Log what can be reached from other machines, and what that means."""
        open_to_all = list(dict.fromkeys(self._open_to_all()))
        if not open_to_all:
            return
        where = ", ".join(open_to_all)
        if self._options.allow_remote:
            logger.warning(
                "Penstock listens on %s, and penstock_allow_remote is set: whoever can reach it can use this proxy, "
                "and add to its memory. proxyauth=USER:PASSWORD asks for a login.",
                where,
            )
            return
        logger.warning(
            "Penstock listens on %s, which other machines may reach; only this one is answered. Start with "
            "--listen-host 127.0.0.1 to listen here alone. To let others in, set proxyauth=USER:PASSWORD, or "
            "penstock_allow_remote=true if the network keeps strangers out.",
            where,
        )

    def client_connected(self, client: connection.Client) -> None:
        """The first hook of every connection, also of tunnels, reverse ports and connections that are not HTTP."""
        address = client.peername[0] if client.peername else ""
        if is_loopback(address) or self._may_come(client.proxy_mode):
            return
        client.error = "Penstock answers this machine only."
        if address not in self._told and len(self._told) < TOLD:
            self._told.add(address)
            logger.warning("%s is not answered: penstock_allow_remote or proxyauth would let it in.", address)

    def _may_come(self, mode: mode_specs.ProxyMode) -> bool:
        if mode.type_name in _OWN or self._options.allow_remote or is_gateway(mode):  # there, each request has a key
            return True
        return bool(ctx.options.proxyauth) and _asks_for_login(mode)

    def _open_to_all(self) -> Iterable[str]:
        servers = ctx.master.addons.get("proxyserver")
        for server in servers.servers if servers is not None else ():
            login = is_gateway(server.mode) or (bool(ctx.options.proxyauth) and _asks_for_login(server.mode))
            for host, port, *_ in server.listen_addrs if server.mode.type_name not in _OWN and not login else ():
                if not is_loopback(host):
                    yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _asks_for_login(mode: mode_specs.ProxyMode) -> bool:
    if isinstance(mode, mode_specs.ReverseMode):
        return mode.scheme in ("http", "https", "http3")
    return mode.type_name in _WITH_LOGIN
