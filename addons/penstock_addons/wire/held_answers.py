"""`HeldAnswers`: the addon that holds back an answer which another addon gave before the request's body had arrived: to
a refused web page, to a command, to a client without a login. `is_answered` tells other addons of such an answer.

mitmproxy cannot stream the body of such a request: past `stream_large_bodies` it fails with a traceback at every chunk.
Where a body may exceed that limit, its answer is held until the body is complete. Past the limit mitmproxy would
forward the request, but no connection is opened: the client gets an error, the provider nothing.
"""

from __future__ import annotations

from mitmproxy import connection, http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

__all__ = ["HeldAnswers", "is_answered"]

_HELD = "penstock.held"
"""Where a flow keeps its answer, and where the request was to go."""
_NOWHERE = ("answered.penstock.internal", 1)
_NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


class HeldAnswers:
    """Comes after the addons that answer requests themselves, and before those that read them."""

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response is None or not flow.live or not _may_grow(flow.request):
            return
        request = flow.request
        flow.metadata[_HELD] = flow.response, (request.data.host, request.data.port), flow.server_conn
        # `data.host` and not `host`: setting that rewrites the Host header.
        request.data.host, request.data.port = _NOWHERE
        flow.server_conn = connection.Server(address=_NOWHERE)  # without the proxy that `upstream:` goes through
        flow.response = None

    def request(self, flow: http.HTTPFlow) -> None:
        held = flow.metadata.pop(_HELD, None)
        if held is None:
            return
        answer, (flow.request.data.host, flow.request.data.port), flow.server_conn = held
        if flow.response is None:  # a command has been carried out meanwhile
            flow.response = answer

    def server_connect(self, data: ServerConnectionHookData) -> None:
        if data.server.address == _NOWHERE:
            data.server.error = "the body of a request that is not forwarded is too long"


def is_answered(flow: http.HTTPFlow) -> bool:
    """Whether a request has its answer, which may be held until its body is complete."""
    return flow.response is not None or _HELD in flow.metadata


def _may_grow(request: http.Request) -> bool:
    if request.stream or "transfer-encoding" in request.headers:
        return True
    is_framed = request.is_http2 or request.is_http3  # a body needs no header there
    return is_framed and "content-length" not in request.headers and request.method not in _NO_BODY
