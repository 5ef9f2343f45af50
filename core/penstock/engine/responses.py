"""`ResponseHandler`: handles a provider's answer: counts its cost, learns from counts, limits and errors, and shows it
to the stages."""

from __future__ import annotations

from collections import OrderedDict

from penstock.base.clock import Clock
from penstock.budget.provider_limits import RateLimitInfo
from penstock.conversation.exchange import Exchange, Kind, State
from penstock.conversation.reply import Reply, Usage
from penstock.dialects.rejection import LEFT_OUT, About, about
from penstock.engine.admission import AdmissionControl
from penstock.engine.background import Background
from penstock.engine.pipeline import Pipeline
from penstock.engine.proxy_decision import ProxyDecision
from penstock.engine.state import Lesson, States
from penstock.engine.token_counts import TokenCalibration
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent

__all__ = ["ResponseHandler"]

TAUGHT = 10_000
"""Answered requests that are remembered, so that none is learned from twice."""


class ResponseHandler:
    """Handles answers. For one thread: the event loop's, or that of a program that runs without a loop."""

    def __init__(
        self,
        admission: AdmissionControl,
        counting: TokenCalibration,
        background: Background,
        states: States,
        clock: Clock,
        log: EventLog,
    ) -> None:
        self._admission, self._counting, self._background = admission, counting, background
        self._states, self._clock, self._log = states, clock, log
        self._taught: OrderedDict[int, None] = OrderedDict()

    @property
    def under_way(self) -> int:
        """The number of answers that stages still look at."""
        return self._background.under_way

    def answered(self, outcome: ProxyDecision) -> None:
        """Handle a complete answer, and show it to the stages in the background. Never raises."""
        exchange, reply, pipeline = outcome.exchange, outcome.reply, outcome.pipeline
        if exchange is None or reply is None or pipeline is None or exchange.state is not State.ANSWERED:
            return
        is_known = self._note(outcome, exchange, pipeline, reply)
        self._background.look(pipeline, exchange, reply, is_known=is_known)

    def answered_now(self, outcome: ProxyDecision) -> None:
        """Do what `answered` does, in the caller's own thread."""
        exchange, reply, pipeline = outcome.exchange, outcome.reply, outcome.pipeline
        if exchange is not None and reply is not None and pipeline is not None:
            is_known = self._note(outcome, exchange, pipeline, reply)
            self._background.look_now(pipeline, exchange, reply, is_known=is_known)

    def failed(self, outcome: ProxyDecision, usage: Usage | None, *, answer_started: bool, sent: bool = True) -> None:
        """Note that no complete answer was received. With `answer_started` the provider may charge for it;
        without `sent` the request was never forwarded."""
        if outcome.exchange is not None and outcome.pipeline is not None:
            self._admission.failed(outcome.exchange, outcome.pipeline, usage, answer_started=answer_started, sent=sent)

    def record_rate_limits(self, outcome: ProxyDecision, limits: tuple[RateLimitInfo, ...]) -> None:
        """Note the rate limits that the provider reported."""
        if outcome.exchange is not None:
            self._admission.record_rate_limits(outcome.exchange, limits)

    def touch(self, exchange: Exchange) -> None:
        """Note that a request is forwarded only now, after a wait for a rate limit: the provider's cache entry lives
        from now on."""
        if exchange.kind is not Kind.COUNT:
            state = self._states.peek(exchange.identity.conversation)
            if state is not None:
                state.clock.touch(self._clock.now())

    def rejected(self, outcome: ProxyDecision, error: str) -> None:
        """Handle a 400 with the text `error`, or thinking that the provider left out. If an edit may be the cause, the
        conversation's next request is sent without it, and content already sent is no longer edited."""
        lesson, state = _lesson(outcome, error), self._states.peek(outcome.conversation)
        if lesson is None or state is None:
            return
        # A conversation that others began may have been edited by an earlier process, whose ledger is gone.
        is_ours = outcome.may_break or state.clock.first_seen_at is not None
        if not (is_ours if lesson.about is About.THINKING else outcome.body is not None):
            return
        state.lessons.append(lesson)
        did = "left thinking out of" if error == LEFT_OUT else "refused"
        said = f"the provider {did} a request with edits in it, for its {lesson.about}: the next one goes without"
        said = f"{said} what it refused, and nothing late lands in this conversation"
        exchange = outcome.exchange.id if outcome.exchange is not None else ""
        self._log.append(FaultEvent("edits", said), exchange)

    def _note(self, outcome: ProxyDecision, exchange: Exchange, pipeline: Pipeline, reply: Reply) -> bool:
        """Count the cost of an answer, and keep the provider's counts for the conversation's next request. Returns
        whether an answer to the same bytes was handled before."""
        # Thinking that is left out in silence teaches like thinking that is refused.
        if outcome.body is not None and any(map(_is_left_out, reply.transformations)):
            self.rejected(outcome, LEFT_OUT)
        self._admission.answered(exchange, pipeline, outcome.booking, reply)
        self._counting.learn(outcome)
        state = self._states.peek(exchange.identity.conversation)
        if state is not None and outcome.booking is not None:
            state.answers.append((outcome.booking, reply.usage))
            if exchange.kind.is_real:
                state.pending_calls = frozenset(call.id for call in reply.tools)
        return self._has_taught(outcome)

    def _has_taught(self, outcome: ProxyDecision) -> bool:
        """Whether a complete answer to the same bytes was handled before: stages learn once from a turn, however often
        it was retried."""
        known = outcome.body_key in self._taught
        self._taught[outcome.body_key] = None
        while len(self._taught) > TAUGHT:
            self._taught.popitem(last=False)
        return known


def _lesson(outcome: ProxyDecision, error: str) -> Lesson | None:
    """The lesson of a refusal about the edits in a request. None: there is none."""
    what = about(error)
    if what is None or (what is About.BREAKPOINT and not outcome.marked):  # the client's own
        return None
    return Lesson(what, outcome.body_key, outcome.revision, outcome.landed, outcome.marked)


def _is_left_out(line: str) -> bool:
    return "prefix" in line and "allowed" not in line
