"""`RequestProcessor`: processes one request in its worker thread: reads it, runs the stages, asks admission, and writes
the edited request. The event loop watches from `penstock.engine.engine` and may give the thread up at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from penstock.base.clock import Clock
from penstock.base.errors import StoreError, Unreadable
from penstock.conversation.exchange import State
from penstock.dialects import content_encoding
from penstock.edits.flush_reason import FlushReason
from penstock.engine import event_builders
from penstock.engine.admission import AdmissionControl
from penstock.engine.edit_scheduler import EditScheduler, FencedOut
from penstock.engine.fallback import Fallback
from penstock.engine.proxy_decision import ProxyDecision
from penstock.engine.request_context import RequestContext, Superseded
from penstock.engine.request_reader import RequestReader
from penstock.engine.token_counts import TokenCalibration
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent
from penstock.events.request_events import ClassifiedEvent, RefusedEvent, RewrittenEvent, StageEvent
from penstock.identify.login import is_login
from penstock.identify.prompt_head import PromptHeadChanges
from penstock.plugins.draft import Refused
from penstock.profiles.profile import Profile
from penstock.redaction.personal import redactors
from penstock.redaction.redaction import Redactor, redact
from penstock.store.base import Store

if TYPE_CHECKING:
    from penstock.outputs.indexer import OutputIndexer

__all__ = ["RequestProcessor"]


class RequestProcessor:
    """Processes requests, from the received body to the forwarded one. Any thread may call."""

    def __init__(
        self,
        store: Store,
        log: EventLog,
        clock: Clock,
        reader: RequestReader,
        admission: AdmissionControl,
        counting: TokenCalibration,
        fallback: Fallback,
        redactors: Sequence[Callable[[str], str]],
        outputs: OutputIndexer | None = None,
    ) -> None:
        self._log, self._clock, self._redactors = log, clock, tuple(redactors)
        self._reader, self._admission, self._counting, self._fallback = reader, admission, counting, fallback
        self._scheduler = EditScheduler(store, log, self._redactor, clock.now, outputs)
        self._head_news = PromptHeadChanges()

    def run(self, context: RequestContext, generation: int) -> ProxyDecision:
        """Process a request from its present step on, and return the decision. The result of a superseded thread is
        ignored."""
        try:
            if context.step < 0:
                try:
                    self._reader.read(context)
                except Unreadable as e:
                    return self._fallback.untouched(context.request, str(e))
                except StoreError as e:
                    self._log.append(FaultEvent("store", redact(str(e))[:400]), context.request.id)
                    return self._pass_by(context, "the ledger of this conversation cannot be read")
                context.advance(generation, 0, self._clock.tick())
            self._propose(context, generation)
            self._journal_request(context)
            context.exchange.advance(State.REWRITTEN)
            refused, wait_s = self._admission.admit(context)
            if refused is not None:
                return self._refuse(context, generation, refused)
            return self._write(context, generation, wait_s)
        except Superseded:
            return ProxyDecision()

    def _propose(self, context: RequestContext, generation: int) -> None:
        """Run the stages, from the present one on."""
        pipeline, draft = context.pipeline, context.draft
        flush = (bool(context.due) or context.edits_warm) and not context.held
        while draft is not None and context.step < len(pipeline.stages):
            index = context.step
            draft, verdict = pipeline.run(index, draft, flush=flush)
            context.advance(generation, index + 1, self._clock.tick(), draft, verdict)

    def _refuse(self, context: RequestContext, generation: int, refused: Refused) -> ProxyDecision:
        refusal = context.dialect.refusal(refused.message, refused.retry_after, is_final=refused.is_final)
        context.commit(generation)  # unless it has left as it came meanwhile
        self._scheduler.give_back(context)
        context.exchange.advance(State.REFUSED)
        said = RefusedEvent(429, refused.message, refused.stage, refused.retry_after)
        self._log.append(said, context.exchange.id)
        return ProxyDecision(refusal=refusal, exchange=context.exchange, pipeline=context.pipeline)

    def _write(self, context: RequestContext, generation: int, wait_s: float) -> ProxyDecision:
        try:
            return self._written(context, generation, wait_s)
        except FencedOut:
            self._reader.states.drop(context.exchange.identity.conversation)
            return self._pass_by(context, "another proxy has changed this conversation meanwhile")

    def _written(self, context: RequestContext, generation: int, wait_s: float) -> ProxyDecision:
        conversation, exchange, state = context.conversation, context.exchange, context.state
        with state.lock:
            # Where it is gone its ledger is, too: what that says was sent is not what the next request will find.
            rewrite = None if state.is_gone else self._scheduler.schedule(context, generation)
            pending, revision = len(state.ledger.pending), state.ledger.revision
            if rewrite is not None and context.due is FlushReason.ASKED:
                state.flush_requested = False
        if rewrite is None:  # without the lock: who deletes the session waits for it
            return self._pass_by(context, "its session was deleted meanwhile")
        body = rewrite.body
        sizes = event_builders.sizes(conversation, rewrite.view, rewrite.replay, rewrite.booking, context.scale)
        rewritten = RewrittenEvent(
            edits=rewrite.applied,
            replayed=len(rewrite.replay.applied) - rewrite.applied,
            pending=pending,
            bytes_in=len(conversation.body),
            bytes_out=len(conversation.body if body is None else body),
            **sizes._asdict(),
            ms=_ms(self._clock.tick() - context.started),
        )
        self._log.append(rewritten, exchange.id)
        encoding = context.request.headers.get("content-encoding")
        return ProxyDecision(
            body=None if body is None else content_encoding.encode(body, encoding),
            exchange=exchange,
            booking=rewrite.booking,
            pipeline=context.pipeline,
            body_key=context.body_key,
            wait_s=wait_s,
            is_held=bool(context.held),
            conversation=exchange.identity.conversation,
            revision=revision,
            landed=bool(rewrite.applied),
            marked=rewrite.mark is not None,
            may_break=rewrite.replay.is_before_thinking(conversation),
        )

    def _pass_by(self, context: RequestContext, why: str) -> ProxyDecision:
        return self._fallback.pass_by_now(context.request, context, why)

    def _journal_request(self, context: RequestContext) -> None:
        conversation, exchange, sent = context.conversation, context.exchange, context.sent
        redactor = self._redactor(context.profile)
        exchange.prompt = context.draft.prompt if context.draft is not None else exchange.prompt
        gauge = context.scale
        login = is_login(context.request.headers)  # now: what is written later must hold no credential
        if context.profile.tokens.counter == "tokenizer":
            self._counting.anchor(exchange, conversation)
        self._log.append_later(
            ClassifiedEvent,
            exchange.id,
            lambda: event_builders.classified(
                exchange, conversation, sent, redactor, gauge, self._head_news, login=login
            ),
        )
        for v in context.verdicts:
            self._log.append(StageEvent(v.stage, v.outcome, v.remark, round(v.ms, 3), v.edits), exchange.id)

    def _redactor(self, profile: Profile) -> Redactor:
        return Redactor(profile.log.preview, redactors(profile.redact.personal, self._redactors))


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
