"""`refusal`: why a local server refuses an HTTP request (`Caller`), or an empty text: it answers programs and its own
pages, never pages of other sites (cross-site requests, DNS rebinding), unless a person `Allowed` them (`Allowed.of`
raises `ValueError` for a name that is not safe). `is_loopback`: whether an address is reached from this machine only.
`is_own_name` and `is_own_page` check one header.

A browser sends a page's requests to any address that its machine can reach. It names the page in `Origin` and
`Sec-Fetch-Site`, which no page can change. It takes a page whose own name resolves to this server (DNS rebinding) for a
page of this server; only the name in `Host` shows that.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

__all__ = ["Allowed", "Caller", "is_loopback", "is_own_name", "is_own_page", "refusal"]

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\s\[\]]+)(?::\d{1,5})?", re.IGNORECASE)
_NAME = re.compile(r"[a-z0-9]([a-z0-9_.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]+\]")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s,*]*")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})
_SAME = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` (https://www.w3.org/TR/fetch-metadata/): a page of this server, or a person who typed the
address. The others are `same-site`, another port of this machine, and `cross-site`."""
_SHOWN = 120
"""Characters of a stranger's header that a message repeats."""


@dataclass(frozen=True)
class Allowed:
    """Names and origins that a person allowed besides loopback names and the server's own pages."""

    names: frozenset[str] = frozenset()
    """Host names, in lower case, without a port."""
    origins: frozenset[str] = frozenset()
    """Origins, in lower case: whole ones, or `scheme://` for all of a scheme that only programs can use."""

    @classmethod
    def of(cls, names: Iterable[str], origins: Iterable[str]) -> Allowed:
        """Raises `ValueError`, which says what was expected, if one of them is not safe to let in or cannot be read."""
        return cls(frozenset(map(_name, names)), frozenset(map(_origin, origins)))


@dataclass(frozen=True)
class Caller:
    """The headers of a request that tell where it comes from."""

    hosts: tuple[str, ...]
    """Every `Host` header, and the authority of the first line if it has one."""
    origins: tuple[str, ...] = ()
    """The values of every `Origin` header."""
    sites: tuple[str, ...] = ()
    """The values of every `Sec-Fetch-Site` header."""
    is_preflight: bool = False
    """A browser asks whether a page may send something."""
    scheme: str = "http"
    """The scheme by which this server was reached: `http` or `https`."""


def refusal(caller: Caller, allowed: Allowed) -> str:
    """Why a request is refused, in words for the person who meets them. Empty: it may pass."""
    for host in caller.hosts or ("",):
        if not is_own_name(host, allowed.names):
            return (
                f"Penstock answers requests for 127.0.0.1, localhost and [::1] here, not for {_shown(host)}: web pages "
                "use such names to reach this machine. If it is a name of yours, start the proxy with "
                "`--set penstock_names=NAME`."
            )
    foreign = [one for one in caller.origins if not _may_come(one, caller, allowed)]
    if foreign:
        return (
            f"Penstock does not answer web pages here, and this request comes from one: {_shown(foreign[0])}. If it is "
            "an app of yours, start the proxy with `--set penstock_origins=ORIGIN`."
        )
    if caller.origins:
        return ""
    sites = [one for one in caller.sites if one.strip().lower() not in _SAME]
    if not sites and not caller.is_preflight:
        return ""
    said = f"Sec-Fetch-Site {_shown(sites[0])}" if sites else "a preflight"
    return f"Penstock does not answer web pages here, and this request comes from one: {said}."


def is_own_name(host: str, names: Collection[str] = ()) -> bool:
    """Whether a `Host` header names this machine by loopback, or by one of `names`. Any port: a tunnel may begin at
    another than the server's."""
    found = _HOST.fullmatch(host)
    return found is not None and (found[1].lower() in _LOOPBACK or found[1].lower() in names)


def is_own_page(origin: str, host: str, scheme: str = "http") -> bool:
    """Whether `origin` is a page of the server that `host` names: another port is another server."""
    return origin.lower() == f"{scheme}://{host.lower()}"


def is_loopback(address: str) -> bool:
    """Whether an address, or `localhost`, is one by which a machine reaches itself alone. An IPv4 address within IPv6
    counts as what it is."""
    if address == "localhost":
        return True
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _may_come(origin: str, caller: Caller, allowed: Allowed) -> bool:
    said = origin.lower()
    scheme, mark, _ = said.partition("://")
    if said in allowed.origins or (mark and f"{scheme}://" in allowed.origins):
        return True
    return any(is_own_page(origin, host, caller.scheme) for host in caller.hosts)


def _name(given: str) -> str:
    name = given.strip().lower()
    if not _NAME.fullmatch(name):
        raise ValueError(f"{given!r}: the name of a host, without a port, was expected, such as host.docker.internal")
    return name


def _origin(given: str) -> str:
    origin = given.strip().lower()
    if origin == "null":
        raise ValueError("'null': any page can have that origin, by a frame; name the app's own, such as app://NAME")
    if not _ORIGIN.fullmatch(origin) or origin in ("http://", "https://"):
        raise ValueError(
            f"{given!r}: an origin was expected, such as http://localhost:3000, or a scheme that no web page has, such "
            "as vscode-webview://"
        )
    return origin


def _shown(said: str) -> str:
    return repr(said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…")
