"""`Engine`: the entry point of a request: finds its dialect, has a worker thread process it, and enforces the deadlines
of its stages. It can also replay earlier edits alone, and flush or forget conversations.

`Engine.process` is for the event loop and never raises: all work is done in one worker thread
(`penstock.engine.processor`), the loop only watches the clock. When a stage is late, its thread is given up and another
continues with the next stage, from the draft as it was before; when anything else fails, the request is forwarded
without new edits. `process_now` does the same in the caller's own thread, without deadlines, for programs and replays.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from penstock.base.clock import Clock, SystemClock
from penstock.base.errors import Unreadable
from penstock.base.loop_wait import done_within
from penstock.base.threads import NoWorker, Task, Workers
from penstock.budget.shared_rates import SharedRates
from penstock.conversation.exchange import Request
from penstock.dialects.base import Dialect, Endpoint
from penstock.engine.admission import AdmissionControl
from penstock.engine.background import Background
from penstock.engine.fallback import Fallback
from penstock.engine.keep_alive import KeepAlive
from penstock.engine.pipeline import Pipeline
from penstock.engine.pipelines import Pipelines
from penstock.engine.processor import RequestProcessor
from penstock.engine.proxy_decision import ProxyDecision
from penstock.engine.request_context import RequestContext
from penstock.engine.request_reader import RequestReader
from penstock.engine.responses import ResponseHandler
from penstock.engine.token_counts import TokenCalibration
from penstock.engine.whole_requests import WholeRequests
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent
from penstock.redaction.redaction import redact
from penstock.store.base import Store

if TYPE_CHECKING:
    from penstock.outputs.indexer import OutputIndexer

__all__ = ["Engine"]

logger = logging.getLogger(__name__)
PREPARE_S = 2.0
"""Seconds that the first request of a profile waits for its stages to be created; after that it is forwarded as
received."""
WATCH_S = 0.05
"""Seconds between two looks of the loop at whether a stage is late. A notice at the start of each stage would cost
every request."""


class Engine:
    """Processes requests, without a network. One for each proxy."""

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
        outputs: OutputIndexer | None = None,
        rates: SharedRates | None = None,
    ) -> None:
        """`is_lost`: the store is new, and replaces a lost one that knew what was sent. `is_incomplete`: the last
        requests of an earlier process may be missing in it. `outputs`: indexes tool outputs that are shortened.
        `rates`: the rate limits that all proxies share."""
        self._dialects = tuple(dialects)
        self._log = log
        self._clock = clock or SystemClock()
        self._workers = Workers()
        self._background = Background(log, self._clock)
        counting = self._counting = TokenCalibration(store, self._clock.tick, self._background.do)
        self.calibration = counting.calibration
        """What the provider's counts have taught about our estimates."""
        self.admission = AdmissionControl(store, log, self._clock, rates)
        """Admits requests, and counts their cost."""
        self._reader = RequestReader(
            store, log, key, self._clock, self.admission, counting, is_lost=is_lost, is_incomplete=is_incomplete
        )
        self._states = self._reader.states
        self.responses = ResponseHandler(self.admission, counting, self._background, self._states, self._clock, log)
        """Handles answers."""
        self.pipelines = Pipelines(pipelines, profile)
        """By profile; they may be replaced at any time."""
        self.keep_alive = KeepAlive(self._states, self._clock, self.pipelines, self.admission)
        """Asked after each answer whether the request is to be sent once more while the user is idle."""
        self._fallback = Fallback(
            self._states, key, self._clock, log, self.pipelines, lambda: self._background.do(store.note_missing)
        )
        self._processor = RequestProcessor(
            store, log, self._clock, self._reader, self.admission, counting, self._fallback, redactors, outputs
        )
        self.whole_requests = WholeRequests()
        """The last requests in full. Keeps none until `resize` sets how many."""
        self.is_paused = False
        """No new edits; those that have landed are sent on. May be set at any time, for the requests that come then."""

    def resume(self, key: bytes, *, is_lost: bool) -> None:
        """Edit from now on, with the store that could not be reached until now: `key` is the one in it."""
        self._reader.resume(key, is_lost=is_lost)
        self._fallback.resume(key)
        self.is_paused = False

    def pipeline(self, profile: str) -> Pipeline:
        """The pipeline of a profile, created on first use. Raises `ProfileError` and `PluginError`."""
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
        """Decide what to do with `request`. Never raises; takes no longer than the deadlines of the profile allow."""
        context = None
        try:
            if request.profile and request.profile not in self.pipelines:
                await self._ready(request.profile)
            context = self._context(request)
            decision = await self._process(context)
        except Exception as e:  # whatever it is, the request goes out (P1)
            logger.exception("exchange %s goes past the pipeline", request.id)
            return await self._fallback.pass_by(request, context, f"{type(e).__name__}: {e}")
        try:
            self.whole_requests.add(request, decision)
        except Exception:  # what is shown to a person must cost no request its edits (P1)
            logger.exception("exchange %s is not kept whole", request.id)
        return decision

    async def replay(self, request: Request, why: str) -> ProxyDecision:
        """Decide to forward `request` with earlier edits only: no stage runs, and nothing is counted or learned. `why`:
        the reason, for the log. Never raises."""
        try:
            return await self._fallback.pass_by(request, self._context(request), why)
        except Exception as e:  # noqa: BLE001 - whatever it is, the request goes out (P1)
            return self._fallback.untouched(request, f"{why}; {type(e).__name__}: {e}")

    def process_now(self, request: Request) -> ProxyDecision:
        """`process` in the caller's own thread, without deadlines."""
        context = None
        try:
            if request.profile and request.profile not in self.pipelines:
                self._prepare(request.profile)
            context = self._context(request)
            return self._processor.run(context, 0)
        except Exception as e:  # as above
            logger.exception("exchange %s goes past the pipeline", request.id)
            return self._fallback.pass_by_now(request, context, f"{type(e).__name__}: {e}")

    def replay_now(self, request: Request, why: str) -> ProxyDecision:
        """`replay` in the caller's own thread."""
        return self._fallback.pass_by_now(request, self._context(request), why)

    def compact_now(self, name: str = "") -> int:
        """Flush at the next real request, whether that pays or not: of the conversation with this id, of those in the
        client's session with this id, or of all in memory. Returns how many conversations. Any thread may call."""
        found = [s for key, s in self._states.loaded() if s.keys and (not name or name in (key, s.session))]
        for state in found:
            state.flush_requested = True
        return len(found)

    @contextmanager
    def forgotten(self, conversations: Collection[str]) -> Iterator[None]:
        """Drop all that is in memory of some conversations, and block access to their state until the block ends."""
        self.keep_alive.forget(conversations)
        self.whole_requests.forget(conversations)
        try:
            with self._states.forgotten(conversations):
                yield
        finally:  # a request that was under way may have been kept meanwhile
            self.whole_requests.forget(conversations)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()
        self._fallback.close()
        self._background.close()
        self._counting.save()
        self.whole_requests.resize(0)

    # ---------------------------------------------------------------- the loop's side

    def _context(self, request: Request) -> RequestContext:
        found = self.route(request.method, request.path)
        if found is None:
            raise Unreadable(f"no dialect reads {request.method} {request.path}")
        pipeline, now = self.pipelines.of(request.profile), self._clock.tick()
        context = RequestContext(request, *found, pipeline, now, self.is_paused)
        context.deadline = now + pipeline.profile.limits.read_ms / 1000
        return context

    def _prepare(self, profile: str) -> None:
        fault = self.pipelines.prepare(profile)
        if fault:
            self._fault("profile", fault)

    async def _ready(self, profile: str) -> None:
        """Create a profile's stages in a thread, since that runs code of plugins and reads the disk."""
        waiting = asyncio.wrap_future(self._workers.submit(lambda: self._prepare(profile)).future)
        await asyncio.wait_for(waiting, PREPARE_S)

    async def _process(self, context: RequestContext) -> ProxyDecision:
        while True:
            generation = context.generation
            try:
                task = self._workers.submit(lambda g=generation: self._processor.run(context, g))  # type: ignore[misc]
            except NoWorker as e:
                return await self._fallback.pass_by(context.request, context, str(e))
            decision = await self._watch(context, task)
            if decision is not None:
                return decision

    async def _watch(self, context: RequestContext, task: Task[ProxyDecision]) -> ProxyDecision | None:
        """Wait for `task`. None: a stage was late, and another thread is to go on."""
        pipeline = context.pipeline
        try:
            while True:
                left = context.deadline - self._clock.tick()
                if await done_within(task.future, min(max(left, 0.001), WATCH_S)):
                    return task.future.result()
                with context.lock:
                    if self._clock.tick() < context.deadline:
                        continue
                    context.generation += 1
                    step = context.step
                    in_stage = 0 <= step < len(pipeline.stages)
                    self._workers.give_up(task, pipeline.source(step) if in_stage else "")
                    if in_stage:
                        context.verdicts.append(pipeline.late(step))
                        context.enter(step + 1, self._clock.tick())
                if in_stage:
                    return None
                return await self._fallback.pass_by(context.request, context, "reading or writing it took too long")
        finally:
            self._workers.give_up(task)  # unless it is done: it is late, or whoever waits for this was cancelled

    def _fault(self, where: str, error: str) -> None:
        self._log.append(FaultEvent(where, redact(error)[:400]))
