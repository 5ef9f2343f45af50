"""`RetryPolicy`: the addon that decides whether a request of the gateway is sent again, before the client has a byte of
an answer: to the same provider when that cannot be reached or is overloaded, after a short wait (as the provider asks,
else 0.5 s, doubled each time); else to the fallback that the client or the workspace named, whose cost is held instead.
`RetryingLayer` (`resend`) sends it."""

from __future__ import annotations

import logging
import time

from mitmproxy import ctx, http
from mitmproxy.proxy import layer

from penstock.base.errors import PenstockError
from penstock.budget.provider_limits import retry_after
from penstock.dialects import content_encoding
from penstock.events.proxy_events import FaultEvent
from penstock.gateway.admit import Admitted, Directory, instead
from penstock.gateway.database import GatewayStore
from penstock.gateway.errors import ProviderDown
from penstock.gateway.providers import open_credential
from penstock_addons.gateway.addon import TeamGateway
from penstock_addons.gateway.answers import refused
from penstock_addons.gateway.client_format import put_back, set_aside_session
from penstock_addons.gateway.gateway_request import GatewayRequest, gateway_requests
from penstock_addons.gateway.resend import again, retrying
from penstock_addons.gateway.store_threads import StoreThreads
from penstock_addons.gateway.translate import Translated, outgoing
from penstock_addons.wire.flows import has_turn
from penstock_addons.wire.gateway_port import is_gateway
from penstock_addons.wire.in_flight import in_flight_requests
from penstock_addons.wire.model_requests import ModelRequests

__all__ = ["RetryPolicy"]

logger = logging.getLogger(__name__)
_BUSY = frozenset({429, 529})
_BROKEN = frozenset({0, 429, 500, 502, 503, 504, 529})
"""Statuses for which the fallback is asked; 0: the provider cannot be reached."""
_FIRST_WAIT_S = 0.5
"""Before the second attempt where the provider names no time; twice as long before each further one."""


class RetryPolicy:
    """Answers the questions of `RetryingStream`. Its place among the addons does not matter."""

    def __init__(self, gateway: TeamGateway, threads: StoreThreads, requests: ModelRequests) -> None:
        self._gateway, self._threads, self._requests = gateway, threads, requests

    def next_layer(self, nextlayer: layer.NextLayer) -> None:
        if not is_gateway(nextlayer.context.client.proxy_mode):
            return
        if nextlayer.layer is None:  # in a script, addons come before mitmproxy's own one that chooses
            ctx.master.addons.get("nextlayer").next_layer(nextlayer)
        if nextlayer.layer is not None:
            nextlayer.layer = retrying(nextlayer.layer, self._wants_again, self._refusal)

    def _wants_again(self, flow: http.HTTPFlow, response: http.Response | None) -> bool:
        found = gateway_requests.get(flow)
        if found is None or found.admitted is None or found.is_own:
            return False
        has_fallback = found.admitted.fallback is not None and _status(response) in _BROKEN
        return has_fallback or self._may_retry(found, response)

    def _refusal(self, flow: http.HTTPFlow, why: str) -> http.Response | None:
        """The answer to a request whose provider did not answer, in the form of the path that the client called."""
        found = gateway_requests.get(flow)
        if found is None:
            return None
        said = f"the provider did not answer: {why}"
        return refused(self._requests.suite, flow.request, ProviderDown(said), path=found.path)

    def _may_retry(self, found: GatewayRequest, response: http.Response | None) -> bool:
        """Whether the same provider may be asked again."""
        if self._requests.suite is None or _status(response) not in (0, *_BUSY):
            return False
        settings = self._requests.suite.profile.gateway
        return found.retries < settings.retries and _wait_s(response, found.retries) <= settings.longest_retry_s

    async def penstock_retry(self, flow: http.HTTPFlow) -> None:
        found, suite = gateway_requests.get(flow), self._requests.suite
        if found is None or found.admitted is None or suite is None:
            return
        if self._may_retry(found, flow.response):
            wait_s = _wait_s(flow.response, found.retries)
            found.retries += 1
            if await has_turn(flow, wait_s):
                again.set(flow, True)
            return
        if found.admitted.fallback is None:
            return
        before = found.admitted.route.full_name
        try:
            await self._go_elsewhere(flow, found, found.admitted)
        except PenstockError as e:
            logger.warning("%s cannot be asked, and its fallback neither: %s", before, e)
            return
        again.set(flow, True)
        in_flight, status = in_flight_requests.get(flow), _status(flow.response)
        what = f"answered {status}" if status else "cannot be reached"
        said = f"{before} {what}: {found.admitted.route.full_name} is asked instead"
        suite.log.append(FaultEvent("gateway", said), in_flight.id if in_flight is not None else "")

    async def _go_elsewhere(self, flow: http.HTTPFlow, found: GatewayRequest, admitted: Admitted) -> None:
        request = flow.request
        encoding, packed = request.headers.get("content-encoding"), request.raw_content or b""
        limit = len(packed) * 100 + (1 << 20)
        number, prices, suite = f"{flow.id}.2", found.prices, self._requests.suite
        assert prices is not None  # it was let in
        translators = suite.plugins.translators() if suite is not None else []

        def let_in(store: GatewayStore, _directory: Directory) -> tuple[Admitted, str, bytes, str, Translated | None]:
            new = instead(store, admitted, number, prices.of, self._threads.hold)
            try:
                body = content_encoding.decode(packed, encoding, limit)
                asked_as = (found.path, found.endpoint, new.route, translators, found.translated)
                body, path, translated = outgoing(body, *asked_as)
                secret = open_credential(store.masters, new.route.provider)
            except BaseException:  # whatever it is, nothing may stay held
                self._threads.settle(number, None, "")
                raise
            self._threads.settle(admitted.call.id, None, "")
            return new, secret, body, path, translated

        new, secret, body, path, found.translated = await self._threads.do(let_in)
        found.admitted, found.retries, found.at_fallback = new, 0, True
        put_back(flow)
        self._gateway.send_with(flow, found, new.route.provider, secret, body, path)
        if found.translated is not None:
            set_aside_session(flow)


def _status(response: http.Response | None) -> int:
    return response.status_code if response is not None else 0


def _wait_s(response: http.Response | None, retries: int) -> float:
    """How long to wait before the next attempt."""
    headers = {name.lower(): value for name, value in response.headers.items()} if response is not None else {}
    asked = retry_after(headers, time.time())
    return asked if asked is not None else _FIRST_WAIT_S * 2**retries
