"""`OverrideReader`: reads what a client asks of the proxy for its own requests (`ClientOverrides`): to bypass Penstock,
or to use another profile.

For one request by a header, `x-penstock: bypass` or `x-penstock: profile=NAME`, which is removed before forwarding. For
a session by the user name in the proxy's URL, `HTTPS_PROXY=http://bypass:x@127.0.0.1:8080` or
`http://NAME:x@127.0.0.1:8080`; it holds for all connections of the client. The password is ignored, but some clients
require one.
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
    """What a client asked for: bypass, or a profile."""

    bypass: bool = False
    profile: str = ""


class OverrideReader:
    """Remembers what each connection asked for, and removes our header from requests."""

    def __init__(self) -> None:
        self._connections: OrderedDict[str, ClientOverrides] = OrderedDict()

    def learn(self, connection: str, headers: Headers) -> None:
        """Read the user name that a client gave when it opened a tunnel."""
        user = _user(headers.get("proxy-authorization", ""))
        if user:
            self._connections[connection] = _asked(user)
            while len(self._connections) > CONNECTIONS:
                self._connections.popitem(last=False)

    def forget(self, connection: str) -> None:
        """Drop what is known of a connection that was closed."""
        self._connections.pop(connection, None)

    def take(self, connection: str, headers: Headers) -> ClientOverrides:
        """What this request asks for. Penstock's header is removed from it, unless a signature covers it: the provider
        would refuse the request without it."""
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
