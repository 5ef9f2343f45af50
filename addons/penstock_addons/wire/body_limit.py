"""A limit for bodies that do not say how long they are: chunked ones, and those of HTTP/2 without a length.

mitmproxy collects such a body and counts; past `stream_large_bodies` it drops what it has and streams the rest.
The profile's `limits.body_bytes` is that limit, so that only what would not be read anyway is streamed.
"""

from __future__ import annotations

from mitmproxy import ctx, http

from penstock_addons.wire.gateway import Gateway

__all__ = ["BodyLimit"]


class BodyLimit:
    """Keeps mitmproxy's option at the profile's limit, which can change while the proxy runs. What a person set as an
    option of mitmproxy stays."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._set: str | None = None

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        suite = self._gateway.suite
        if suite is None or ctx.options.stream_large_bodies != self._set:
            return
        limit = str(suite.profile.limits.body_bytes)
        if limit != self._set:
            self._set = limit
            ctx.options.update(stream_large_bodies=limit)
