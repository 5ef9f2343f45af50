"""`Settlement`: the addon that counts what a request with a key did cost, when its answer is complete or its client has
gone, and says in the answer's headers what was held, what it cost and which provider answered. It also removes the
provider's account and credential from the answer, and makes errors of redirects. An answer whose usage cannot be read
counts as its input.

The cost of an answer that is streamed, or has more than 16 MB, is not known when its headers leave: it is in the usage
of the key.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import replace
from functools import partial

import msgspec
from mitmproxy import http

from penstock.conversation.reply import Reply
from penstock.conversation.reply import Usage as Reported
from penstock.cost.account import RequestCost
from penstock.cost.prices import Prices
from penstock.dialects import content_encoding
from penstock.dialects.content_encoding import stream_decoder
from penstock.engine.admission import cost_of
from penstock.gateway.admit import Admitted, price_name
from penstock.gateway.holds import Call
from penstock.gateway.records import BILLION, Usage
from penstock_addons.gateway.credentials import credential_of
from penstock_addons.gateway.gateway_request import GatewayRequest, gateway_requests
from penstock_addons.gateway.hidden_credentials import HidingStream, credentials_of_flow, hide_credentials
from penstock_addons.gateway.store_threads import StoreThreads
from penstock_addons.wire.in_flight import InFlight, RequestResult, in_flight_requests, usage_so_far
from penstock_addons.wire.tee import Tee

__all__ = ["Settlement"]

logger = logging.getLogger(__name__)
_WHOLE_BYTES = 16 << 20
"""Longer answers, and those of no said length, are streamed, and their cost is in no header."""
_HIGHEST = 10**15
_TOLD = frozenset({b"x-penstock-provider", b"x-penstock-held"})
_TOLD_OR_ACCOUNT = _TOLD | {b"set-cookie", b"openai-organization", b"openai-project", b"anthropic-organization-id"}
"""Besides, headers of answers that are about the account whose credential the gateway gave."""


class _Counted(msgspec.Struct):
    prompt_tokens: int = 0
    input_tokens: int = 0


class _Embeddings(msgspec.Struct):
    usage: _Counted = msgspec.field(default_factory=_Counted)


class Settlement:
    """Counts the cost of requests with a key. Must come after the addons that read answers."""

    def __init__(self, threads: StoreThreads) -> None:
        self._threads = threads

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        found, response = gateway_requests.get(flow), flow.response
        if found is None or found.admitted is None or response is None:
            return
        call = found.admitted.call
        _tell(response, call, without=_TOLD if found.is_own else _TOLD_OR_ACCOUNT)
        if not found.is_own and 300 <= response.status_code < 400:
            found.refusal = _refuse_redirect(response, call.provider, in_flight_requests.get(flow))
            return
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        is_json = kind.endswith("json") and not kind.endswith("ndjson")
        length = response.headers.get("content-length", "")
        is_short = length.isdecimal() and int(length) <= _WHOLE_BYTES
        is_error = response.status_code >= 400 and not found.is_own
        encoding = response.headers.get("content-encoding")
        decoder = stream_decoder(encoding)
        is_opaque = decoder is None and bool(content_encoding.names(encoding))
        is_changed = found.is_redacted or found.translated is not None
        if (is_json and (found.is_redacted or is_short)) or (is_error and (is_opaque or is_changed)):
            found.tee = response.stream if isinstance(response.stream, Tee) else None
            response.stream = False
        elif is_error:
            response.stream = HidingStream(response.stream, decoder, credentials_of_flow(flow))
            for name in ("content-encoding", "content-length"):
                response.headers.pop(name, None)
        elif kind == "text/event-stream" and not found.is_own and not encoding and credential_of(flow.request):
            # One of its events may be an error. A packed stream is forwarded as it is.
            response.stream = HidingStream(response.stream, None, [credential_of(flow.request)])
            response.headers.pop("content-length", None)

    def response(self, flow: http.HTTPFlow) -> None:
        found = gateway_requests.get(flow)
        if found is not None and found.refusal and flow.response is not None:
            flow.response.raw_content = found.refusal
        self._end(flow)

    def error(self, flow: http.HTTPFlow) -> None:
        self._end(flow)

    def _end(self, flow: http.HTTPFlow) -> None:
        found, in_flight = gateway_requests.get(flow), in_flight_requests.get(flow)
        if found is None or found.admitted is None:
            return
        admitted, found.admitted = found.admitted, None
        # Else its client left before a provider was connected to.
        is_asked = flow.response is not None or flow.server_conn.timestamp_start is not None
        result = _result(flow, found, in_flight) if is_asked else None
        booking = None
        if in_flight is not None and in_flight.outcome is not None and not found.at_fallback:
            booking = in_flight.outcome.booking
        usage = None
        if result is not None and found.prices is not None:
            try:
                usage = _usage(admitted, found.prices, result, booking, is_count="count" in found.endpoint)
            except Exception:  # a dialect may be a stranger's
                logger.exception("the usage of a request cannot be read: it counts as its input")
                usage = _estimated(admitted.call, result)
        self._threads.settle(admitted.call.id, usage, in_flight.id if in_flight is not None else "")
        if flow.response is not None and not flow.response.stream:
            if not found.is_own:
                hide_credentials(flow, flow.response)
            flow.response.headers["x-penstock-cost"] = _dollars(usage.dollars if usage is not None else 0)


def _tell(response: http.Response, call: Call, without: Collection[bytes]) -> None:
    """Say in the answer's headers who gave it and what was held for it, and remove those `without` which it leaves."""
    kept = (field for field in response.headers.fields if field[0].lower() not in without)
    told = ((b"x-penstock-provider", call.provider.encode()), (b"x-penstock-held", _dollars(call.dollars).encode()))
    response.headers.fields = (*kept, *told)  # in one walk: mitmproxy walks all headers for each that it changes


def _refuse_redirect(response: http.Response, provider: str, in_flight: InFlight | None) -> bytes:
    """Make an error of it: a client that follows a redirect may send its key along, to any host that it names. Gives
    the body of the error."""
    logger.warning("provider %s redirects to %s: change its base URL", provider, response.headers.get("location"))
    message = f"Penstock: provider {provider} redirects, which is not followed: its owner has to change its base URL"
    value = in_flight.dialect.error_body(502, message) if in_flight is not None else {"error": {"message": message}}
    body = msgspec.json.encode(value)
    response.status_code, response.reason = 502, "Bad Gateway"
    for name in ("location", "content-encoding", "transfer-encoding"):
        response.headers.pop(name, None)
    response.headers["content-type"], response.headers["content-length"] = "application/json", str(len(body))
    response.stream = False
    return body


def _result(flow: http.HTTPFlow, found: GatewayRequest, in_flight: InFlight | None) -> RequestResult | None:
    """How a request ended that was sent. None: it was refused here."""
    if in_flight is not None:
        return in_flight.result
    status = flow.response.status_code if flow.response is not None else 0
    if status == 200 and found.endpoint == "embeddings":
        return _result_of_embeddings(flow)
    # Its answer cannot be read; it was sent, and is paid for unless the provider refused it.
    return RequestResult(status, status < 400, is_whole=False)


def _usage(
    admitted: Admitted, prices: Prices, result: RequestResult, booking: RequestCost | None, *, is_count: bool
) -> Usage | None:
    """What a request did cost. None: nothing."""
    call, served_by = admitted.call, price_name(admitted.route.provider)
    reported = usage_so_far(result.reply) if result.reply is not None else None
    is_refused = result.status >= 400 or not result.is_paid
    if (reported is None or (reported.prompt is None and not reported.output)) and is_refused:
        return None
    if is_count:  # providers count tokens for nothing
        return None if is_refused else Usage(status=result.status)
    reported = reported or Reported()
    price_of = partial(prices.of, served_by)
    if reported.prompt is None:
        spoken = _count(round(price_of(call.model).dollars(output=reported.output or 0) * BILLION))
        estimated = _estimated(call, result)
        return replace(estimated, output=_count(reported.output), dollars=estimated.dollars + spoken)
    others = reported.others
    return Usage(
        input=_count((reported.input or 0) + sum(one.prompt or 0 for one in others)),
        cache_read=_count(reported.cache_read),
        cache_write=_count(reported.cache_write),
        output=_count((reported.output or 0) + sum(one.output or 0 for one in others)),
        dollars=_count(round(cost_of(reported, booking, call.model, price_of).dollars * BILLION)),
        how="reported" if result.is_whole else "estimated",
        status=result.status,
    )


def _estimated(call: Call, result: RequestResult) -> Usage:
    """What is known where nothing of the answer is."""
    return Usage(input=call.input_tokens, dollars=call.input_dollars, how="estimated", status=result.status)


def _count(said: int | None) -> int:
    """A number that a provider said, where it can be one."""
    return min(max(said or 0, 0), _HIGHEST)


def _result_of_embeddings(flow: http.HTTPFlow) -> RequestResult:
    content = flow.response.content if flow.response is not None else None
    try:
        counted = msgspec.json.decode(content or b"", type=_Embeddings).usage
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return RequestResult(200, True, True)
    tokens = counted.prompt_tokens or counted.input_tokens
    return RequestResult(
        200, True, True, Reply(usage=Reported(input=tokens, output=0), complete=True) if tokens > 0 else None
    )


def _dollars(counted: int) -> str:
    """As a decimal number of dollars."""
    return f"{counted / BILLION:.6f}"
