"""`check_base_url`: checks the address of a provider, so that a request with a key cannot reach hosts that only this
machine or its network can (SSRF). Raises `InvalidSetting`. `private_addresses`: those of a name's addresses that are
not public.

An address is public https, or one of those that the owner allowed (`[gateway] allow_private`, or the provider's own
`allow_private`). Names are resolved when a provider is added and again whenever it is connected to, since what a name
leads to can change.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from penstock.gateway.errors import InvalidSetting

__all__ = ["check_base_url", "is_public", "private_addresses"]

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\]")
_LONGEST = 400
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Translated to IPv4 addresses: RFC 6052."""
_NOT_PUBLIC = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
"""IPv4 addresses as they were written before RFC 4291, and those of translators within a network (RFC 8215)."""


def check_base_url(given: str, *, is_private_allowed: bool, allowed: Collection[str] = ()) -> str:
    """`given` as it is stored, without a `/v1` or a slash at its end. `allowed`: hosts, or `host:port`, that may be
    private. Raises `InvalidSetting`."""
    if len(given) > _LONGEST:
        raise _bad(given, f"it is longer than {_LONGEST} characters")
    url = re.sub(r"/+(?:v1/*)?$", "", given.strip())
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as e:
        raise _bad(given, f"{e}") from e
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in ("http", "https") or not host:
        raise _bad(given, "https://HOST[:PORT][/PATH] was expected")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise _bad(given, "it has a login, a query or a fragment, which an address of a provider has not")
    if not _HOST.fullmatch(f"[{host}]" if ":" in host else host) or re.search(r"[\x00-\x20\\]|/\.\.?(?:/|$)", url):
        raise _bad(given, "it has characters that no address has")
    port = port or (443 if parts.scheme == "https" else 80)
    names = (host, f"{host}:{port}", f"[{host}]", f"[{host}]:{port}")
    if is_private_allowed or any(one.lower() in names for one in allowed):
        return url
    if parts.scheme != "https":
        raise _bad(given, f"only https is asked, unless {_HOW}")
    found = private_addresses(host, port)
    if found:
        raise _bad(given, f"{host} is {found[0]}, in this machine's own network; allowed only if {_HOW}")
    return url


def private_addresses(host: str, port: int) -> list[str]:
    """The addresses of `host` that are not public; also empty if the name cannot be resolved. Waits for the
    resolver."""
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found if not is_public(str(address[0]))]


def is_public(address: str) -> bool:
    """Whether an IP address is public. False for a text that is no IP address."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if ip.version == 6:
        if ip.is_site_local or any(ip in network for network in _NOT_PUBLIC):
            return False
        embedded = ip.ipv4_mapped or ip.sixtofour or (ipaddress.IPv4Address(ip.packed[-4:]) if ip in _NAT64 else None)
        if embedded is not None:
            return is_public(str(embedded))
    return ip.is_global and not ip.is_multicast


_HOW = "the owner adds it with `--allow-private`, or lists it in `[gateway] allow_private`"


def _bad(given: str, why: str) -> InvalidSetting:
    return InvalidSetting(f"base_url {given[:100]!r}: {why}", "base_url")
