"""Who may call: checks the `Host`, the token and the size of a body before anything else reads a request."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Collection

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock_service.http.answers import STATUS, error_body

__all__ = ["Access"]

_LONGER = {"/v1/import": 4 << 30}
"""Bytes of a body by path, where it is read as a stream and never held in memory."""
_HOST = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::\d{1,5})?")
OPEN = frozenset({"/healthz", "/readyz", "/health", "/docs"})
"""Paths without a token: those of probes, and the description for people, which is the same everywhere."""


class Access:
    """Lets a request through that names this service as its host (a page of another site cannot, whatever name it has
    made lead here) and carries the owner's token."""

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str], max_body: int) -> None:
        """`max_body`: bytes that a body may have."""
        self._app, self._token, self._hosts, self._max_body = app, token, frozenset(hosts), max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers, most = Headers(scope=scope), _LONGER.get(scope["path"], self._max_body)
        host = _HOST.fullmatch(headers.get("host", ""))
        if host is None or (host[1] or host[2]).lower() not in self._hosts:
            named = ", ".join(sorted(self._hosts))
            message = f"this service is asked for by {named}; `penstock serve --allowed-host NAME` adds a name"
            await _refuse(scope, receive, send, "misdirected", message)
        elif scope["path"] not in OPEN and not self._is_owner(headers):
            message = "a token is needed: `Authorization: Bearer TOKEN`; `penstock serve` prints which file it is in"
            await _refuse(scope, receive, send, "unauthenticated", message)
        elif any(letter < " " for letter in scope["path"]):
            await _refuse(scope, receive, send, "invalid", "a path has no control characters")
        elif int(length if (length := headers.get("content-length", "0")).isdecimal() else 0) > most:
            await _refuse(scope, receive, send, "too_large", _too_large(most))
        elif scope["type"] == "http":
            await self._app(scope, _Limited(receive, most), send)
        else:
            await self._app(scope, receive, send)

    def _is_owner(self, headers: Headers) -> bool:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token.encode())


class _Limited:
    """Ends a body that has no length and does not stop."""

    def __init__(self, receive: Receive, max_body: int) -> None:
        self._receive, self._max_body, self._read = receive, max_body, 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._read += len(message.get("body", b""))
        if self._read > self._max_body:
            raise HTTPException(STATUS["too_large"], _too_large(self._max_body))
        return message


def _too_large(max_body: int) -> str:
    return f"a body has at most {max_body:,} bytes (`[service] body_megabytes`)"


async def _refuse(scope: Scope, receive: Receive, send: Send, type: str, message: str) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4000 + STATUS[type], "reason": type})
        return
    body = json.dumps(error_body(type, message)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if type == "unauthenticated":
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": STATUS[type], "headers": headers})
    await send({"type": "http.response.body", "body": body})
