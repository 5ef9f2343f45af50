"""`Readiness`: the addon that says to a balancer whether the proxy takes requests: `GET /readyz` gives 200, and 503
once the proxy is to stop. It is ready without a store too: requests pass then as they come. It also handles SIGTERM, if
`penstock_grace` is set: requests under way may take so long before the proxy ends."""

from __future__ import annotations

import asyncio
import logging
import signal

import msgspec
from mitmproxy import ctx, http
from mitmproxy.proxy.mode_specs import ReverseMode

from penstock.base.browser_origin import is_loopback
from penstock_addons.control.shutdown import GracefulShutdown
from penstock_addons.wire.model_requests import ModelRequests

__all__ = ["PATH", "Readiness"]

logger = logging.getLogger(__name__)
PATH = "/readyz"


class Readiness:
    """Answers whoever may connect. It comes before the addons that check the host of a request: a balancer names none
    or an address, and learns nothing here but that the proxy is up."""

    def __init__(self, requests: ModelRequests, leaving: GracefulShutdown) -> None:
        self._requests, self._leaving = requests, leaving
        self._is_set = False

    def running(self) -> None:
        if self._is_set or not ctx.options.penstock_grace:
            return
        try:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._terminate)
        except (NotImplementedError, RuntimeError, ValueError) as e:  # a loop that is not the main thread's
            logger.debug("SIGTERM is left as it is: %s", e)
        else:
            self._is_set = True

    def done(self) -> None:
        if self._is_set:
            self._is_set = False
            asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response is None and flow.request.method in ("GET", "HEAD") and _is_ours(flow):
            flow.response = self._answer()

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Have clients make their next connection elsewhere."""
        if self._leaving.is_leaving and flow.response is not None and not flow.request.is_http2:
            flow.response.headers["connection"] = "close"

    def _answer(self) -> http.Response:
        is_ready, suite = self._leaving.ask(), self._requests.suite
        is_whole = suite is not None and not (suite.degraded or suite.log.degraded or suite.store.is_awaited)
        degraded = [] if is_whole else ["store"]
        if suite is not None and suite.redis is not None and suite.redis.why:
            degraded.append("redis")
        body = msgspec.json.encode({"ready": is_ready, "degraded": degraded})
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        return http.Response.make(200 if is_ready else 503, body, headers)

    def _terminate(self) -> None:
        """A second signal ends the proxy at once."""
        if self._leaving.is_leaving:
            ctx.master.shutdown()
            return
        under_way = self._leaving.begin(ctx.options.penstock_grace)
        logger.info("SIGTERM: the proxy ends when %d requests under way have their answers", under_way)


def _is_ours(flow: http.HTTPFlow) -> bool:
    """Whether a request is to the proxy itself: to any of its reverse ports, or to its own as if that were a server."""
    if flow.request.path.partition("?")[0] != PATH:
        return False
    if isinstance(flow.client_conn.proxy_mode, ReverseMode):
        return True
    at, port = flow.client_conn.sockname[:2]
    return flow.request.port == port and (flow.request.host == at or is_loopback(flow.request.host))
