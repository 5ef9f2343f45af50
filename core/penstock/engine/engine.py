"""The engine: has a request read, lets the stages propose, has it written again.

`Engine.process` is for the event loop: all work is done in one worker thread, the loop only watches the clock. When a
stage is late, its thread is given up and another goes on with the next stage, from the draft as it was before.
`process_now` does the same in the caller's own thread, without deadlines, for programs and replays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager

from penstock.base.clock import Clock, SystemClock
from penstock.base.errors import StoreError, Unreadable
from penstock.base.threads import NoWorker, Task, Workers
from penstock.conversation.conversation import Conversation
from penstock.conversation.exchange import Exchange, Request, State
from penstock.dialects import content_encoding
from penstock.dialects.base import Dialect, Endpoint
from penstock.dialects.signed_body import is_signed
from penstock.edits.flush_reason import FlushReason
from penstock.engine import payloads
from penstock.engine.admission import AdmissionControl
from penstock.engine.background import Background
from penstock.engine.fallback import Fallback
from penstock.engine.job import Job
from penstock.engine.pipeline import Pipeline, Verdict
from penstock.engine.pipelines import Pipelines
from penstock.engine.reader import Reader
from penstock.engine.request_context import ProxyDecision, RequestContext, Superseded
from penstock.engine.responses import ResponseHandler
from penstock.engine.settle import EditScheduler
from penstock.engine.token_counts import TokenCalibration
from penstock.events.event import EventKind
from penstock.events.log import EventLog
from penstock.identify.tools import PromptHeadChanges
from penstock.plugins.draft import Draft
from penstock.profiles.profile import Profile
from penstock.redaction.personal import redactors
from penstock.redaction.redaction import Redactor, redact
from penstock.store.base import Store

__all__ = ["Engine", "ProxyDecision"]

logger = logging.getLogger(__name__)
PREPARE_S = 2.0
"""How long the first request of a profile waits for its stages; past that it goes as it came."""
WATCH_S = 0.05
"""How often the loop looks whether a stage is late. To be told when each begins would cost every request."""


class Engine:
    """The suite without its wire: one for each proxy."""

    def __init__(
        self,
        *,
        dialects: Sequence[Dialect],
        pipelines: Callable[[str], Pipeline],
        profile: str,
        store: Store,
        log: EventLog,
        key: bytes,
        clock: Clock | None = None,
        redactors: Sequence[Callable[[str], str]] = (),
        is_lost: bool = False,
        is_incomplete: bool = False,
    ) -> None:
        """`is_lost`: the store is a new one in the place of one that is gone, with what was sent before.
        `is_incomplete`: what was sent last may be missing in it."""
        self._dialects = tuple(dialects)
        self._log = log
        self._clock = clock or SystemClock()
        self._workers = Workers()
        self._background = Background(log, self._clock)
        self._redactors = tuple(redactors)
        self._head_news = PromptHeadChanges()
        self._counting = TokenCalibration(store, self._clock.tick, self._background.do)
        self.calibration = self._counting.calibration
        """What the provider's counts have taught about our estimates."""
        self.cashier = AdmissionControl(store, log, self._clock, self._counting)
        """Asked before a request leaves, and told what came of it."""
        self._reader = Reader(
            store, key, self._clock, self.cashier, self._counting, is_lost=is_lost, is_incomplete=is_incomplete
        )
        self._states = self._reader.states
        self.responses = ResponseHandler(self.cashier, self._counting, self._background, self._states, self._clock, log)
        """Told what comes back of a request."""
        self._settler = EditScheduler(store, log, self._redactor, self._clock.now)
        self.pipelines = Pipelines(pipelines, profile)
        """By profile; they may be replaced at any time."""
        self._fallback = Fallback(self._states, key, self._clock, log, self.pipelines)
        self.is_paused = False
        """No new edits; those that have landed are sent on. May be set at any time, for the requests that come then."""

    def pipeline(self, profile: str) -> Pipeline:
        """The stages of a profile, made on first use. Raises `ProfileError` and `PluginError`."""
        return self.pipelines.get(profile)

    def route(self, method: str, path: str) -> tuple[Dialect, Endpoint] | None:
        """The dialect that reads requests to `path` (without its query). None: this is no model request."""
        for dialect in self._dialects:
            try:
                endpoint = dialect.endpoint(method, path)
            except Exception as e:  # noqa: BLE001 - a plugin's: the others may know the request
                self._fault("dialect", f"{dialect.name!r} fails at {method} {path}: {type(e).__name__}: {e}")
                continue
            if endpoint is not None:
                return dialect, endpoint
        return None

    async def process(self, request: Request) -> ProxyDecision:
        """What to do with `request`. Never raises; takes no longer than the deadlines of the profile allow."""
        work = None
        try:
            if request.profile and request.profile not in self.pipelines:
                await self._ready(request.profile)
            work = self._work(request)
            return await self._process(work)
        except Exception as e:  # whatever it is, the request goes out (P1)
            logger.exception("exchange %s goes past the pipeline", request.id)
            return await self._fallback.pass_by(request, work, f"{type(e).__name__}: {e}")

    async def replay(self, request: Request, why: str) -> ProxyDecision:
        """Send `request` with what was edited before, and nothing else: no stage runs, and nothing is counted or
        learned. Never raises."""
        try:
            return await self._fallback.pass_by(request, self._work(request), why)
        except Exception as e:  # noqa: BLE001 - whatever it is, the request goes out (P1)
            return self._fallback.untouched(request, f"{why}; {type(e).__name__}: {e}")

    def process_now(self, request: Request) -> ProxyDecision:
        """`process` in the caller's own thread, without deadlines."""
        work = None
        try:
            if request.profile and request.profile not in self.pipelines:
                self._prepare(request.profile)
            work = self._work(request)
            return self._run(work, 0)
        except Exception as e:  # as above
            logger.exception("exchange %s goes past the pipeline", request.id)
            return self._fallback.pass_by_now(request, work, f"{type(e).__name__}: {e}")

    def replay_now(self, request: Request, why: str) -> ProxyDecision:
        """The same in the caller's own thread."""
        return self._fallback.pass_by_now(request, self._work(request), why)

    def compact_now(self, name: str = "") -> int:
        """Have the next real request of a conversation flushed, whether that pays or not: of the one with this id, of
        those of the client's session with this id, or of all in memory. Gives how many. May be called from anywhere."""
        found = [s for key, s in self._states.loaded() if s.keys and (not name or name in (key, s.session))]
        for state in found:
            state.asked = True
        return len(found)

    def forgotten(self, conversations: Collection[str]) -> AbstractContextManager[None]:
        """Have what is in memory of some conversations forgotten; see `States.forgotten`."""
        return self._states.forgotten(conversations)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()
        self._fallback.close()
        self._background.close()
        self.cashier.close()
        self._counting.save()

    # ---------------------------------------------------------------- the loop's side

    def _work(self, request: Request) -> RequestContext:
        found = self.route(request.method, request.path)
        if found is None:
            raise Unreadable(f"no dialect reads {request.method} {request.path}")
        work = RequestContext(request, *found, self.pipelines.of(request.profile), self._clock.tick(), self.is_paused)
        pipeline = work.pipeline
        work.step_until = work.started + pipeline.profile.limits.read_ms / 1000
        return work

    def _prepare(self, profile: str) -> None:
        fault = self.pipelines.prepare(profile)
        if fault:
            self._fault("profile", fault)

    async def _ready(self, profile: str) -> None:
        """Have a thread make a profile's stages: plugins' code and the disk are no work for the loop."""
        waiting = asyncio.wrap_future(self._workers.submit(lambda: self._prepare(profile)).future)
        await asyncio.wait_for(waiting, PREPARE_S)

    async def _process(self, work: RequestContext) -> ProxyDecision:
        while True:
            generation = work.generation
            try:
                task = self._workers.submit(lambda g=generation: self._run(work, g))  # type: ignore[misc]
            except NoWorker as e:
                return await self._fallback.pass_by(work.request, work, str(e))
            outcome = await self._watch(work, task)
            if outcome is not None:
                return outcome

    async def _watch(self, work: RequestContext, task: Task[ProxyDecision]) -> ProxyDecision | None:
        """Wait for `task`. None: a stage was late, and another thread is to go on."""
        waiting = asyncio.wrap_future(task.future)
        try:
            while True:
                left = work.step_until - self._clock.tick()
                done, _ = await asyncio.wait({waiting}, timeout=min(max(left, 0.001), WATCH_S))
                if done:
                    return waiting.result()
                with work.lock:
                    if self._clock.tick() < work.step_until:
                        continue
                    work.generation += 1
                    step = work.step
                    in_stage = 0 <= step < len(work.pipeline.stages)
                    self._workers.give_up(task, work.pipeline.source(step) if in_stage else "")
                    if in_stage:
                        verdict = work.pipeline.late(step)
                        work.verdicts.append(verdict)
                        self._enter(work, step + 1)
                if in_stage:
                    return None
                return await self._fallback.pass_by(work.request, work, "reading or writing it took too long")
        finally:
            if not waiting.done():  # late, or whoever waits for this was cancelled
                self._workers.give_up(task)
                waiting.cancel()

    # ---------------------------------------------------------------- the thread's side

    def _run(self, work: RequestContext, generation: int) -> ProxyDecision:
        try:
            if work.step < 0:
                try:
                    self._reader.read(work)
                except Unreadable as e:
                    return self._fallback.untouched(work.request, str(e))
                except StoreError as e:
                    self._fault("store", str(e), work.request.id)
                    why = "the ledger of this conversation cannot be read"
                    return self._fallback.pass_by_now(work.request, work, why)
                self._step(work, generation, 0)
            draft = work.draft
            while draft is not None and work.step < len(work.pipeline.stages):
                index = work.step
                flush = bool(work.due) or work.pipeline.profile.setting == "bold"
                draft, verdict = work.pipeline.run(index, draft, flush=flush)
                self._step(work, generation, index + 1, draft, verdict)
            return self._write(work, generation)
        except Superseded:
            return ProxyDecision()

    def _step(
        self,
        work: RequestContext,
        generation: int,
        step: int,
        draft: Draft | None = None,
        verdict: Verdict | None = None,
    ) -> None:
        with work.lock:
            if work.generation != generation:
                raise Superseded
            if draft is not None:
                work.draft = draft
            if verdict is not None:
                work.verdicts.append(verdict)
            self._enter(work, step)

    def _enter(self, work: RequestContext, step: int) -> None:
        work.step = step
        last = step >= len(work.pipeline.stages)
        seconds = work.pipeline.profile.limits.read_ms / 1000 if last else work.pipeline.deadline(step)
        work.step_until = self._clock.tick() + seconds

    def _write(self, work: RequestContext, generation: int) -> ProxyDecision:
        conversation, exchange, state = work.conversation, work.exchange, work.state
        if conversation is None or exchange is None or state is None:
            raise Unreadable("the request was not read")
        draft = work.draft
        self._journal_request(work, conversation, exchange)
        exchange.advance(State.ENRICHED)
        refusal, wait_s = self.cashier.ask(work, exchange)
        if refusal is not None:
            said = work.dialect.refusal(refusal.message, refusal.retry_after, is_final=refusal.is_final)
            if not self._commit(work, generation):  # it has left as it came meanwhile
                raise Superseded
            exchange.advance(State.REFUSED)
            self._log.append(EventKind.REFUSED, exchange.id, **payloads.refused(refusal))
            return ProxyDecision(refusal=said, exchange=exchange, pipeline=work.pipeline)
        job = Job(
            work.dialect,
            work.request.path,
            work.pipeline.profile,
            conversation,
            exchange,
            state,
            work.body_key,
            work.sent,
            draft,
            work.attempt,
            work.standing,
            work.used,
            work.due,
            work.pipeline.parts.prices.of(exchange.identity.provider, exchange.model),
            lambda: self._commit(work, generation),
            work.gauge,
            work.is_paused,
            work.known,
            work.debt,
            is_signed(work.request.headers),
        )
        with state.lock:
            is_gone = state.is_gone  # its ledger too: what it says was sent is not what the next request will find
            settled = None if is_gone else self._settler.settle(job)
            pending = len(state.ledger.pending)
            if settled is not None and work.due is FlushReason.ASKED:
                state.asked = False
            revision = state.ledger.revision
        if is_gone:  # without the lock: who deletes the session waits for it
            return self._fallback.pass_by_now(work.request, work, "its session was deleted meanwhile")
        if settled is None:
            raise Superseded
        body = settled.body
        self._log.append(
            EventKind.ENRICHED,
            exchange.id,
            edits=settled.landed,
            replayed=len(settled.replay.applied) - settled.landed,
            pending=pending,
            bytes_in=len(conversation.body),
            bytes_out=len(conversation.body if body is None else body),
            **payloads.saved(
                conversation, settled.view, settled.replay, settled.booking, self._counting.gauge(exchange)
            ),
            ms=_ms(self._clock.tick() - work.started),
        )
        sent = None if body is None else content_encoding.encode(body, work.request.headers.get("content-encoding"))
        return ProxyDecision(
            body=sent,
            exchange=exchange,
            booking=settled.booking,
            pipeline=work.pipeline,
            body_key=work.body_key,
            wait_s=wait_s,
            conversation=exchange.identity.conversation,
            revision=revision,
            landed=bool(settled.landed),
            marked=settled.mark is not None,
            may_break=settled.replay.is_before_thinking(conversation),
        )

    def _commit(self, work: RequestContext, generation: int) -> bool:
        """Whether the loop still waits for this thread; if so, it will until the thread is done."""
        with work.lock:
            if work.generation != generation:
                return False
            work.step_until = float("inf")
            return True

    # ---------------------------------------------------------------- events

    def _journal_request(self, work: RequestContext, conversation: Conversation, exchange: Exchange) -> None:
        redactor = self._redactor(work.pipeline.profile)
        words = work.draft.words if work.draft is not None else exchange.words
        exchange.words = words
        gauge = self._counting.gauge(exchange)
        self._counting.anchor(exchange, conversation)
        self._log.append_later(
            EventKind.CLASSIFIED,
            exchange.id,
            lambda: (
                payloads.classified(exchange, conversation, work.sent, redactor, gauge)
                | self._head_news.of(exchange, conversation)
            ),
        )
        for v in work.verdicts:
            self._log.append(EventKind.STAGE, exchange.id, **payloads.verdict(v))

    def _redactor(self, profile: Profile) -> Redactor:
        return Redactor(profile.log.preview, redactors(profile.redact.personal, self._redactors))

    def _fault(self, where: str, error: str, exchange: str = "") -> None:
        self._log.append(EventKind.FAULT, exchange, where=where, error=redact(error)[:400])


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
