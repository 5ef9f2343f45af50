"""`retrying`: has mitmproxy send a request of the gateway again, to the same provider or another one, when the provider
cannot be reached or is overloaded and the client has not received a byte of an answer. `again`: addons set it for a
flow whose request is to be sent again; `RetryPolicy` decides.

mitmproxy asks a server once: what comes back, or its error, goes to the client. `RetryingStream` holds back an answer
of up to 1 MB that `wants_again` names, and asks the addons by a hook of its own, `penstock_retry`
(`PenstockRetryHook`), whether and where to send the request again; they answer by setting `again`. Where no answer
comes at all, the client gets the response that `refusal` (`Refusal`) makes, not mitmproxy's page of HTML. It builds on
mitmproxy's own layers, so that routes, TLS and upstream proxies are those of any request. `retrying` puts it
(`RetryingLayer`) into a connection; `RetryPolicy` decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

from mitmproxy import http
from mitmproxy.flow import Error
from mitmproxy.net.http.status_codes import CLIENT_CLOSED_REQUEST
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import tls
from mitmproxy.proxy.layers.http import DropStream, HttpLayer, HTTPMode, HttpStream, SendHttp
from mitmproxy.proxy.layers.http._base import HttpEvent
from mitmproxy.proxy.layers.http._events import (
    RequestData,
    RequestEndOfMessage,
    RequestHeaders,
    RequestProtocolError,
    ResponseData,
    ResponseEndOfMessage,
    ResponseHeaders,
    ResponseProtocolError,
    ResponseTrailers,
)
from mitmproxy.proxy.layers.http._hooks import HttpErrorHook

from penstock_addons.wire.per_flow import PerFlow

__all__ = ["PenstockRetryHook", "Refusal", "RetryingLayer", "WantsAgain", "again", "retrying"]

again: PerFlow[bool] = PerFlow()
"""Set by addons for a flow whose request is to be sent again, as it is now."""
WantsAgain = Callable[[http.HTTPFlow, http.Response | None], bool]
"""Whether a request may be sent again, given the headers of an answer; None: its provider cannot be reached."""
Refusal = Callable[[http.HTTPFlow, str], http.Response | None]
"""What a client gets whose provider did not answer, given why; None: mitmproxy's own answer."""
_FROM_PROVIDER = (ResponseHeaders, ResponseData, ResponseTrailers, ResponseEndOfMessage, ResponseProtocolError)
_FIRST_EXTRA = 1 << 40
"""Higher than the id of any stream of a client: a second attempt has one of its own towards the provider."""
_HELD_BYTES = 1 << 20
"""The longest body of an answer that is held back. What is longer tells more than that a provider is busy."""


@dataclass
class PenstockRetryHook(commands.StartHook):
    """Asks addons about a request that might be sent again; `flow.response` is the answer that is held back, if any."""

    flow: http.HTTPFlow


class RetryingLayer(HttpLayer):
    """An `HttpLayer` whose requests may be sent again. It translates between the id of a stream, which is the client's,
    and that of its present attempt."""

    wants_again: WantsAgain = staticmethod(lambda _flow, _response: False)
    refusal: Refusal = staticmethod(lambda _flow, _why: None)

    def __init__(self, context: Context, mode: HTTPMode) -> None:
        super().__init__(context, mode)
        self.extra_ids = count(_FIRST_EXTRA, 2)
        """Ids of streams that no client uses. None is used twice: HTTP/2 remembers them."""

    def make_stream(self, stream_id: int) -> layer.CommandGenerator[None]:
        self.streams[stream_id] = RetryingStream(self.context.fork(), stream_id, self)
        yield from self.event_to_child(self.streams[stream_id], events.Start())

    def event_to_child(self, child: layer.Layer | HttpStream, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(child, RetryingStream):
            if isinstance(event, _FROM_PROVIDER):
                if event.stream_id != child.attempt_id:
                    return  # late, of an attempt that was given up
                event.stream_id = child.stream_id
            yield from super().event_to_child(child, event)
            if child.attempt_id != child.stream_id and not child.flow.live:
                self.streams.pop(child.attempt_id, None)
            return
        if isinstance(event, HttpEvent) and child is not self.connections[self.context.client]:
            stream = self.streams.get(event.stream_id)
            if isinstance(stream, RetryingStream):
                event.stream_id = stream.attempt_id
        yield from super().event_to_child(child, event)


class RetryingStream(HttpStream):
    """One request, sent as often as the addons want."""

    def __init__(self, context: Context, stream_id: int, parent: RetryingLayer) -> None:
        super().__init__(context, stream_id)
        self._parent, self.attempt_id = parent, stream_id
        self._is_sent = False
        """Whether the provider may have received the present attempt, even if its connection breaks."""
        self._kept: list[HttpEvent] = []
        self._kept_bytes = 0

    def state_wait_for_response_headers(self, event: ResponseHeaders) -> layer.CommandGenerator[None]:
        if not self._parent.wants_again(self.flow, event.response):
            yield from super().state_wait_for_response_headers(event)
            return
        self.flow.response = event.response
        self._kept, self._kept_bytes = [event], 0
        self.server_state = self.state_hold_back

    def state_hold_back(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Keep an answer until it is known whether the request is sent again."""
        assert isinstance(event, HttpEvent)
        self._kept.append(event)
        if isinstance(event, ResponseData):
            self._kept_bytes += len(event.data)
        is_too_long = self._kept_bytes > _HELD_BYTES
        if is_too_long or (isinstance(event, ResponseEndOfMessage) and not (yield from self._sent_again())):
            yield from self._pass_on()

    def _pass_on(self) -> layer.CommandGenerator[None]:
        """Let the client have the answer that was held back."""
        kept, self._kept = self._kept, []
        self.server_state = super().state_wait_for_response_headers
        for event in kept:
            yield from self.server_state(event)

    def make_server_connection(self) -> layer.CommandGenerator[bool]:
        self._is_sent = False
        if not (yield from super().make_server_connection()):
            return False  # and that was reported, or the request was sent again meanwhile
        self._is_sent = True
        return True

    def handle_protocol_error(
        self, event: RequestProtocolError | ResponseProtocolError
    ) -> layer.CommandGenerator[None]:
        if isinstance(event, ResponseProtocolError) and self.client_state == self.state_done:
            is_held = self.server_state == self.state_hold_back
            is_unsent = not self._is_sent and self._parent.wants_again(self.flow, None)
            if (is_held or is_unsent) and (yield from self._sent_again()):
                return
            if is_held:
                yield from self._pass_on()
            elif self.server_state == self.state_wait_for_response_headers:
                refusal = self._parent.refusal(self.flow, event.message)
                if refusal is not None:
                    yield from self._refuse(refusal, event.message)
                    return
        yield from super().handle_protocol_error(event)

    def _refuse(self, response: http.Response, why: str) -> layer.CommandGenerator[None]:
        """End a request that got no answer, as mitmproxy does, with `response` for its client."""
        self.flow.error = Error(why)
        yield HttpErrorHook(self.flow)
        if (yield from self.check_killed(False)):
            return
        self.server_state, self.flow.live = self.state_errored, False
        self._forget_failed()
        yield DropStream(self.stream_id)
        yield SendHttp(ResponseHeaders(self.stream_id, response), self.context.client)
        yield SendHttp(ResponseData(self.stream_id, response.raw_content or b""), self.context.client)
        yield SendHttp(ResponseEndOfMessage(self.stream_id), self.context.client)

    def _forget_failed(self) -> None:
        """One connection that failed would fail for ever."""
        for connection in [one for one in self._parent.connections if one.error]:
            del self._parent.connections[connection]

    def _sent_again(self) -> layer.CommandGenerator[bool]:
        """Ask the addons, and send the request as they left it. Gives whether that is over and done with: it was sent,
        or its client has left meanwhile."""
        again.pop(self.flow)
        yield PenstockRetryHook(self.flow)
        if (yield from self.check_killed(True)):
            return True
        if not again.pop(self.flow):
            return False
        if self._is_sent and self.context.server.alpn == b"h2":
            # An answer may come before the provider has read the whole request: it need not read the rest.
            given_up = RequestProtocolError(self.stream_id, "it is sent again", CLIENT_CLOSED_REQUEST)
            yield SendHttp(given_up, self.context.server)
        # What came while the addons were asked is of the attempt before.
        self._paused_event_queue = deque(e for e in self._paused_event_queue if not isinstance(e, _FROM_PROVIDER))
        self._kept, self.flow.response = [], None
        self._forget_failed()
        if self.attempt_id != self.stream_id:
            self._parent.streams.pop(self.attempt_id, None)
        self.attempt_id = next(self._parent.extra_ids)
        self._parent.streams[self.attempt_id] = self
        self.server_state = self.state_wait_for_response_headers
        if not (yield from self.make_server_connection()):
            return True
        request, content = self.flow.request, self.flow.request.raw_content
        server = self.context.server
        yield SendHttp(RequestHeaders(self.stream_id, request, not content), server)
        if content:
            yield SendHttp(RequestData(self.stream_id, content), server)
        yield SendHttp(RequestEndOfMessage(self.stream_id), server)
        return True


def retrying(chosen: layer.Layer, wants_again: WantsAgain, refusal: Refusal) -> layer.Layer:
    """The layer that mitmproxy has chosen for a connection, with its `HttpLayer` replaced by a `RetryingLayer`."""
    if isinstance(chosen, tls.ClientTLSLayer) and isinstance(chosen.child_layer, HttpLayer):
        chosen.child_layer = retrying(chosen.child_layer, wants_again, refusal)
    if type(chosen) is not HttpLayer:
        return chosen
    chosen.context.layers.remove(chosen)  # a layer adds itself
    new = RetryingLayer(chosen.context, chosen.mode)
    new.wants_again, new.refusal = wants_again, refusal
    return new
