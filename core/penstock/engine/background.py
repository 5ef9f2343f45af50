"""`Background`: shows complete answers to the stages, one after the other, and runs other jobs, in threads that no
request waits for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from penstock.base.clock import Clock
from penstock.base.loop_wait import done_within
from penstock.base.threads import NoWorker, Workers
from penstock.conversation.exchange import Exchange, State
from penstock.conversation.reply import Reply
from penstock.engine.pipeline import Pipeline
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent
from penstock.events.response_events import ProcessedEvent

__all__ = ["Background"]


class Background:
    """Shows answers to the stages. A stage that fails or hangs does not affect the others (P1)."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._workers = Workers(limit=4, lost_limit=8, name="penstock-background")

    async def look(self, pipeline: Pipeline, exchange: Exchange, reply: Reply, *, is_known: bool = False) -> None:
        """Show `reply` to every stage that looks at answers, then mark the exchange as processed. `is_known`: an answer
        to the same bytes was shown before."""
        started = self._clock.tick()
        showing = _Showing(_wanted(pipeline, exchange, is_known))
        while not showing.is_over:
            try:
                show = partial(self._show, showing, showing.attempt, pipeline, exchange, reply)
                task = self._workers.submit(show)
            except NoWorker as e:
                self._note(exchange, str(e))
                break
            limit = pipeline.profile.limits.background_s
            while not await done_within(task.future, showing.left(limit)):
                if showing.is_overtaken(limit):
                    self._workers.give_up(task)
                    self._note(exchange, f"no thread was free for {limit:.4g} s to show an answer to the stages")
                    break
                late = showing.give_up(limit)
                if late is not None:  # another thread goes on with the next stage
                    self._workers.give_up(task, pipeline.source(late))
                    self._note(exchange, pipeline.overdue(late))
                    break
            else:
                task.future.result()
        self._processed(exchange, started)

    def look_now(self, pipeline: Pipeline, exchange: Exchange, reply: Reply, *, is_known: bool = False) -> None:
        """Do what `look` does, in the caller's own thread and without deadlines."""
        started = self._clock.tick()
        showing = _Showing(_wanted(pipeline, exchange, is_known))
        self._show(showing, showing.attempt, pipeline, exchange, reply)
        self._processed(exchange, started)

    def do(self, job: Callable[[], None]) -> None:
        """Run `job`, which must not raise, in a thread. If too many threads hang, it is not run."""
        with suppress(NoWorker):
            self._workers.submit(job)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()

    def _show(self, showing: _Showing, attempt: int, pipeline: Pipeline, exchange: Exchange, reply: Reply) -> None:
        """Show the answer to the stages that have not seen it, until another thread goes on with it."""
        while (index := showing.next(attempt)) is not None:
            fault = pipeline.observe(index, *_copies(exchange, reply))
            if showing.attempt == attempt:  # else it is known as late
                self._note(exchange, fault)

    def _note(self, exchange: Exchange, fault: str) -> None:
        if fault:
            self._log.append(FaultEvent("stage", fault), exchange.id)

    def _processed(self, exchange: Exchange, started: float) -> None:
        exchange.advance(State.PROCESSED)
        self._log.append(ProcessedEvent(round((self._clock.tick() - started) * 1000, 3)), exchange.id)


class _Showing:
    """The stages that an answer is shown to, one after the other: each in the thread that carried on from the one
    before, or in another where that one was late."""

    def __init__(self, stages: Sequence[int]) -> None:
        self._left = deque(stages)
        self._lock = threading.Lock()
        self._at: int | None = None
        self._since = time.monotonic()
        self.attempt = 0
        """The number of the thread that shows it; those before were given up."""

    @property
    def is_over(self) -> bool:
        """Whether no stage is left to begin with."""
        return not self._left

    def next(self, attempt: int) -> int | None:
        """The stage to go on with. None: there is none, or another thread goes on."""
        with self._lock:
            if attempt != self.attempt:
                return None
            self._at, self._since = self._left.popleft() if self._left else None, time.monotonic()
            return self._at

    def left(self, limit: float) -> float:
        """Seconds until the present stage, or its beginning, is late."""
        return max(0.001, self._since + limit - time.monotonic())

    def is_overtaken(self, limit: float) -> bool:
        """Whether no thread has begun in time. None does from now on: answers come faster than they are shown."""
        with self._lock:
            is_late = self._at is None and bool(self._left) and time.monotonic() - self._since >= limit
            if is_late:
                self.attempt += 1
                self._left.clear()
            return is_late

    def give_up(self, limit: float) -> int | None:
        """The present stage, which is not waited for any longer. None: it is not late."""
        with self._lock:
            late = self._at
            if late is None or time.monotonic() - self._since < limit:
                return None
            self.attempt += 1
            self._at, self._since = None, time.monotonic()
            return late


def _wanted(pipeline: Pipeline, exchange: Exchange, is_known: bool) -> Sequence[int]:
    """Only real turns teach (P9), and each once (P10)."""
    return pipeline.observers if exchange.kind.is_real and not is_known else ()


def _copies(exchange: Exchange, reply: Reply) -> tuple[Exchange, Reply]:
    """Copies of exchange and reply, since a stage may change what it is shown."""
    tools, usage = [replace(tool) for tool in reply.tools], replace(reply.usage)
    return replace(exchange), replace(reply, tools=tools, usage=usage, transformations=list(reply.transformations))
