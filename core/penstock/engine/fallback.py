"""`Fallback`: forwards a request when the pipeline cannot handle it: the edits made before are replayed, no stage runs,
and thinking that may have become invalid is removed.

It needs no stage, no memory and no disk, and takes no lock that a hanging thread may hold. Where the ledger of a
conversation is not known, and edits may have been sent in it to a model that binds thinking to the content before it,
the client's own bytes are forwarded without their thinking.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from penstock.base.clock import Clock
from penstock.base.errors import StoreError, Unreadable
from penstock.base.threads import NoWorker, Workers
from penstock.conversation.conversation import Conversation, Role
from penstock.conversation.exchange import Exchange, Request
from penstock.dialects import content_encoding
from penstock.dialects.base import Endpoint
from penstock.dialects.rejection import About
from penstock.dialects.signed_body import is_signed
from penstock.edits.edit import Edit, Op
from penstock.edits.ledger import resolve
from penstock.edits.splice import splice_edits, without_thinking
from penstock.engine.pipelines import Pipelines
from penstock.engine.proxy_decision import ProxyDecision
from penstock.engine.request_context import RequestContext
from penstock.engine.state import Attempt, ConversationState, States, note_attempt
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent
from penstock.events.request_events import BypassedEvent
from penstock.identify.identity import identify
from penstock.redaction.redaction import redact

__all__ = ["Fallback"]

logger = logging.getLogger(__name__)
DEADLINE_S = 10.0
"""Seconds that writing a request past the pipeline with its earlier edits may take. Longer than any deadline of a
stage: where thinking is bound to edited content, the request cannot be sent otherwise."""
PASSED_BY = "the pipeline was passed by"


@dataclass(frozen=True, slots=True)
class _Passed:
    """How a request was forwarded past the pipeline."""

    conversation: str
    """The id of its conversation."""
    body: bytes | None
    """The edited body, in the request's own content-encoding. None: the client's own bytes."""
    may_break: bool = False
    """See `ProxyDecision.may_break`."""
    edits: int = 0
    """How many earlier edits were sent again."""
    stripped: int = 0
    """How many blocks of thinking were removed."""
    fault: str = ""


class Fallback:
    """Forwards requests past the pipeline. Any thread may call."""

    def __init__(
        self,
        states: States,
        key: bytes,
        clock: Clock,
        log: EventLog,
        pipelines: Pipelines,
        note_missing: Callable[[], None],
    ) -> None:
        """`note_missing` is called, and must not wait, when thinking is removed that no ledger knows of."""
        self._note_missing = note_missing
        self._states, self._key, self._clock, self._log, self._pipelines = states, key, clock, log, pipelines
        self._workers = Workers(limit=4, lost_limit=16, name="penstock-fallback")

    def resume(self, key: bytes) -> None:
        """Name conversations by this key from now on."""
        self._key = key

    async def pass_by(self, request: Request, context: RequestContext | None, why: str) -> ProxyDecision:
        """Forward a request past the pipeline: in a thread of its own; if that hangs, with what is in memory only; and
        last, as the client sent it."""
        for load in (True, False):
            if context is None:
                break
            try:
                task = self._workers.submit(lambda load=load: self._send(context, load=load))  # type: ignore[misc]
            except NoWorker:
                break
            try:
                passed = await asyncio.wait_for(asyncio.wrap_future(task.future), DEADLINE_S)
            except TimeoutError:
                self._workers.give_up(task)
                continue
            except Unreadable:
                break
            except Exception:  # a stranger's dialect: it cannot be read a second time either
                logger.exception("exchange %s goes as it came", request.id)
                break
            return self._passed(context, passed, why)
        self._leave_untouched(context)
        return self.untouched(request, why, context.classified if context is not None else None)

    def pass_by_now(self, request: Request, context: RequestContext | None, why: str) -> ProxyDecision:
        """Do what `pass_by` does, in the caller's own thread."""
        if context is not None:
            try:
                return self._passed(context, self._send(context, load=True), why)
            except Unreadable as e:
                logger.debug("exchange %s cannot be read: %s", request.id, e)
            except Exception:  # as above
                logger.exception("exchange %s goes as it came", request.id)
        self._leave_untouched(context)
        return self.untouched(request, why, context.classified if context is not None else None)

    def _passed(self, context: RequestContext, passed: _Passed, why: str) -> ProxyDecision:
        if passed.fault:
            self._log.append(FaultEvent("check", redact(passed.fault)[:400]), context.request.id)
        outcome = self.untouched(
            context.request, why, context.classified, replayed=passed.edits, stripped=passed.stripped
        )
        outcome.body, outcome.replayed, outcome.stripped = passed.body, passed.edits, passed.stripped
        outcome.conversation, outcome.body_key = passed.conversation, context.body_key
        outcome.may_break = passed.may_break
        return outcome

    def _leave_untouched(self, context: RequestContext | None) -> None:
        """Note that the client's own bytes are forwarded, without the ledger's edits. Does not wait for the state's
        lock."""
        if context is None or context.loaded is None or context.parsed is None:
            return
        context.loaded.note_attempt(context.body_key, Attempt(0, untouched=True))
        context.loaded.seals.note(context.parsed, context.parsed)
        if context.endpoint is not Endpoint.COUNT:
            self._note_use(context, context.loaded, context.parsed)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()

    def untouched(
        self, request: Request, why: str, exchange: Exchange | None = None, *, replayed: int = 0, stripped: int = 0
    ) -> ProxyDecision:
        """The decision to forward a request as received, apart from earlier edits, and the event about it."""
        self._log.append(BypassedEvent(redact(why)[:400], replayed, stripped), request.id)
        return ProxyDecision(why=why, exchange=exchange, pipeline=self._pipelines.of(request.profile))

    def _send(self, context: RequestContext, *, load: bool) -> _Passed:
        """What to forward for a request. With `load`, a ledger that is not in memory is read from the store, if
        possible. Raises `Unreadable`, and what a plugin's dialect raises."""
        conversation = context.parsed or self._read(context)
        if is_signed(context.request.headers):
            return _Passed("", None)
        identity = identify(context.request, conversation, context.dialect.provider, self._key)
        name, state = identity.conversation, self._state(identity.conversation, load=load)
        seals, attempts = self._states.forwarded(name)
        key = context.body_key = hash((context.endpoint, context.body))
        state = None if state is None or state.is_gone else state
        lessons = () if state is None else tuple(state.lessons)
        attempt = None if any(lesson.body_key == key for lesson in lessons) else attempts.get(key)
        revision, edits = _edits(state, attempt, is_refused=any(one.about is About.HISTORY for one in lessons))
        done = splice_edits(context.dialect, context.request.path, conversation, replay := resolve(conversation, edits))
        whole = keep = len(done.view.thinking)
        price = context.pipeline.parts.prices.of(identity.provider, conversation.model)
        if price.binds_thinking and context.dialect.may_strip(conversation):
            is_unsure = _has_answer(conversation) if state is None else state.distrusts or bool(lessons)
            known = state.known.count if state is not None and state.known is not None else None
            keep = 0 if is_unsure else seals.kept(conversation, done.view, known=known)
            if attempt is not None and attempt.thinking is not None:  # a retry leaves as the first attempt did (P10)
                keep = attempt.thinking if state is None and attempt.revision == 0 else min(keep, attempt.thinking)
        if keep < whole:
            path = context.request.path
            done, replay, _ = without_thinking(context.dialect, path, conversation, edits, keep, PASSED_BY)
            self._note_missing()
        left = len(done.view.thinking)
        note_attempt(attempts, key, Attempt(revision, bool(done.fault) and done.body is None, thinking=left))
        if context.endpoint is not Endpoint.COUNT:
            seals.note(conversation, done.view)
            self._note_use(context, state, conversation)
        body = None if done.body is None else content_encoding.encode(done.body, _encoding(context))
        replayed = sum(edit.op is not Op.STRIP for edit in replay.applied)
        may_break = replay.is_before_thinking(conversation)
        return _Passed(name, body, may_break, replayed, whole - left, done.fault)

    def _note_use(self, context: RequestContext, state: ConversationState | None, conversation: Conversation) -> None:
        """Note the use of the cache, without waiting for the state's lock, which a hanging thread may hold."""
        if state is None:
            return
        state.clock.touch(self._clock.now())
        if context.classified is None or context.classified.kind.is_real:
            state.untouched.append(conversation)

    def _state(self, name: str, *, load: bool) -> ConversationState | None:
        if not load:
            return self._states.peek(name)
        try:
            return self._states.current(name)
        except StoreError:
            return None

    def _read(self, context: RequestContext) -> Conversation:
        limit = context.pipeline.profile.limits.body_bytes
        context.body = content_encoding.decode(context.request.body, _encoding(context), limit)
        return context.dialect.read(context.body, context.request.path)


def _edits(state: ConversationState | None, attempt: Attempt | None, *, is_refused: bool) -> tuple[int, Sequence[Edit]]:
    """The edits to send again, and the ledger's revision: that of the first attempt for a retry (P10); none if the
    ledger is not known or the provider has refused its edits."""
    if state is None or is_refused:
        return 0, ()
    if attempt is not None:
        return attempt.revision, state.ledger.edits(attempt.revision)
    return state.ledger.revision, state.ledger.standing()


def _encoding(context: RequestContext) -> str | None:
    return context.request.headers.get("content-encoding")


def _has_answer(conversation: Conversation) -> bool:
    return any(message.role is Role.ASSISTANT for message in conversation.messages)
