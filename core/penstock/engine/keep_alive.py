"""`KeepAlive`: which conversations are kept in the provider's cache while the user is idle, and when each is due for a
keep-alive request (`Read`), which the proxy sends. `is_missed`: whether such a request found the cache entry gone.

A stage decides (`Stage.on_idle`). A request that reads an entry of the cache renews its whole lifetime, counted from
the start of that request. Nothing here waits for a conversation's lock: a hanging thread may hold it, and the caller is
the event loop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from penstock.base.clock import Clock
from penstock.conversation.exchange import Exchange, Kind
from penstock.conversation.reply import Usage
from penstock.cost.account import RequestCost
from penstock.engine.admission import AdmissionControl
from penstock.engine.pipelines import Pipelines
from penstock.engine.proxy_decision import ProxyDecision
from penstock.engine.state import ConversationState, States
from penstock.plugins.idle import Idle

__all__ = ["CONVERSATIONS", "KINDS", "KeepAlive", "Read", "is_missed"]

CONVERSATIONS = 1000
"""How many conversations are remembered, those with the latest requests."""
KINDS = (Kind.MAIN, Kind.TOOL_LOOP)
"""Kinds of requests whose conversation may be kept alive, and that end its idle time."""
_WROTE = 0.1
"""If a keep-alive request writes more than this share of what it reads, it has missed the entry."""


class _Seen(NamedTuple):
    """The last request of a conversation."""

    at: float
    """When it began, in seconds since the epoch."""
    requests: int


@dataclass(slots=True)
class _Waiting:
    """A conversation that is kept alive."""

    idle: Idle
    profile: str
    last: float
    """When its cache was used last, as far as the provider has shown."""


@dataclass(frozen=True, slots=True)
class Read:
    """A keep-alive request that is due."""

    id: str
    """The id under which the budgets reserve its cost."""
    exchange: Exchange
    """The exchange whose request is sent once more."""
    profile: str
    dollars: float
    """What the keep-alive request is estimated to cost."""


class KeepAlive:
    """The conversations to keep alive. For one thread: the event loop's, or that of a program that runs without a
    loop."""

    def __init__(self, states: States, clock: Clock, pipelines: Pipelines, admission: AdmissionControl) -> None:
        self._states, self._clock, self._pipelines, self._admission = states, clock, pipelines, admission
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._waiting: dict[str, _Waiting] = {}
        self._units: OrderedDict[str, float] = OrderedDict()
        """What keep-alive requests have cost in each conversation so far, in units of a plain input token."""

    def answered(self, outcome: ProxyDecision, *, is_login: bool = False) -> float | None:
        """Note a complete answer. Returns when its request is to be sent once more, in seconds since the epoch. None:
        not at all. `is_login`: it used a subscription login."""
        exchange, booking, pipeline = outcome.exchange, outcome.booking, outcome.pipeline
        name, state = outcome.conversation, self._states.peek(outcome.conversation)
        if exchange is None or booking is None or pipeline is None or state is None or exchange.kind not in KINDS:
            return None
        if not pipeline.may_keep_alive:
            return None
        before = self._seen.pop(name, None)
        self._seen[name] = seen = _Seen(booking.at, before.requests + 1 if before is not None else 1)
        while len(self._seen) > CONVERSATIONS:
            self._seen.popitem(last=False)
        self._waiting.pop(name, None)
        lifetime = pipeline.profile.cache.ttl_s or _lifetime(state, booking.at)
        cached, plain = _tokens(outcome, booking)
        if outcome.is_held or not booking.price.is_known or not booking.price.marks or not lifetime or not cached:
            return None
        reply = outcome.reply
        idle = Idle(
            exchange=replace(exchange, prompt=""),
            at=booking.at,
            is_login=is_login,
            is_due=False,
            price=booking.price,
            tokens=cached,
            plain=plain,
            lifetime_s=lifetime,
            step_s=lifetime - pipeline.profile.cache.margin_s,
            is_long=lifetime > booking.price.ttl_s,
            waits_for_tool=bool(reply is not None and reply.tools),
            requests=seen.requests,
            reads=0,
            saved=0.0,
            untouched=0.0,
            paused_s=booking.at - before.at if before is not None else None,
        )
        self._waiting[name] = _Waiting(idle, pipeline.profile.name, booking.at)
        return self._next(name, state)

    def begin(self, conversation: str) -> Read | None:
        """Start a keep-alive request that is due. None: it is not to be sent now, since settings, prices or limits have
        changed, the conversation was deleted, or a budget refuses it. Report its cost to `paid`."""
        waiting, state = self._waiting.get(conversation), self._states.peek(conversation)
        read = None
        if waiting is not None and state is not None and not state.is_gone:
            read = self._admitted(conversation, waiting, state)
        if waiting is None or read is None:
            self._waiting.pop(conversation, None)
            return None
        waiting.idle = replace(waiting.idle, reads=waiting.idle.reads + 1, at=self._clock.now())
        price = waiting.idle.price
        self._spend(conversation, waiting.idle.tokens * price.read + waiting.idle.plain)
        return read

    def paid(self, read: Read, dollars: float | None) -> None:
        """Count the real cost of a keep-alive request in the budgets. None: nothing, since the provider began no
        answer."""
        self._admission.settle_read(read.id, read.exchange, self._pipelines.of(read.profile).profile, dollars)

    def end(self, conversation: str, usage: Usage | None) -> float | None:
        """Note the end of a keep-alive request. `usage`: what the provider counted; None: it was refused, or no answer
        came. Returns when the next one is due. None: there is none."""
        waiting, state = self._waiting.get(conversation), self._states.peek(conversation)
        if waiting is None or state is None:
            return None
        if usage is None or not (usage.cache_read or usage.cache_write):
            del self._waiting[conversation]
            return None
        state.reads.append((waiting.last, waiting.idle.at))
        waiting.last = waiting.idle.at
        if is_missed(usage):
            price, hour = waiting.idle.price, usage.cache_write_hour or 0
            written = (usage.cache_write or 0) - hour
            self._spend(conversation, written * price.write + hour * price.write_hour)
            del self._waiting[conversation]
            return None
        state.bridged = True
        return self._next(conversation, state)

    def forget(self, conversations: Iterable[str]) -> None:
        """Stop keeping deleted conversations alive. Any thread may call."""
        for name in conversations:
            for kept in (self._waiting, self._seen, self._units):
                kept.pop(name, None)

    def _admitted(self, conversation: str, waiting: _Waiting, state: ConversationState) -> Read | None:
        """Ask the budgets, then the stages; a stage that agrees counts the request as sent."""
        idle, profile = waiting.idle, self._pipelines.of(waiting.profile).profile
        read = Read(f"{idle.exchange.id}.{idle.reads + 1}", idle.exchange, waiting.profile, idle.cost)
        tokens = idle.tokens + idle.plain
        if not self._admission.hold_read(read.id, read.exchange, profile, read.dollars, tokens):
            return None
        if not self._wants(conversation, state, is_due=True):
            self._admission.give_back_read(read.id, read.exchange, profile, tokens)
            return None
        return read

    def _spend(self, conversation: str, units: float) -> None:
        self._units[conversation] = self._units.pop(conversation, 0.0) + units
        while len(self._units) > CONVERSATIONS:
            self._units.popitem(last=False)

    def _next(self, conversation: str, state: ConversationState) -> float | None:
        waiting = self._waiting[conversation]
        if waiting.idle.step_s > 0 and self._wants(conversation, state, is_due=False):
            return waiting.idle.at + waiting.idle.step_s
        del self._waiting[conversation]
        return None

    def _wants(self, conversation: str, state: ConversationState, *, is_due: bool) -> bool:
        waiting = self._waiting[conversation]
        unit, spent = waiting.idle.price.input / 1e6, self._units.get(conversation, 0.0)
        saved, untouched = (state.account.saved - spent) * unit, state.account.baseline_units * unit
        waiting.idle = replace(waiting.idle, saved=saved, untouched=untouched, is_due=is_due)
        return self._pipelines.of(waiting.profile).keeps_alive(waiting.idle)


def is_missed(usage: Usage) -> bool:
    """Whether a keep-alive request has missed the cache entry: it was written again, or nothing was read."""
    read, written = usage.cache_read or 0, usage.cache_write or 0
    return read == 0 or written > _WROTE * read


def _tokens(outcome: ProxyDecision, booking: RequestCost) -> tuple[int, int]:
    """The tokens of a request that are in the cache now, and those after them that are not."""
    usage = outcome.reply.usage if outcome.reply is not None else None
    if usage is not None and usage.prompt is not None and usage.cache_read is not None:
        cached = usage.cache_read + (usage.cache_write or 0)
        return cached, max(0, usage.prompt - cached)
    return booking.forwarded.total - booking.forwarded.plain, booking.forwarded.plain


def _lifetime(state: ConversationState, last: float) -> float:
    """The shortest lifetime, in seconds, of the entries that the request sent at `last` used. 0: it used none, or
    another thread holds the conversation's lock."""
    if not state.lock.acquire(blocking=False):
        return 0.0
    try:
        return state.account.forwarded.lifetime(last)
    finally:
        state.lock.release()
