"""`listen`: the socket that the service listens on. Raises `PenstockError` with what to do: for an address of another
machine, for a port that is taken, and by whom where that is a Penstock service. `is_every_address`: whether a host is
no single address."""

from __future__ import annotations

import errno
import socket
from ipaddress import ip_address

from penstock.base.errors import PenstockError
from penstock.base.probe import NoAnswer, probe

__all__ = ["is_every_address", "listen"]

_ASKED_S = 2.0
"""Seconds that whoever has the port gets to say whether it is a service."""
_READY = frozenset({"ready", "degraded", "lag", "cursor"})
"""The fields of `/readyz`, which needs no token."""


def is_every_address(host: str) -> bool:
    """Resolved, for `0` and `::0` are every address, too. Raises `PenstockError` for a name that has none."""
    try:
        found = socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as e:
        raise PenstockError(f"{host!r} cannot be listened on ({e}): name an address of this machine") from e
    return any(ip_address(address[0]).is_unspecified for *_, address in found)


def listen(host: str, port: int) -> socket.socket:
    """Listen there. Raises `PenstockError`."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, UnicodeError) as e:
        raise PenstockError(f"{host}:{port} cannot be listened on: {_why(host, port, e)}") from e


def _why(host: str, port: int, e: OSError | UnicodeError) -> str:
    number = e.errno if isinstance(e, OSError) else None
    if number == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine: name one that is, such as 127.0.0.1"
    if number == errno.EADDRINUSE and _is_service(host, port):
        return (
            "a Penstock service is up there already, which programs and agents can use; if you want another one, give "
            "it another port and a store of its own"
        )
    return f"{e}: give the service another port"


def _is_service(host: str, port: int) -> bool:
    """Whether what answers there is a Penstock service. It is shown no token, as it may be anybody."""
    every = {"0.0.0.0": "127.0.0.1", "::": "::1"}
    at = every.get(host, host)
    url = f"http://{f'[{at}]' if ':' in at else at}:{port}/readyz"
    try:
        answer = probe(url, _ASKED_S).content
    except NoAnswer:
        return False
    return isinstance(answer, dict) and answer.keys() >= _READY
