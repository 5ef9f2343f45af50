"""`Background`: shows complete answers to the stages, one after the other, and runs other jobs, in threads that no
request waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

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
        for index in _wanted(pipeline, exchange, is_known):
            self._note(exchange, await self._look(pipeline, index, exchange, reply))
        self._processed(exchange, started)

    def look_now(self, pipeline: Pipeline, exchange: Exchange, reply: Reply, *, is_known: bool = False) -> None:
        """Do what `look` does, in the caller's own thread and without deadlines."""
        started = self._clock.tick()
        for index in _wanted(pipeline, exchange, is_known):
            self._note(exchange, pipeline.observe(index, *_copies(exchange, reply)))
        self._processed(exchange, started)

    def do(self, job: Callable[[], None]) -> None:
        """Run `job`, which must not raise, in a thread. If too many threads hang, it is not run."""
        with suppress(NoWorker):
            self._workers.submit(job)

    def close(self) -> None:
        """End the threads."""
        self._workers.close()

    async def _look(self, pipeline: Pipeline, index: int, exchange: Exchange, reply: Reply) -> str:
        shown = _copies(exchange, reply)
        try:
            task = self._workers.submit(lambda: pipeline.observe(index, *shown))
        except NoWorker as e:
            return str(e)
        if await done_within(task.future, pipeline.profile.limits.background_s):
            return task.future.result()
        self._workers.give_up(task, pipeline.source(index))
        return pipeline.overdue(index)

    def _note(self, exchange: Exchange, fault: str) -> None:
        if fault:
            self._log.append(FaultEvent("stage", fault), exchange.id)

    def _processed(self, exchange: Exchange, started: float) -> None:
        exchange.advance(State.PROCESSED)
        self._log.append(ProcessedEvent(round((self._clock.tick() - started) * 1000, 3)), exchange.id)


def _wanted(pipeline: Pipeline, exchange: Exchange, is_known: bool) -> Iterator[int]:
    """Only real turns teach (P9), and each once (P10)."""
    return iter(pipeline.observers if exchange.kind.is_real and not is_known else ())


def _copies(exchange: Exchange, reply: Reply) -> tuple[Exchange, Reply]:
    """Copies of exchange and reply, since a stage may change what it is shown."""
    tools, usage = [replace(tool) for tool in reply.tools], replace(reply.usage)
    return replace(exchange), replace(reply, tools=tools, usage=usage, transformations=list(reply.transformations))
