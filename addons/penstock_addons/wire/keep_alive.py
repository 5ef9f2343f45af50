"""`KeepAliveRequests`: sends keep-alive requests, when `penstock.engine.keep_alive` wants them. While the user is idle,
the last request is repeated with no output asked for, so that the provider's cache entry does not expire.
`is_keep_alive` recognises them.

They are sent by mitmproxy's own replay, so that upstream proxies, TLS and routes are the client's. No client, stage or
memory sees them. What is kept for one, credentials included, is in memory only, and dropped when the conversation
continues, when it is no longer kept alive, and after four hours.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from mitmproxy import ctx, http
from mitmproxy.addons.clientplayback import ReplayHandler

from penstock.app import Suite
from penstock.base.errors import Unreadable
from penstock.budget.provider_limits import RateLimitInfo, parse_rate_limits
from penstock.conversation.reply import Usage
from penstock.cost.prices import Price
from penstock.dialects.base import Dialect
from penstock.engine.keep_alive import CONVERSATIONS, KINDS, Read, is_missed
from penstock.engine.proxy_decision import ProxyDecision
from penstock.events.response_events import KeptAliveEvent
from penstock.identify.login import is_login
from penstock_addons.wire.tee import Tee

__all__ = ["KeepAliveRequests", "is_keep_alive"]

logger = logging.getLogger(__name__)
MARK = "penstock.keep_alive"
"""The key in `flow.metadata` that marks a keep-alive request."""
LONGEST_S = 4 * 3600.0
"""Seconds after its last request until a conversation is released, even if keeping it alive would still pay."""
TIMEOUT_S = 60.0
"""Seconds after which an unanswered keep-alive request is given up."""
LATE_S = 5.0
"""Seconds after which an overdue request is not sent any more: the machine slept, and the entry may be gone."""
SPARE = 0.2
"""A keep-alive request is sent only while more than this share of each of the provider's limits is left."""


def is_keep_alive(flow: http.HTTPFlow) -> bool:
    """Whether this flow is a keep-alive request, sent by Penstock itself."""
    return MARK in flow.metadata


@dataclass(slots=True)
class _Held:
    """What is kept to send for a conversation while its user is idle."""

    flow: http.HTTPFlow
    """A flow that repeats the last request, with no output asked for."""
    model: str
    price: Price
    until: float
    """When it is released, in seconds since the epoch."""


class KeepAliveRequests:
    """Sends the requests, with one task for each conversation that is kept alive."""

    def __init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._newest: OrderedDict[str, str] = OrderedDict()
        """By conversation, the id of the flow of its newest request."""

    def goes_on(self, flow: http.HTTPFlow, outcome: ProxyDecision) -> None:
        """A client sends a request: no more keep-alive requests for the one before."""
        exchange = outcome.exchange
        if exchange is None or exchange.kind not in KINDS:  # titles, counts and the like
            return
        name = exchange.identity.conversation
        self._newest[name] = flow.id
        self._newest.move_to_end(name)
        while len(self._newest) > CONVERSATIONS:
            self._newest.popitem(last=False)
        self._stop(name)

    def answered(self, suite: Suite, flow: http.HTTPFlow, outcome: ProxyDecision, dialect: Dialect) -> None:
        """An answer is complete: keep its conversation alive if a stage wants that."""
        name, exchange, booking = outcome.conversation, outcome.exchange, outcome.booking
        if exchange is None or booking is None or self._newest.get(name) != flow.id or _takes_another_way(flow):
            return
        due = suite.engine.keep_alive.answered(outcome, is_login=is_login(flow.request.headers))
        if due is None or not _has_spare(_limits(flow.response)):
            return
        again = _without_answer(flow, dialect)
        if again is None:
            return
        until = exchange.received_at + LONGEST_S
        held = _Held(again, exchange.model, booking.price, until)
        self._tasks[name] = asyncio.get_running_loop().create_task(self._keep(suite, name, held, due, dialect))
        self._tasks[name].add_done_callback(lambda task: self._over(name, task))

    def close(self) -> None:
        """Stop the keep-alive requests of all conversations."""
        for conversation in list(self._tasks):
            self._stop(conversation)

    def _stop(self, conversation: str) -> None:
        task = self._tasks.pop(conversation, None)
        if task is not None:
            task.cancel()

    def _over(self, conversation: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(conversation) is task:
            del self._tasks[conversation]
        if not task.cancelled() and task.exception() is not None:
            logger.error("keeping a conversation alive failed", exc_info=task.exception())

    async def _keep(self, suite: Suite, conversation: str, held: _Held, first: float, dialect: Dialect) -> None:
        keep_alive, due = suite.engine.keep_alive, first
        while due < held.until:
            await asyncio.sleep(max(0.0, due - time.time()))
            if suite.engine.is_paused or time.time() > due + LATE_S:
                return
            read = keep_alive.begin(conversation)
            if read is None:
                return
            usage: Usage | None = None
            answer_started = False
            limits: tuple[RateLimitInfo, ...] = ()
            why = ""
            try:
                flow = await _send(held.flow)
                answer_started = flow.response is not None and flow.response.status_code == 200
                usage, why = _counted(flow, dialect)
                limits = _limits(flow.response)
            except asyncio.CancelledError:
                # It was sent, and the provider has most likely read the entry.
                self._note(suite, held, read, None, read.dollars, "the client went on meanwhile")
                raise
            except Exception:  # a stranger's dialect, or bytes that are not what their headers say
                logger.warning("the answer to a keep-alive request could not be read", exc_info=True)
                why = "the answer could not be read"
            then = keep_alive.end(conversation, usage)
            why = why or ("" if then is not None else "it is not worth it any more")
            why = why or ("" if _has_spare(limits) else "little is left of the provider's limits")
            # As for any request: what the provider counted, else our estimate, once an answer had started.
            paid = _dollars(held.price, usage) if usage is not None else read.dollars if answer_started else None
            self._note(suite, held, read, usage, paid, why)
            if why or then is None:
                return
            due = then

    def _note(self, suite: Suite, held: _Held, read: Read, usage: Usage | None, paid: float | None, why: str) -> None:
        suite.engine.keep_alive.paid(read, paid)
        who, counted = read.exchange.identity, usage or Usage()
        tokens = counted.cache_read or 0, counted.cache_write or 0
        said = KeptAliveEvent(who.conversation, who.session, held.model, *tokens, round(paid or 0.0, 6), why)
        suite.log.append(said, read.exchange.id)


async def _send(template: http.HTTPFlow) -> http.HTTPFlow:
    """Send a copy of `template` now, and wait for its answer."""
    flow: http.HTTPFlow = template.copy()
    flow.is_replay = "request"
    handler = ReplayHandler(flow, ctx.options)
    try:
        await asyncio.wait_for(handler.replay(), TIMEOUT_S)
    except TimeoutError:
        logger.warning("a keep-alive request was not answered within %d s", TIMEOUT_S)
    finally:
        for transport in handler.transports.values():
            if transport.handler is not None:
                transport.handler.cancel()
        if flow.killable:  # another addon may hold it: it must not leave after we stopped waiting
            flow.kill()
    return flow


def _without_answer(flow: http.HTTPFlow, dialect: Dialect) -> http.HTTPFlow | None:
    """A flow that repeats `flow` with no output asked for. None: it cannot be repeated."""
    try:
        content = flow.request.content
        body = dialect.without_answer(content) if content else None
    except (ValueError, Unreadable):
        return None
    except Exception:  # a dialect may be a stranger's
        logger.exception("a request could not be written for no answer")
        return None
    if body is None:
        return None
    again = http.HTTPFlow(flow.client_conn, flow.server_conn)
    again.request = flow.request.copy()
    again.request.content = body
    again.metadata[MARK] = True
    return again


def _counted(flow: http.HTTPFlow, dialect: Dialect) -> tuple[Usage | None, str]:
    """The usage that the provider counted, and why no more requests are sent; empty: go on."""
    response = flow.response
    if response is None:
        return None, "no answer came"
    if response.status_code != 200:
        return None, f"the provider answered {response.status_code}"
    reader = Tee(dialect.reply_reader(response.headers.get("content-type", "")), None)
    reader(response.content or b"")
    reply = reader.close()
    if reply is None:
        return None, "the answer could not be read"
    return reply.usage, "the entry was gone" if is_missed(reply.usage) else ""


def _dollars(price: Price, usage: Usage) -> float:
    write, hour = usage.cache_write or 0, usage.cache_write_hour or 0
    return price.dollars(read=usage.cache_read or 0, write=write - hour, write_hour=hour, plain=usage.input or 0)


def _limits(response: http.Response | None) -> tuple[RateLimitInfo, ...]:
    if response is None:
        return ()
    headers = {name.lower(): response.headers[name] for name in response.headers}
    return parse_rate_limits(headers, response.status_code, time.time())


def _has_spare(limits: Sequence[RateLimitInfo]) -> bool:
    """Whether enough is left of each rate limit that the provider reports."""
    for one in limits:
        if one.is_spent or (one.used is not None and one.used > 1 - SPARE):
            return False
        if one.limit and one.remaining is not None and one.remaining < SPARE * one.limit:
            return False
    return True


def _takes_another_way(flow: http.HTTPFlow) -> bool:
    """Whether the client's own connection goes through an upstream proxy that mitmproxy's replay would not use: it
    considers the first mode only."""
    mode = getattr(flow.client_conn, "proxy_mode", None)
    if getattr(mode, "type_name", "") != "upstream":
        return False
    first = ctx.options.mode
    return not (first and first[0] == getattr(mode, "full_spec", ""))
