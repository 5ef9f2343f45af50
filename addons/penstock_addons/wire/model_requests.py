"""`ModelRequests`: the main addon. It opens the engine with its store, memory and plugins (`suite`), passes each model
request to it, writes the result into the flow, shows it the answer as it streams by, logs how each request ended, and
has keep-alive requests sent. Other requests, and bodies over the limit, stream through unread; so does everything while
the engine cannot be opened."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version

from mitmproxy import http

from penstock.app import Suite
from penstock.base.errors import PenstockError
from penstock.base.external_names import kept_name
from penstock.base.malloc import settle_heap
from penstock.budget.provider_limits import parse_rate_limits
from penstock.conversation.exchange import Request, State
from penstock.conversation.reply import Reply
from penstock.dialects.base import Dialect
from penstock.dialects.content_encoding import stream_decoder
from penstock.engine import event_builders
from penstock.engine.admission import prices_for
from penstock.engine.proxy_decision import ProxyDecision
from penstock.events.payload import EventData
from penstock.events.proxy_events import FaultEvent, StartedEvent, StoppedEvent
from penstock.events.request_events import BypassedEvent, ForwardedEvent, ReceivedEvent
from penstock.events.response_events import AnsweredEvent, FailedEvent, LoggedLimit
from penstock.identify.identity import client_of
from penstock.redaction.personal import redactors
from penstock.redaction.redaction import Redactor
from penstock_addons.wire.client_overrides import ClientOverrides, OverrideReader
from penstock_addons.wire.credentials import head_of, without
from penstock_addons.wire.flows import by_name, has_turn, headers_of, is_local, listening
from penstock_addons.wire.gateway_port import keyed
from penstock_addons.wire.held_answers import is_answered
from penstock_addons.wire.hosts import ModelHosts, host_of
from penstock_addons.wire.in_flight import InFlight, RequestResult, in_flight_requests, usage_so_far
from penstock_addons.wire.keep_alive import KeepAliveRequests, is_keep_alive
from penstock_addons.wire.options import ProxyOptions
from penstock_addons.wire.tee import Tee

__all__ = ["ModelRequests"]

logger = logging.getLogger(__name__)
YOUNG = 20_000
"""New objects after which the garbage collector looks through them. Python's own is 700."""
ASKED = "penstock.asked"
"""The key in `flow.metadata` under which a flow keeps its `ClientOverrides`."""
MAY_BE_REFUSED = "a provider that binds thinking may refuse it if the conversation was edited"


class ModelRequests:
    """Reads the flow, passes plain data to the engine, and writes the result back. All decisions are the engine's."""

    def __init__(self, options: ProxyOptions, hosts: ModelHosts) -> None:
        self._options, self._hosts = options, hosts
        self._clients = OverrideReader()
        self._suite: Suite | None = None
        self._closed: Suite | None = None
        """The suite after it was closed, while mitmproxy still serves its connections."""
        self._in_flight: dict[str, InFlight] = {}
        self._ids = random.Random()  # seeded by the system once: to ask it each time takes a call of its own
        self._unhandled = 0
        """Complete answers that the engine has not handled yet: the client gets their last bytes first."""
        self._keep_alive = KeepAliveRequests()

    def running(self) -> None:
        if self._suite is not None:
            return
        try:
            suite = Suite.open(self._options.profile, store=self._options.store, plugins=self._options.plugins)
        except PenstockError as e:
            logger.error("%s", e)
            return
        self._suite = suite
        settle_heap()
        # A request makes thousands of objects, nearly none in a cycle: looked through each time that 700 are new, they
        # cost a tenth of its time.
        gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
        # What is loaded by now stays: the collector need not look through it again while a request waits.
        gc.collect()
        gc.freeze()
        self._hosts.extra = suite.profile.hosts
        started = StartedEvent(
            version=version("penstock"),
            profile=suite.profile.name,
            listen=tuple(listening()),
            stages=tuple(s.name for s in suite.engine.pipeline(self._options.profile).stages),
            pid=os.getpid(),
            plugins=tuple(suite.plugins.names()),
            store=str(self._options.store),
        )
        suite.log.append(started)
        if suite.degraded:
            suite.log.append(FaultEvent("store", suite.degraded))

    @property
    def suite(self) -> Suite | None:
        """The engine with its store, memory and plugins; None while the proxy does not run, or when they could not be
        opened."""
        return self._suite

    @property
    def under_way(self) -> int:
        """The number of requests without a complete answer, and of answers that stages still look at."""
        shown = self._suite.engine.responses.under_way if self._suite is not None else 0
        return len(self._in_flight) + self._unhandled + shown

    def done(self) -> None:
        suite, self._suite = self._suite, None
        self._keep_alive.close()
        if suite is not None:
            self._closed = suite
            suite.log.append(StoppedEvent(os.getpid()))
            suite.close()

    def http_connect(self, flow: http.HTTPFlow) -> None:
        self._clients.learn(flow.client_conn.id, flow.request.headers)

    def client_disconnected(self, client: object) -> None:
        self._clients.forget(getattr(client, "id", ""))

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Requests that are not for a model are streamed both ways: neither held back nor kept. Their headers are
        forwarded right after this."""
        flow.metadata[ASKED] = self._clients.take(flow.client_conn.id, flow.request.headers)
        if is_answered(flow) or is_keep_alive(flow):  # mitmproxy can not stream what is answered as well
            return
        if self._is_too_late(flow):
            flow.kill()
            return
        found = self._found(flow)
        length = flow.request.headers.get("content-length", "")
        limit = self._suite.profile.limits.body_bytes if self._suite else 0
        too_long = length.isdigit() and int(length) > limit
        if too_long or (found is None and keyed.get(flow) is None):
            flow.request.stream = True
        if found is not None and too_long:
            self._pass_unread(flow, found, int(length))

    async def request(self, flow: http.HTTPFlow) -> None:
        asked: ClientOverrides = flow.metadata.pop(ASKED, ClientOverrides())
        if is_keep_alive(flow):
            return
        if flow.response is None and self._is_too_late(flow):
            flow.kill()
            return
        found = self._found(flow)
        suite = self._suite
        if suite is None or found is None or flow.id in self._in_flight:
            return
        if flow.request.stream:  # it said no length, and grew past the limit
            self._pass_unread(flow, found, 0)
            return
        if flow.response is not None:
            return
        headers = headers_of(flow)
        in_flight = self._begin(flow, found, headers)
        body = flow.request.raw_content or b""
        replayed = flow.is_replay == "request"  # by mitmproxy: what was sent is sent again
        if replayed:
            suite.log.append(BypassedEvent("a replay", 0, 0), in_flight.id)
            self._forwarded(in_flight, changed=False, size=len(body))
            return
        known = keyed.get(flow)
        request = Request(
            id=in_flight.id,
            method=flow.request.method,
            host=host_of(flow),
            path=flow.request.path.partition("?")[0],
            headers=headers,
            body=body,
            profile=asked.profile or (known.profile if known is not None else ""),
            port=flow.request.port,
            is_local=is_local(flow),
            workspace=known.workspace if known is not None else "",
        )
        if asked.bypass or self._options.bypass:
            in_flight.outcome = outcome = await suite.engine.replay(request, "asked for")
        else:
            in_flight.outcome = outcome = await suite.engine.process(request)
        self._keep_alive.goes_on(flow, outcome)
        if self._suite is not suite:  # an engine that was closed meanwhile may have left out what was edited before
            self._stop(flow)
            return
        if flow.error is not None:  # the client left meanwhile
            suite.engine.responses.failed(outcome, None, answer_started=False, sent=False)
            return
        if outcome.wait_s and not await has_turn(flow, outcome.wait_s):
            self._in_flight.pop(flow.id, None)
            suite.engine.responses.failed(outcome, None, answer_started=False, sent=False)
            self._failed(in_flight, "client left", status=0, error="it left while it waited for its turn")
            in_flight.result = RequestResult(0, False, False)
            flow.kill()
            return
        if self._suite is not suite:
            self._stop(flow)
            return
        if outcome.refusal is not None:
            flow.response = http.Response.make(
                outcome.refusal.status, outcome.refusal.body, {**outcome.refusal.headers, "x-penstock": "refused"}
            )
            in_flight.is_over = True
            return
        if outcome.body is not None:
            flow.request.raw_content = outcome.body
            if "content-length" in flow.request.headers:
                flow.request.headers["content-length"] = str(len(outcome.body))
        if outcome.wait_s and outcome.exchange is not None:
            suite.engine.responses.touch(outcome.exchange)
        self._forwarded(in_flight, changed=outcome.body is not None, size=len(flow.request.raw_content or b""))

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if flow.response is None or is_keep_alive(flow):
            return
        in_flight = self._in_flight.get(flow.id)
        if in_flight is None:
            flow.response.stream = True
            return
        headers, status = flow.response.headers, flow.response.status_code
        encoding = headers.get("content-encoding")
        decoder = stream_decoder(encoding)
        readable = decoder is not None or encoding in (None, "", "identity")
        reader = in_flight.dialect.reply_reader(headers.get("content-type", "")) if readable else None
        in_flight.tee = Tee(reader, decoder)
        flow.response.stream = in_flight.tee
        if not in_flight.is_over and in_flight.outcome is not None and self._suite is not None:
            in_flight.limits = parse_rate_limits(by_name(headers), status, time.time())
            self._suite.engine.responses.record_rate_limits(in_flight.outcome, in_flight.limits)

    def response(self, flow: http.HTTPFlow) -> None:
        in_flight = self._in_flight.pop(flow.id, None)
        if in_flight is None or in_flight.is_over or flow.response is None or self._suite is None:
            return
        tee = in_flight.tee
        reply = tee.close() if tee is not None else None
        status = flow.response.status_code
        if status >= 400:
            self._failed(in_flight, "provider", status=status, error=reply.error if reply is not None else "")
        elif reply is not None and reply.error:
            self._failed(in_flight, "provider", status=status, error=reply.error, reply=reply)
        elif reply is not None and in_flight.outcome is not None and not reply.complete:
            self._failed(in_flight, "cut", status=status, error="the stream ended before its end", reply=reply)
        else:
            self._answered(in_flight, status, reply)
            self._keep(flow, in_flight)

    def error(self, flow: http.HTTPFlow) -> None:
        in_flight = self._in_flight.pop(flow.id, None)
        if in_flight is None or in_flight.is_over or flow.error is None:
            return
        said = flow.error.msg
        # mitmproxy calls a reset "by client" whichever side it is of; providers do not cancel.
        left = not flow.client_conn.connected or ("CANCEL" in said and not flow.request.is_http11)
        reply = in_flight.tee.close() if in_flight.tee is not None else None
        if left and reply is not None and reply.complete and flow.response is not None:
            # Some clients hang up once they have seen the last event, before the stream has ended.
            self._answered(in_flight, flow.response.status_code, reply)
            self._keep(flow, in_flight)
            return
        answer_started = in_flight.tee is not None and in_flight.tee.first_at is not None
        why = "client left" if left else ("cut" if answer_started else "connection")
        self._failed(in_flight, why, status=flow.response.status_code if flow.response else 0, error=said, reply=reply)

    # ---------------------------------------------------------------- requests in flight

    def _found(self, flow: http.HTTPFlow) -> Dialect | None:
        """The dialect that reads this request. None: it is no model request."""
        if self._suite is None or not (self._hosts.reads(flow) or keyed.get(flow) is not None):
            return None
        found = self._suite.engine.route(flow.request.method, flow.request.path.partition("?")[0])
        return found[0] if found is not None else None

    def _is_too_late(self, flow: http.HTTPFlow) -> bool:
        """Whether this is a model request that comes while the proxy ends. Unread, and so without what was edited in
        its conversation before, it may be refused; its client asks again, and another proxy or none answers."""
        suite = self._closed
        if suite is None or self._suite is not None or not flow.killable or not self._hosts.reads(flow):
            return False
        return suite.engine.route(flow.request.method, flow.request.path.partition("?")[0]) is not None

    def _stop(self, flow: http.HTTPFlow) -> None:
        self._in_flight.pop(flow.id, None)
        if flow.killable:
            flow.kill()

    def _begin(self, flow: http.HTTPFlow, dialect: Dialect, headers: Mapping[str, str]) -> InFlight:
        in_flight = InFlight(f"{self._ids.getrandbits(64):016x}", dialect, time.perf_counter(), [head_of(flow.request)])
        self._in_flight[flow.id] = in_flight
        in_flight_requests.set(flow, in_flight)
        if self._suite is not None:
            received = ReceivedEvent(
                method=flow.request.method,
                host=host_of(flow),
                path=kept_name(flow.request.path.partition("?")[0]),
                bytes=len(flow.request.raw_content or b""),
                encoding=kept_name(headers.get("content-encoding", "")),
                client=client_of({"user-agent": headers.get("user-agent", "")}),
                profile=self._suite.profile.name,
            )
            self._suite.log.append(received, in_flight.id)
        return in_flight

    def _pass_unread(self, flow: http.HTTPFlow, dialect: Dialect, size: int) -> None:
        """A body that is too long to be read streams, or has streamed, as it is."""
        suite = self._suite
        if suite is None:
            return
        in_flight = self._begin(flow, dialect, headers_of(flow))
        limit = suite.profile.limits.body_bytes
        why = f"the body has more than {limit} bytes; {MAY_BE_REFUSED}"
        suite.log.append(BypassedEvent(why, 0, 0), in_flight.id)
        self._forwarded(in_flight, changed=False, size=size)
        if flow.response is not None and flow.response.timestamp_end is not None:  # answered before all of it was sent
            self._in_flight.pop(flow.id, None)

    def _forwarded(self, in_flight: InFlight, *, changed: bool, size: int) -> None:
        self._advance(in_flight, State.FORWARDED)
        wait_s = in_flight.outcome.wait_s if in_flight.outcome is not None else 0.0
        self._log(ForwardedEvent(changed, size, self._ms(in_flight), round(1000 * wait_s)), in_flight)

    def _answered(self, in_flight: InFlight, status: int, reply: Reply | None) -> None:
        suite, outcome, tee = self._suite, in_flight.outcome, in_flight.tee
        if suite is None:
            return
        ms = self._ms(in_flight)
        first_ms = self._ms(in_flight, tee.first_at) if tee is not None and tee.first_at else ms
        plain = AnsweredEvent(status, ms, tee.size if tee else 0, first_ms, _limits(in_flight))
        self._advance(in_flight, State.ANSWERED)
        in_flight.result = RequestResult(status, True, True, reply)
        redactor = self._redactor(suite)
        if reply is None:
            self._log(plain, in_flight)
            if outcome is not None:
                suite.engine.responses.failed(outcome, None, answer_started=True)  # it is paid for, and cannot be read
            return
        suite.log.append_later(AnsweredEvent, in_flight.id, lambda: _read(plain, reply, redactor, outcome))
        if outcome is not None and outcome.exchange is not None:
            outcome.reply = reply
            self._unhandled += 1
            asyncio.get_running_loop().call_soon(self._handle, suite, outcome)

    def _handle(self, suite: Suite, outcome: ProxyDecision) -> None:
        self._unhandled -= 1
        suite.engine.responses.answered(outcome)

    def _keep(self, flow: http.HTTPFlow, in_flight: InFlight) -> None:
        if self._suite is not None and in_flight.outcome is not None and keyed.get(flow) is None:
            self._keep_alive.answered(self._suite, flow, in_flight.outcome, in_flight.dialect)

    def _failed(self, in_flight: InFlight, why: str, *, status: int, error: str, reply: Reply | None = None) -> None:
        self._advance(in_flight, State.FAILED)
        size = in_flight.tee.size if in_flight.tee is not None else 0
        said = (
            self._redactor(self._suite, 400)(without(error, in_flight.credentials)) if self._suite is not None else ""
        )
        self._log(FailedEvent(why, status, said, self._ms(in_flight), size, _limits(in_flight)), in_flight)
        usage = usage_so_far(reply) if reply is not None else None
        is_reported = usage is not None and usage.prompt is not None  # an error in the middle of a stream
        # A client that did not wait has asked all the same: the provider goes on, and counts it.
        answer_started = is_reported or why == "client left" or (why == "cut" and size > 0)
        in_flight.result = RequestResult(status, answer_started, False, reply)
        if in_flight.outcome is not None and self._suite is not None:
            if status == 400 and why == "provider":
                self._suite.engine.responses.rejected(in_flight.outcome, error)
            self._suite.engine.responses.failed(in_flight.outcome, usage, answer_started=answer_started)

    def _redactor(self, suite: Suite, longest: int = sys.maxsize) -> Redactor:
        profile = suite.profile
        hidden = redactors(profile.redact.personal, suite.plugins.redactors())
        return Redactor(min(profile.log.preview, longest), hidden)

    def _advance(self, in_flight: InFlight, state: State) -> None:
        if in_flight.outcome is not None and in_flight.outcome.exchange is not None:
            in_flight.outcome.exchange.advance(state)

    def _log(self, data: EventData, in_flight: InFlight) -> None:
        if self._suite is not None:
            self._suite.log.append(data, in_flight.id)

    def _ms(self, in_flight: InFlight, until: float | None = None) -> float:
        return round(((until or time.perf_counter()) - in_flight.started) * 1000, 3)


def _read(plain: AnsweredEvent, reply: Reply, redactor: Redactor, outcome: ProxyDecision | None) -> AnsweredEvent:
    if outcome is None:
        return event_builders.answered(plain, reply, redactor)
    return event_builders.answered(plain, reply, redactor, outcome.booking, prices_for(outcome))


def _limits(in_flight: InFlight) -> tuple[LoggedLimit, ...]:
    return tuple(LoggedLimit(one.name, one.limit, one.remaining, one.used, one.resets_at) for one in in_flight.limits)
