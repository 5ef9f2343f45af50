"""What a client asks of the suite: to be passed by, or to have another profile.

Per request by a header, `x-penstock: bypass` or `x-penstock: profile=NAME`, which goes no further. Per session by the
user name of the proxy's address, `HTTPS_PROXY=http://bypass:x@127.0.0.1:8080` or `http://NAME:x@127.0.0.1:8080`: it
holds for every connection of a client started with it. The password is not read, but some clients want one.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import OrderedDict
from dataclasses import dataclass

from mitmproxy.http import Headers

from penstock.dialects.signed_body import signed_headers

__all__ = ["ClientOverrides", "OverrideReader"]

HEADER = "x-penstock"
CONNECTIONS = 10_000
_NAME = re.compile(r"[\w+-]{1,64}")
"""A profile by name: a client must not have the proxy read a file of its choice."""


@dataclass(frozen=True, slots=True)
class ClientOverrides:
    """What a client asked for."""

    bypass: bool = False
    profile: str = ""


class OverrideReader:
    """Remembers what each connection asked for, and takes our own headers out of requests."""

    def __init__(self) -> None:
        self._connections: OrderedDict[str, ClientOverrides] = OrderedDict()

    def learn(self, connection: str, headers: Headers) -> None:
        """Read the user name a client gave when it opened a tunnel."""
        user = _user(headers.get("proxy-authorization", ""))
        if user:
            self._connections[connection] = _asked(user)
            while len(self._connections) > CONNECTIONS:
                self._connections.popitem(last=False)

    def forget(self, connection: str) -> None:
        """The connection was closed."""
        self._connections.pop(connection, None)

    def take(self, connection: str, headers: Headers) -> ClientOverrides:
        """What this request asks for; what was meant for the proxy alone goes no further. A header that a signature
        covers must stay: the provider refuses a request without it."""
        is_covered = HEADER in signed_headers(headers)
        header = headers.get(HEADER, "") if is_covered else headers.pop(HEADER, "")
        user = _user(headers.pop("proxy-authorization", ""))
        said = header.strip()
        if said and not said.lower().startswith("profile="):
            return ClientOverrides(
                bypass=True
            )  # `bypass`, or something misspelled: who asks to be left alone is left alone
        name = said[len("profile=") :].strip() or user
        return _asked(name) if name else self._connections.get(connection, ClientOverrides())


def _asked(said: str) -> ClientOverrides:
    if said.lower() == "bypass":
        return ClientOverrides(bypass=True)
    return ClientOverrides(profile=said if _NAME.fullmatch(said) else "")


def _user(authorization: str) -> str:
    kind, _, value = authorization.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
