"""`BodyLimit`: an addon that keeps mitmproxy's option `stream_large_bodies` at the profile's `limits.body_bytes`. A
longer body is not refused: mitmproxy streams it instead of collecting it, so that no addon gets it as a whole.

mitmproxy collects such a body; past its option `stream_large_bodies` it streams the rest, so that no addon can read it.
That option is set to the profile's `limits.body_bytes`: only what would not be read anyway is streamed.
"""

from __future__ import annotations

from mitmproxy import ctx, http

from penstock_addons.wire.model_requests import ModelRequests

__all__ = ["BodyLimit"]


class BodyLimit:
    """Keeps mitmproxy's option at the profile's limit, which can change while the proxy runs. A value that the user set
    as a mitmproxy option is kept."""

    def __init__(self, requests: ModelRequests) -> None:
        self._requests = requests
        self._set: str | None = None

    def running(self) -> None:
        self._update()

    def requestheaders(self, _flow: http.HTTPFlow) -> None:
        self._update()

    def _update(self) -> None:
        suite = self._requests.suite
        if suite is None or ctx.options.stream_large_bodies != self._set:
            return
        limit = str(suite.profile.limits.body_bytes)
        if limit != self._set:
            self._set = limit
            ctx.options.update(stream_large_bodies=limit)
