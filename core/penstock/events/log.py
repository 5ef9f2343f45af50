"""`EventLog`: the append-only log of events and small facts, written to the store (an `EventSink`) by a thread of its
own, which also shows events to plugins.

`EventLog.append` never blocks and never raises. A thread of its own writes to the store, in batches. While the store
fails, events wait in a bounded queue and the log is `degraded`; when it works again they are written, and a `fault`
event says how many had to be dropped. The first drop is a warning, too, and `degraded` has the count. What the store
refuses though it works is left out, with a `fault` event that names it, and holds up nothing else.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from penstock.base.clock import Clock, SystemClock
from penstock.base.errors import Unstorable
from penstock.base.increment import FactChange, Increment, merged
from penstock.events.event import Event, PrefixHash
from penstock.events.listeners import Listener
from penstock.events.payload import EventData
from penstock.events.proxy_events import FaultEvent, StoppedEvent
from penstock.events.refused import FactBatch, Refused, store_each

__all__ = ["EventLog", "EventSink"]

logger = logging.getLogger(__name__)
_Facts = defaultdict[str, dict[str, FactChange]]
"""Values to be stored, by kind and name. None: to be deleted."""


LINGER_S = 0.1
"""Seconds for which the log's thread gathers events before it writes them."""


@dataclass(slots=True)
class _Pending:
    """An event whose payload is still to be built."""

    at: float
    exchange: str
    data_type: type[EventData]
    make: Callable[[], EventData]

    def event(self) -> Event:
        """The event, or a `fault` event if its payload cannot be built."""
        try:
            event = Event.of(self.make(), self.at, self.exchange)
        except Exception as e:  # the log must go on; what is missing is said
            # A warning: mitmproxy ends a proxy at whose start anything is logged as an error.
            logger.warning("the payload of a %s event could not be made", self.data_type.KIND, exc_info=True)
            return self._fault(f"{type(e).__name__}: {e}")
        try:
            event.text  # noqa: B018 - made here, once: the store writes it
        except ValueError as e:
            return self._fault(f"its payload is no JSON: {e}")
        return event

    def _fault(self, error: str) -> Event:
        return Event.of(FaultEvent(f"event {self.data_type.KIND}", error[:400]), self.at, self.exchange)


class EventSink(Protocol):
    """The interface of what stores events: a store."""

    def add_events(self, events: Sequence[Event]) -> None:
        """Store `events` in order, all or none. Raises `StoreError`, and `Unstorable` where it refuses one of them."""
        ...

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        """Store the history last sent in a conversation, as a hash. Raises `StoreError` and `Unstorable`."""
        ...

    def set_tips(self, tips: Mapping[str, PrefixHash], at: float) -> None:
        """Store those of several conversations, all or none. Raises `StoreError` and `Unstorable`."""
        ...

    def set_values(self, kind: str, values: Mapping[str, FactChange], *, batch: str = "") -> None:
        """Change facts of one kind, by their names, once for each id of a batch. Raises `StoreError`, and `Unstorable`
        where it refuses one of them."""
        ...


class EventLog:
    """The event log. Takes events from any thread; a thread of its own stores them."""

    def __init__(
        self,
        sink: EventSink,
        *,
        listeners: Sequence[Callable[[Event], None]] = (),
        limit: int = 20_000,
        retry_every: float = 1.0,
        clock: Clock | None = None,
    ) -> None:
        self._sink = sink
        self._listeners = [Listener(listen) for listen in listeners]
        self._clock = clock or SystemClock()
        self._limit = limit
        self._retry_every = retry_every
        self._queue: deque[Event | _Pending] = deque()
        self._tips: dict[str, PrefixHash] = {}
        self._facts = _Facts(dict)
        self._between: dict[str, Callable[[], None]] = {}
        self._batches: dict[str, list[FactBatch]] = {}
        """By kind."""
        self._refused = Refused()
        self._wake = threading.Condition()
        self._busy = self._sleeps = False
        self._closing = False
        self._hurry = threading.Event()
        self._dropped = 0
        self._failure = ""
        self.has_stopped = False
        """The proxy is at its end: what threads in the background have still to say comes too late."""
        self._thread = threading.Thread(target=self._run, name="penstock-events", daemon=True)
        self._thread.start()

    @property
    def degraded(self) -> str:
        """Why the last attempt to store failed, and what was dropped since; empty while the store works."""
        dropped = f"; {self._dropped} events and facts that waited were dropped" if self._dropped else ""
        return self._failure + dropped if self._failure else ""

    def append(self, data: EventData, exchange: str = "") -> None:
        """Append an event."""
        self.append_later(type(data), exchange, lambda: data)
        self.has_stopped |= isinstance(data, StoppedEvent)

    def append_later(self, data_type: type[EventData], exchange: str, make: Callable[[], EventData]) -> None:
        """Append an event of `data_type` whose payload `make` builds later, on the log's own thread."""
        event = _Pending(self._clock.now(), exchange, data_type, make)
        if len(self._queue) >= self._limit:
            with self._wake:
                if len(self._queue) >= self._limit:
                    self._queue.popleft()
                    self._drop()
        self._queue.append(event)
        # A dozen a request: only the first of a batch takes the lock. The thread says that it sleeps before it looks at
        # the queue for the last time.
        if self._sleeps:
            with self._wake:
                self._wake.notify_all()

    def set_tip(self, conversation: str, tip: PrefixHash) -> None:
        """Store soon the history last sent in a conversation, as a hash; of several calls, the last counts."""
        with self._wake:
            if len(self._tips) >= self._limit and conversation not in self._tips:
                self._tips.pop(next(iter(self._tips)))
                self._drop()
            self._tips[conversation] = tip
            self._wake.notify()

    def set_value(self, kind: str, name: str, value: FactChange) -> None:
        """Store a fact soon, add to one, or delete it (None); several changes of one name become one."""
        with self._wake:
            facts = self._facts[kind]
            if len(facts) >= self._limit and name not in facts:
                facts.pop(next(iter(facts)))
                self._drop()
            facts[name] = merged(facts[name], value) if name in facts else value
            self._wake.notify()

    def between_writes(self, name: str, do: Callable[[], None]) -> None:
        """Call `do` soon, on the log's own thread, before it writes again: what `do` stores by `set_value` is written
        next. Of several calls with one name before that, the last counts."""
        with self._wake:
            self._between[name] = do
            self._wake.notify()

    def _drop(self) -> None:
        """Count what is dropped, and say so at the first of it."""
        if not self._dropped:
            logger.warning("more waits for the store than is kept: the oldest events are dropped until it works again")
        self._dropped += 1

    def drain(self, timeout: float = 5.0) -> bool:
        """Wait until all events so far are stored. False if `timeout` seconds were not enough."""
        with self._wake:
            self._hurry.set()
            try:
                done = self._wake.wait_for(lambda: not self._waits and not self._busy, timeout)
            finally:
                self._hurry.clear()
        return done and all(listener.drain(timeout) for listener in self._listeners)

    def close(self, timeout: float = 5.0) -> bool:
        """Store the queued events and show them to the listeners, then stop the threads. False: not all were stored."""
        self.drain(timeout)
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join(timeout)
        for listener in self._listeners:
            listener.close()
        with self._wake:
            return not (self._queue or self._tips or self._busy)

    @property
    def _waits(self) -> bool:
        return bool(self._queue or self._tips or self._facts or self._between or self._batches)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._sleeps = True
                self._wake.wait_for(lambda: self._waits or self._closing)
                self._sleeps = False
                if self._closing:
                    return
            # The request these facts are about is still on its way, and the interpreter has one lock: not now.
            self._hurry.wait(LINGER_S)
            with self._wake:
                between, self._between = self._between, {}
                self._busy = True
            for name, do in between.items():
                self._do(name, do)
            with self._wake:
                taken = [self._queue.popleft() for _ in range(min(len(self._queue), 500))]
                tips, self._tips = self._tips, {}
                for kind in [kind for kind in self._facts if kind not in self._batches]:
                    self._batches[kind] = [FactBatch(self._facts.pop(kind))]
            batch = [e.event() if isinstance(e, _Pending) else e for e in taken]
            done: list[Event] = []
            stored = self._tried(partial(self._store, batch, done, tips))
            if done:  # before anybody who waits for the log goes on to wait for its listeners
                for listener in self._listeners:
                    listener.tell(done)
            is_all = stored and self._tried(self._store_facts)
            if is_all and self._failure:
                logger.info("events are stored again")
                self._failure = ""
            with self._wake:
                self._busy = False
                if is_all:
                    self._wake.notify_all()
                    continue
                if not stored:
                    # What waits is made into plain events: a payload still to be made holds its whole request.
                    taken = [self._queue.popleft() for _ in range(len(self._queue))]
                    waiting = [e.event() if isinstance(e, _Pending) else e for e in taken]
                    self._queue.extendleft(reversed([*batch, *waiting]))
                    self._tips = tips | self._tips
                # Events go on while facts cannot be stored.
                self._sleeps = True
                self._wake.wait_for(partial(self._goes_on, events=stored), self._retry_every)
                self._sleeps = False

    def _do(self, name: str, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception:  # the log must go on
            logger.warning("what is done between two writes to the store failed: %s", name, exc_info=True)

    def _goes_on(self, *, events: bool) -> bool:
        return self._closing or (events and bool(self._queue or self._tips))

    def _tried(self, store: Callable[[], None]) -> bool:
        try:
            store()
        except Exception as e:  # noqa: BLE001 - a sink may raise what its driver likes, and this thread must go on
            if not self._failure:
                logger.warning("events wait: %s", e)
            self._failure = str(e) or type(e).__name__
            return False
        return True

    def _store(self, batch: list[Event], done: list[Event], tips: dict[str, PrefixHash]) -> None:
        """What is stored is moved from `batch` to `done`, and out of `tips`."""
        if len(tips) > 1:
            with suppress(Unstorable):  # then one by one
                self._sink.set_tips(tips, self._clock.now())
                tips.clear()
        for conversation in list(tips):
            try:
                self._sink.set_tip(conversation, tips[conversation], self._clock.now())
            except Unstorable as e:
                self._say_refused(f"the place of the conversation {conversation}", e)
            del tips[conversation]
        store_each(batch, self._sink.add_events, self._set_aside, done)
        dropped = self._dropped
        if dropped:
            said = f"{dropped} events and facts were dropped while the store did not work"
            self._sink.add_events([Event.of(FaultEvent("events", said), self._clock.now())])
            with self._wake:
                self._dropped -= dropped

    def _set_aside(self, event: Event, why: Unstorable) -> Event | None:
        """What is stored in the place of an event that the store refuses."""
        said = self._refused.note(f"an event {event.kind} of the exchange {event.exchange}", why)
        return None if said is None else Event.of(said, event.at)

    def _say_refused(self, name: str, why: Unstorable) -> None:
        said = self._refused.note(name, why)
        if said is not None:
            self.append(said)

    def _store_facts(self) -> None:
        """Store facts separately, so that a fact that cannot be stored does not block events."""
        for kind, batches in list(self._batches.items()):
            while batches:
                batch = batches[0]
                try:
                    self._sink.set_values(kind, batch.changes, batch=batch.id)
                except Unstorable as e:
                    batches[:1] = batch.halves()
                    if len(batch.changes) == 1:
                        self._say_refused(f"the fact {next(iter(batch.changes))} of the kind {kind}", e)
                    continue
                del batches[0]  # before a later one fails: it would be stored again
                for value in batch.changes.values():
                    if isinstance(value, Increment):
                        value.written()
            del self._batches[kind]
