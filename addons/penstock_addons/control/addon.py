"""`Control`: the addon that receives commands to the running proxy, checks who sends them, and answers them. These are
requests to the host `penstock.internal`, or with the header `x-penstock: command`; they are never forwarded. A body has
at most 64 KB, that of a command to the memory or of a client's hook 8 MB.

Accepted from this machine only, with the token from a file beside the store that only its owner can read:
`Authorization: Bearer TOKEN`. The commands are listed in `penstock_addons.control.routes`.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable

import msgspec
from mitmproxy import http

from penstock.base.browser_origin import is_loopback
from penstock.base.keyfile import installation_key
from penstock.control.client import COMMAND, HOST, KEY_FILE, MARK
from penstock.store.worker_files import is_worker_file
from penstock_addons.control.memory import PREFIX
from penstock_addons.control.routes import Answer, ControlRoutes
from penstock_addons.control.shutdown import GracefulShutdown
from penstock_addons.control.siblings import OWN_PORT, Siblings
from penstock_addons.control.worker_commands import WorkerCommands
from penstock_addons.wire.model_requests import ModelRequests
from penstock_addons.wire.options import ProxyOptions

__all__ = ["Control"]

BODY_BYTES = 64 << 10
MEMORY_BYTES = 8 << 20
"""The largest body of a memory command, which may be a part of an import, and of a hook, which may have an output."""
_MARK = MARK.encode()
_HOST = re.compile(rb"(?<![a-z0-9.-])" + re.escape(HOST.encode()), re.IGNORECASE)
"""The name of the host, and of none below it, such as the gateway's."""
ALLOWED = "penstock.control"
"""The key in `flow.metadata` that says whether the flow's command may be carried out."""


class Control:
    """Answers commands. It comes before `ModelRequests`, which ignores requests that have an answer."""

    def __init__(self, options: ProxyOptions, requests: ModelRequests, leaving: GracefulShutdown | None = None) -> None:
        self._options = options
        self._commands = ControlRoutes(options, requests, leaving or GracefulShutdown(requests))
        self._for_all: WorkerCommands | None = None
        self._token = b""

    def running(self) -> None:
        store = self._options.store
        if not self._token:
            self._token = installation_key(store.parent, KEY_FILE).hex().encode()
        if is_worker_file(store):
            self._for_all = WorkerCommands(self._commands, Siblings(store), store)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if _is_ours(flow.request.host):
            flow.response = _answer(400, error=f"plain http://{HOST} was expected")

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """A command gets its answer here, so it is neither forwarded nor seen by a stage."""
        if _is_command(flow.request):
            flow.response = _answer(503, error="not done yet")  # first: what fails below must not let it through
            refusal = self._refusal(flow)
            flow.response = refusal or flow.response
            flow.metadata[ALLOWED] = refusal is None

    def request(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        if not flow.metadata.pop(ALLOWED, False):
            return None
        is_for_one = self._for_all is None or flow.client_conn.proxy_mode.full_spec == OWN_PORT
        commands = self._commands if is_for_one or self._for_all is None else self._for_all
        answer = commands.do(flow.request.method, _path(flow.request), flow.request.raw_content or b"")
        if not isinstance(answer, tuple):
            return self._wait(flow, answer)
        flow.response = _answer(answer[0], **answer[1])
        return None

    async def _wait(self, flow: http.HTTPFlow, answer: Awaitable[Answer]) -> None:
        status, fields = await answer
        flow.response = _answer(status, **fields)

    def _refusal(self, flow: http.HTTPFlow) -> http.Response | None:
        peer = flow.client_conn.peername
        if peer is None or not is_loopback(peer[0]):
            return _answer(403, error="commands are taken from this machine only")
        given = flow.request.headers.get("authorization", "").partition(" ")[2].strip()
        # Bytes of a header that are no UTF-8 come as half characters.
        if not self._token or not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token):
            return _answer(401, error=f"the token was expected: see {KEY_FILE} beside the store")
        length = flow.request.headers.get("content-length", "0")
        most = MEMORY_BYTES if _path(flow.request).startswith((PREFIX, "/sessions/keep", "/hooks/")) else BODY_BYTES
        if not length.isdecimal() or int(length) > most:
            return _answer(413, error=f"at most {most} bytes")
        return None


def _path(request: http.Request) -> str:
    return request.path.partition("?")[0]


def _is_command(request: http.Request) -> bool:
    if not _may_be_command(request):
        return False
    marked = request.headers.get(MARK, "").strip().lower() == COMMAND
    return marked or any(map(_is_ours, (request.host, request.pretty_host, request.authority)))


def _may_be_command(request: http.Request) -> bool:
    """Whether anything in it names the host or marks a command: asked of every request, and so by its bytes."""
    if _is_ours(request.host) or _is_ours(request.authority):
        return True
    return any(name.lower() == _MARK or _HOST.search(said) for name, said in request.headers.fields)


def _is_ours(host: str) -> bool:
    return host.rstrip(".").lower() == HOST


def _answer(status: int, **fields: object) -> http.Response:
    return http.Response.make(status, msgspec.json.encode(fields), {"content-type": "application/json"})
