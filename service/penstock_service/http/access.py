"""`Access`: the ASGI middleware that checks the `Host`, the owner's token or a key, and the size and text of a body,
before a route reads a request. The paths for probes and `/docs` need no token, and the admin pages have a login of
their own."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Collection

from fastapi import HTTPException
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from penstock_service.http.errors import STATUS, error_body
from penstock_service.http.json_body import checked, read_body
from penstock_service.http.key_checker import KEY_HEADER, KeyChecker, bearer

__all__ = ["Access"]

_STREAMED = {"/v1/import": "", "/v1/ingest": "application/x-ndjson"}
"""Paths whose bodies are read as a stream and never held in memory, with the content type for which that holds; empty:
any."""
_LONGEST = 4 << 30
"""Bytes of such a body."""
_HOST = re.compile(r"(?:\[([^\]]+)\]|([^:\[\]]+))(?::\d{1,5})?")
_LONG = 64 << 10
"""Bytes from which on a body is checked in a thread."""
_WRITING = frozenset({"POST", "PUT", "PATCH"})
"""Methods of calls with a body."""
OPEN = frozenset({"/healthz", "/readyz", "/health", "/docs"})
"""Paths that need no token: those for probes, and the description for people, which is the same everywhere."""
_PAGES = re.compile(r"/admin(?:/|\Z)")
"""The admin pages, which have a login of their own."""


class Access:
    """Lets a request through that names this service in `Host` (a web page of another site cannot, even if its name
    resolves to this machine) and carries the owner's token, or a key that may make this call."""

    def __init__(self, app: ASGIApp, token: str, hosts: Collection[str], max_body: int, keys: KeyChecker) -> None:
        """`max_body`: the largest body in bytes, except on paths whose bodies are streamed."""
        self._app, self._token, self._hosts, self._max_body = app, token, frozenset(hosts), max_body
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        streamed = _STREAMED.get(scope["path"])
        is_streamed = streamed is not None and streamed in headers.get("content-type", "").lower()
        most = _LONGEST if is_streamed else self._max_body
        host = _HOST.fullmatch(headers.get("host", ""))
        if host is None or (host[1] or host[2]).lower() not in self._hosts:
            named = ", ".join(sorted(self._hosts))
            message = f"this service is asked for by {named}; `penstock serve --allowed-host NAME` adds a name"
            await _refuse(scope, receive, send, "misdirected", message)
        elif (
            refusal := await self._keys.admit(scope, headers) if self._needs_key(scope, headers) else None
        ) is not None:
            await _refuse(scope, receive, send, *refusal)
        elif any(letter < " " for letter in scope["path"]):
            await _refuse(scope, receive, send, "invalid", "a path has no control characters")
        elif int(length if (length := headers.get("content-length", "0")).isdecimal() else 0) > most:
            await _refuse(scope, receive, send, "too_large", _too_large(most))
        else:
            is_json = "json" in headers.get("content-type", "") and scope.get("method") in _WRITING and not is_streamed
            await self._pass_on(scope, receive, self._keys.watched(scope, headers, send), most, is_json)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, most: int, is_json: bool) -> None:
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
        elif is_json:
            await self._checked(scope, _Limited(receive, most), send)
        else:
            await self._app(scope, _Limited(receive, most), send)

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        """With a body of JSON."""
        try:
            body, receive = await read_body(receive)
        except HTTPException as e:
            await _refuse(scope, receive, send, "too_large", e.detail)
            return
        # A long one takes a fraction of a second: others are answered meanwhile.
        is_mcp = scope["path"] == "/mcp"
        fault = await run_in_threadpool(checked, body, is_mcp) if len(body) > _LONG else checked(body, is_mcp)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await _refuse(scope, receive, send, fault.type, str(fault), fault.param)

    def _needs_key(self, scope: Scope, headers: Headers) -> bool:
        """A key beside the owner's token counts: who adds one wants what it may, and no more."""
        is_owner = hmac.compare_digest(bearer(headers).encode(), self._token.encode()) and KEY_HEADER not in headers
        return scope["path"] not in OPEN and not _PAGES.match(scope["path"]) and not is_owner


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


async def _refuse(scope: Scope, receive: Receive, send: Send, type: str, message: str, param: str = "") -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 4000 + STATUS[type], "reason": type})
        return
    body = json.dumps(error_body(type, message, param)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if type == "unauthenticated":
        headers.append((b"www-authenticate", b"Bearer"))
    if type == "busy":
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": STATUS[type], "headers": headers})
    await send({"type": "http.response.body", "body": body})
