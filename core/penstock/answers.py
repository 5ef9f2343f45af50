"""What comes back of a request: it is counted and paid for, and the stages look at it."""

from __future__ import annotations

from collections import OrderedDict

from penstock.background import Background
from penstock.budget.provider import Told
from penstock.cashier import Cashier
from penstock.clock import Clock
from penstock.counting import Counting
from penstock.exchange import Exchange, Kind, State
from penstock.pipeline import Pipeline
from penstock.reply import Reply, Usage
from penstock.state import States
from penstock.work import Outcome

__all__ = ["Answers"]

TAUGHT = 10_000
"""Answered requests that are remembered, so that none teaches twice."""


class Answers:
    """For one thread: the loop's, or that of who works without one."""

    def __init__(
        self, cashier: Cashier, counting: Counting, background: Background, states: States, clock: Clock
    ) -> None:
        self._cashier, self._counting, self._background = cashier, counting, background
        self._states, self._clock = states, clock
        self._taught: OrderedDict[int, None] = OrderedDict()

    async def answered(self, outcome: Outcome) -> None:
        """See `Engine.answered`."""
        exchange, reply, pipeline = outcome.exchange, outcome.reply, outcome.pipeline
        if exchange is None or reply is None or pipeline is None or exchange.state is not State.ANSWERED:
            return
        is_known = self._note(outcome, exchange, pipeline, reply)
        await self._background.look(pipeline, exchange, reply, is_known=is_known)

    def answered_now(self, outcome: Outcome) -> None:
        """See `Engine.answered_now`."""
        exchange, reply, pipeline = outcome.exchange, outcome.reply, outcome.pipeline
        if exchange is not None and reply is not None and pipeline is not None:
            is_known = self._note(outcome, exchange, pipeline, reply)
            self._background.look_now(pipeline, exchange, reply, is_known=is_known)

    def failed(self, outcome: Outcome, usage: Usage | None, *, begun: bool, sent: bool) -> None:
        """See `Engine.failed`."""
        if outcome.exchange is not None and outcome.pipeline is not None:
            self._cashier.failed(outcome.exchange, outcome.pipeline, usage, begun=begun, sent=sent)

    def told(self, outcome: Outcome, told: tuple[Told, ...]) -> None:
        """See `Engine.told`."""
        if outcome.exchange is not None:
            self._cashier.told(outcome.exchange, told)

    def touch(self, exchange: Exchange) -> None:
        """See `Engine.touch`."""
        if exchange.kind is not Kind.COUNT:
            state = self._states.peek(exchange.identity.conversation)
            if state is not None:
                state.clock.touch(self._clock.now())

    def _note(self, outcome: Outcome, exchange: Exchange, pipeline: Pipeline, reply: Reply) -> bool:
        """Pay for it, and keep what the provider counted for the conversation's next request. Gives whether it teaches
        nothing any more."""
        self._cashier.answered(exchange, pipeline, outcome.booking, reply)
        self._counting.learn(outcome)
        state = self._states.peek(exchange.identity.conversation)
        if state is not None and outcome.booking is not None:
            state.answers.append((outcome.booking, reply.usage))
            if exchange.kind.is_real:
                state.called = frozenset(call.id for call in reply.tools)
        return self._has_taught(outcome)

    def _has_taught(self, outcome: Outcome) -> bool:
        """Whether an answer to the same bytes came whole before: a turn teaches once, be it at its third attempt."""
        known = outcome.body_key in self._taught
        self._taught[outcome.body_key] = None
        while len(self._taught) > TAUGHT:
            self._taught.popitem(last=False)
        return known
