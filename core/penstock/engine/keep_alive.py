"""Which conversations are kept in the provider's cache while nobody speaks, and when each is due.

A stage decides (`Stage.on_idle`); what sends is the wire. A request that reads an entry of the cache gives it its whole
lifetime again, counted from the start of that request.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from penstock.base.clock import Clock
from penstock.conversation.exchange import Kind
from penstock.conversation.reply import Usage
from penstock.engine.pipeline import Pipeline
from penstock.engine.request_context import ProxyDecision
from penstock.engine.state import States
from penstock.plugins.idle import Idle

__all__ = ["KeepAlive"]

CONVERSATIONS = 1000
"""So many are known by the time of their last request; only those that a stage wants kept are held by the wire."""
_WROTE = 0.1
"""A read that writes more than this share of what it reads has missed the entry: there is nothing to keep alive."""
_KINDS = (Kind.MAIN, Kind.TOOL_LOOP)


@dataclass(slots=True)
class _Waiting:
    """One conversation after its last answer."""

    idle: Idle
    pipeline: Pipeline


class KeepAlive:
    """For one thread: the loop's, or that of who works without one."""

    def __init__(self, states: States, clock: Clock) -> None:
        self._states, self._clock = states, clock
        self._waiting: OrderedDict[str, _Waiting] = OrderedDict()

    def answered(self, outcome: ProxyDecision, *, is_login: bool = False) -> float | None:
        """A request was answered whole. Gives when it is to be sent once more, in seconds since the epoch. None: not at
        all. `is_login`: it went by a subscription login."""
        exchange, booking, pipeline = outcome.exchange, outcome.booking, outcome.pipeline
        state = self._states.peek(outcome.conversation)
        if exchange is None or booking is None or pipeline is None or state is None or exchange.kind not in _KINDS:
            return None
        name, before = outcome.conversation, self._waiting.get(outcome.conversation)
        price, reply = booking.price, outcome.reply
        if not (price.is_known and price.marks):
            return None
        prompt = reply.usage.prompt if reply is not None else None
        lifetime = state.clock.ttl
        idle = Idle(
            exchange=replace(exchange),
            at=booking.at,
            is_login=is_login,
            price=price,
            tokens=round(prompt or booking.sent.total),
            lifetime_s=lifetime,
            step_s=lifetime - pipeline.profile.cache.margin_s,
            is_long=lifetime > price.ttl_s,
            waits_for_tool=bool(reply is not None and reply.tools),
            requests=before.idle.requests + 1 if before is not None else 1,
            reads=0,
            saved=0.0,
            untouched=0.0,
            paused_s=booking.at - before.idle.exchange.received_at if before is not None else None,
        )
        self._waiting[name] = _Waiting(idle, pipeline)
        self._waiting.move_to_end(name)
        while len(self._waiting) > CONVERSATIONS:
            self._waiting.popitem(last=False)
        return self._next(name)

    def begin(self, conversation: str) -> None:
        """The request is sent once more, now: whatever comes of it, the entries that it reads live on from here."""
        waiting, state = self._waiting.get(conversation), self._states.peek(conversation)
        if waiting is None or state is None:
            return
        now = self._clock.now()
        with state.lock:
            state.account.sent.refresh(waiting.idle.at, now)
            state.account.spend(waiting.idle.cost, waiting.idle.price)
            state.clock.touch(now)
        waiting.idle = replace(waiting.idle, reads=waiting.idle.reads + 1, at=now)

    def end(self, conversation: str, usage: Usage | None) -> float | None:
        """It was answered, and the provider counted `usage`; None: it was refused, or no answer came. Gives when it is
        due again. None: not any more. What was thought to be cached is corrected by what the provider says."""
        waiting, state = self._waiting.get(conversation), self._states.peek(conversation)
        if waiting is None or state is None:
            return None
        if usage is None or _has_missed(usage):
            with state.lock:
                state.account.sent.forget(before=waiting.idle.at)
            return None
        return self._next(conversation)

    def _next(self, conversation: str) -> float | None:
        waiting, state = self._waiting[conversation], self._states.peek(conversation)
        if state is None:
            return None
        account, unit = state.account, waiting.idle.price.input / 1e6
        waiting.idle = replace(waiting.idle, saved=account.saved * unit, untouched=account.baseline * unit)
        if waiting.idle.step_s <= 0 or not waiting.pipeline.keeps_alive(waiting.idle):
            return None
        return waiting.idle.at + waiting.idle.step_s


def _has_missed(usage: Usage) -> bool:
    """Whether the entry was gone: it was written, or nothing was read."""
    read, written = usage.cache_read or 0, usage.cache_write or 0
    return read == 0 or written > _WROTE * read
