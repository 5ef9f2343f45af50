"""Commands to the running proxy: requests for the host `penstock.internal`, or with the header `x-penstock: command`,
answered here and never forwarded. On a reverse port, whose host is the provider's, only the header tells for sure.

Only from this machine, and only with the token that stands in a file beside the store, which its owner alone can read:
`Authorization: Bearer TOKEN`. `POST /compact {"session": ""}` has the next request of a session, or of all, flushed;
`GET /health` says that the proxy is up; `POST /memory/COMMAND` asks the memory that this process owns, `POST
/budget/COMMAND` its budgets, `POST /sessions/COMMAND` the sessions in its store.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import os
from collections.abc import Awaitable, Mapping
from typing import Any

import msgspec
from mitmproxy import http

from penstock.control.channel import COMMAND, HOST, KEY_FILE, MARK
from penstock.errors import PenstockError
from penstock.keyfile import installation_key
from penstock.suite import Suite
from penstock_addons.gateway import Gateway
from penstock_addons.memory import PREFIX, MemoryCommands
from penstock_addons.options import Settings

__all__ = ["Control"]

BODY_BYTES = 64 << 10
BUDGET = "/budget/"
SESSIONS = "/sessions/"
MEMORY_BYTES = 8 << 20
"""Of a command to memory: a piece of an import."""
ALLOWED = "penstock.control"
"""Where a flow keeps that its command may be carried out."""


class Control:
    """Answers commands. Stands before the gateway, which leaves alone what has an answer."""

    def __init__(self, settings: Settings, gateway: Gateway) -> None:
        self._settings, self._gateway = settings, gateway
        self._token = b""
        self._memory = MemoryCommands(settings)

    def running(self) -> None:
        if not self._token:
            self._token = installation_key(self._settings.store.parent, KEY_FILE).hex().encode()

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if _is_ours(flow.request.host):
            flow.response = _answer(400, error=f"plain http://{HOST} was expected")

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Whatever it is, it has an answer from here on: nothing goes upstream, no stage sees it."""
        if _is_command(flow.request):
            flow.response = _answer(503, error="not done yet")  # first: what fails below must not let it through
            refusal = self._refusal(flow)
            flow.response = refusal or flow.response
            flow.metadata[ALLOWED] = refusal is None

    def request(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        if not flow.metadata.pop(ALLOWED, False):
            return None
        suite, command = self._gateway.suite, _path(flow.request)
        if suite is not None and flow.request.method == "POST" and command.startswith(BUDGET):
            return self._ask_budget(flow, suite, command.removeprefix(BUDGET))
        if suite is not None and flow.request.method == "POST" and command.startswith(SESSIONS):
            return self._ask_sessions(flow, suite, command.removeprefix(SESSIONS))
        if suite is not None and flow.request.method == "POST" and command.startswith(PREFIX):
            return self._ask_memory(flow, suite, command.removeprefix(PREFIX))
        flow.response = self._do(flow.request)
        return None

    async def _ask_budget(self, flow: http.HTTPFlow, suite: Suite, command: str) -> None:
        # The books may be long: no request waits on the loop for them.
        flow.response = await asyncio.to_thread(_budget, suite, command, flow.request.raw_content or b"")

    async def _ask_sessions(self, flow: http.HTTPFlow, suite: Suite, command: str) -> None:
        # A whole log is read for them.
        flow.response = await asyncio.to_thread(_sessions, suite, command, flow.request.raw_content or b"")

    async def _ask_memory(self, flow: http.HTTPFlow, suite: Suite, command: str) -> None:
        # Memory reads and writes files: no request waits on the loop for that.
        status, fields = await asyncio.to_thread(self._memory.do, suite, command, flow.request.raw_content or b"")
        flow.response = _answer(status, **fields)

    def _refusal(self, flow: http.HTTPFlow) -> http.Response | None:
        peer = flow.client_conn.peername
        if peer is None or not _is_loopback(peer[0]):
            return _answer(403, error="commands are taken from this machine only")
        given = flow.request.headers.get("authorization", "").partition(" ")[2].strip()
        # Bytes of a header that are no UTF-8 come as half characters.
        if not self._token or not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token):
            return _answer(401, error=f"the token was expected: see {KEY_FILE} beside the store")
        length = flow.request.headers.get("content-length", "0")
        most = MEMORY_BYTES if _path(flow.request).startswith(PREFIX) else BODY_BYTES
        if not length.isdecimal() or int(length) > most:
            return _answer(413, error=f"at most {most} bytes")
        return None

    def _do(self, request: http.Request) -> http.Response:
        suite = self._gateway.suite
        asked = request.method, _path(request)
        if suite is None:
            return _answer(503, error="the suite is not up")
        if asked == ("GET", "/health"):
            return _answer(200, pid=os.getpid(), profile=suite.profile.name, degraded=suite.degraded)
        if asked == ("POST", "/compact"):
            try:
                session = msgspec.json.decode(request.raw_content or b"{}", type=Mapping[str, str]).get("session", "")
            except msgspec.MsgspecError as e:
                return _answer(400, error=str(e))
            return _answer(200, conversations=suite.engine.compact_now(session))
        return _answer(
            404,
            error="there are POST /compact, /memory/COMMAND, /budget/COMMAND and /sessions/COMMAND, and GET /health",
        )


def _budget(suite: Suite, command: str, body: bytes) -> http.Response:
    try:
        arguments = msgspec.json.decode(body or b"{}", type=dict[str, Any])
        return _answer(200, **suite.engine.cashier.do(command, arguments, suite.profile))
    except (ValueError, PenstockError) as e:  # msgspec's errors are of the first sort
        return _answer(400, error=str(e))


def _sessions(suite: Suite, command: str, body: bytes) -> http.Response:
    try:
        arguments = msgspec.json.decode(body or b"{}", type=dict[str, Any])
        return _answer(200, **suite.sessions().do(command, arguments))
    except (ValueError, PenstockError) as e:
        return _answer(400, error=str(e))


def _path(request: http.Request) -> str:
    return request.path.partition("?")[0]


def _is_command(request: http.Request) -> bool:
    marked = request.headers.get(MARK, "").strip().lower() == COMMAND
    return marked or any(map(_is_ours, (request.host, request.pretty_host, request.authority)))


def _is_ours(host: str) -> bool:
    return host.rstrip(".").lower() == HOST


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback


def _answer(status: int, **fields: object) -> http.Response:
    return http.Response.make(status, msgspec.json.encode(fields), {"content-type": "application/json"})
