"""`TokenAuth`: says which browser requests the web server answers: those with the token, new at each start, or the
cookie that stands for it, under a name of this machine, and from the server's own page. Independent of the server: it
gets plain request data."""

from __future__ import annotations

import secrets

from penstock.base.browser_origin import is_own_name, is_own_page

__all__ = ["TokenAuth"]


class TokenAuth:
    """Accepts requests that have the token of this start and come from our own page, under a name of this machine."""

    def __init__(self, port: int) -> None:
        self.token = secrets.token_urlsafe(32)
        """The token in the address that is printed. Used once, it is exchanged for `key`."""
        self.key = secrets.token_urlsafe(32)
        """The value of the cookie."""
        # Browsers send the cookies of one port to all ports of a host: another server must not take ours away.
        self.cookie = f"penstock_{port}"

    def refusal(self, *, host: str, origin: str | None, token: str, key: str, is_socket: bool) -> str:
        """Why a request is refused, in words. Empty: it is accepted."""
        if not is_own_name(host):
            return "This server answers to 127.0.0.1 and localhost only."
        # Cookies do not tell ports apart, and a WebSocket may be opened by any page: its Origin says by which.
        if origin is None and is_socket:
            return "A WebSocket is opened by this server's own page only."
        if origin is not None and not is_own_page(origin, host):
            return "Another page's requests are not answered."
        if not (self.knows(token) or _same(key, self.key)):
            return "Open the address that `penstock tui --web` printed: it holds the token of this start."
        return ""

    def knows(self, token: str) -> bool:
        """Whether this is the token of this start."""
        return _same(token, self.token)


def _same(one: str, other: str) -> bool:
    """Constant-time comparison, as bytes: `compare_digest` raises for text beyond ASCII."""
    return secrets.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())
