"""`NoWebSocket`: an addon that refuses WebSocket upgrades of OpenAI's Responses API, so that Codex sends HTTP requests
instead.

Over a WebSocket Codex sends only what is new in each frame. Answered with 426, it sends POSTs with the whole history at
once, which can be edited.
"""

from __future__ import annotations

from mitmproxy import http

from penstock_addons.wire.hosts import ModelHosts

__all__ = ["NoWebSocket"]


class NoWebSocket:
    """Answers upgrades on a model host's `/responses` with status 426."""

    def __init__(self, hosts: ModelHosts) -> None:
        self._hosts = hosts

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if (
            flow.response is None
            and flow.request.headers.get("upgrade", "").lower() == "websocket"
            and flow.request.path.partition("?")[0].rstrip("/").endswith("/responses")
            and self._hosts.knows(flow)
        ):
            flow.response = http.Response.make(426, b"", {"connection": "close", "content-length": "0"})
