"""`Background`: shows complete answers to the stages, one after the other, and runs other jobs, in threads that no
request waits for."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from penstock.base.clock import Clock
from penstock.base.threads import NoWorker, Task, Workers
from penstock.conversation.exchange import Exchange, State
from penstock.conversation.reply import Reply
from penstock.engine.pipeline import Pipeline
from penstock.events.log import EventLog
from penstock.events.proxy_events import FaultEvent
from penstock.events.response_events import ProcessedEvent

__all__ = ["Background"]

logger = logging.getLogger(__name__)


class Background:
    """Shows answers to the stages. A stage that fails or hangs does not affect the others (P1)."""

    def __init__(self, log: EventLog, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._workers = Workers(limit=4, lost_limit=8, name="penstock-background")
        self._showings: set[_Showing] = set()
        """The event loop adds to it; the thread that ends one removes it."""
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        """The timer's: that of a loop that has ended never comes."""

    @property
    def under_way(self) -> int:
        """The number of answers that are being shown."""
        return len(self._showings)

    def look(self, pipeline: Pipeline, exchange: Exchange, reply: Reply, *, is_known: bool = False) -> None:
        """Show `reply` to every stage that looks at answers, then mark the exchange as processed. Does not wait; for
        the event loop, which learns of no answer that is shown in time: to wake it would cost each request.
        `is_known`: an answer to the same bytes was shown before."""
        showing = _Showing(pipeline, exchange, reply, self._clock.tick(), is_known=is_known)
        self._showings.add(showing)
        self._go_on(showing)
        if not showing.is_over:
            self._watch_from(showing.left())

    def look_now(self, pipeline: Pipeline, exchange: Exchange, reply: Reply, *, is_known: bool = False) -> None:
        """Do what `look` does, in the caller's own thread and without deadlines."""
        showing = _Showing(pipeline, exchange, reply, self._clock.tick(), is_known=is_known)
        self._show(showing, showing.attempt)

    def do(self, job: Callable[[], None]) -> None:
        """Run `job`, which must not raise, in a thread. If too many threads hang, it is not run."""
        with suppress(NoWorker):
            self._workers.submit(job)

    def close(self) -> None:
        """End the threads."""
        if self._timer is not None:
            self._timer.cancel()
        self._workers.close()

    def _go_on(self, showing: _Showing) -> None:
        """Show an answer to the stages that have not seen it, in a thread."""
        attempt = showing.attempt
        if not showing.has_more:
            self._end(showing, attempt)
            return
        try:
            showing.task = self._workers.submit(partial(self._show, showing, attempt))
        except NoWorker as e:
            self._note(showing, str(e))
            self._end(showing, attempt)

    def _watch_from(self, seconds: float) -> None:
        """Have the event loop look in so many seconds, or sooner, whether a stage is late."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            if self._loop is loop and self._timer.when() <= loop.time() + seconds:
                return
            self._timer.cancel()
        self._loop, self._timer = loop, loop.call_later(seconds, self._watch)

    def _watch(self) -> None:
        self._timer = None
        for showing in list(self._showings):
            if showing.is_overtaken():
                self._give_up(showing, f"no thread was free for {showing.limit:.4g} s to show an answer to the stages")
            elif (late := showing.give_up()) is not None:
                pipeline = showing.pipeline
                self._give_up(showing, pipeline.overdue(late), pipeline.source(late))
        left = [showing.left() for showing in list(self._showings)]
        if left:
            self._watch_from(min(left))

    def _give_up(self, showing: _Showing, why: str, source: str = "") -> None:
        """Have another thread go on with the next stage, if there is one to be shown the answer."""
        if showing.task is not None:
            self._workers.give_up(showing.task, source)
        self._note(showing, why)
        self._go_on(showing)

    def _show(self, showing: _Showing, attempt: int) -> None:
        """Show the answer to the stages that have not seen it, until another thread goes on with it."""
        try:
            while (index := showing.next(attempt)) is not None:
                fault = showing.pipeline.observe(index, *_copies(showing.exchange, showing.reply))
                if showing.attempt == attempt:  # else it is known as late
                    self._note(showing, fault)
        except Exception:  # the answer is over all the same
            logger.exception("an answer could not be shown to the stages")
        self._end(showing, attempt)

    def _note(self, showing: _Showing, fault: str) -> None:
        if fault and not self._log.has_stopped:
            self._log.append(FaultEvent("stage", fault), showing.exchange.id)

    def _end(self, showing: _Showing, attempt: int) -> None:
        if showing.end(attempt):
            showing.exchange.advance(State.PROCESSED)
            if not self._log.has_stopped:  # nothing is said after the proxy's last word
                ms = round((self._clock.tick() - showing.began) * 1000, 3)
                self._log.append(ProcessedEvent(ms), showing.exchange.id)
            self._showings.discard(showing)  # at last: a proxy that ends closes the log when none is under way


class _Showing:
    """An answer, and the stages that it is shown to, one after the other: each in the thread that carried on from the
    one before, or in another where that one was late."""

    def __init__(
        self, pipeline: Pipeline, exchange: Exchange, reply: Reply, began: float, *, is_known: bool = False
    ) -> None:
        self.pipeline, self.exchange, self.reply, self.began = pipeline, exchange, reply, began
        self.limit = pipeline.profile.limits.background_s
        """Seconds that a stage has."""
        self.task: Task[None] | None = None
        self.is_over = False
        self._left = deque(_wanted(pipeline, exchange, is_known))
        self._lock = threading.Lock()
        self._at: int | None = None
        self._since = time.monotonic()
        self.attempt = 0
        """The number of the thread that shows it; those before were given up."""

    @property
    def has_more(self) -> bool:
        """Whether a stage is left to begin with."""
        return bool(self._left)

    def next(self, attempt: int) -> int | None:
        """The stage to go on with. None: there is none, or another thread goes on."""
        with self._lock:
            if attempt != self.attempt:
                return None
            self._at, self._since = self._left.popleft() if self._left else None, time.monotonic()
            return self._at

    def end(self, attempt: int) -> bool:
        """Whether it is over from now on, and was not before. Not if another thread goes on."""
        with self._lock:
            is_end = attempt == self.attempt and not self.is_over
            self.is_over |= is_end
            return is_end

    def left(self) -> float:
        """Seconds until the present stage, or its beginning, is late."""
        return max(0.001, self._since + self.limit - time.monotonic())

    def is_overtaken(self) -> bool:
        """Whether no thread has begun in time. None does from now on: answers come faster than they are shown."""
        with self._lock:
            is_late = self._at is None and bool(self._left) and time.monotonic() - self._since >= self.limit
            if is_late:
                self.attempt += 1
                self._left.clear()
            return is_late

    def give_up(self) -> int | None:
        """The present stage, which is not waited for any longer. None: it is not late."""
        with self._lock:
            late = self._at
            if late is None or time.monotonic() - self._since < self.limit:
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
