"""The event log: it never blocks, never raises, and says what it could not keep."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import penstock
from penstock.base.errors import StoreError
from penstock.base.increment import FactChange, Increment
from penstock.events.event import Event, EventKind, PrefixHash
from penstock.events.log import EventLog
from penstock.events.response_events import ProcessedEvent
from penstock.store.in_memory import MemoryStore
from penstock.testing import ManualClock


class Sink(MemoryStore):
    """A store that can be broken, and held."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()
        self.tried = threading.Semaphore(0)
        self.batches: list[int] = []

    def add_events(self, events: Sequence[Event]) -> None:
        self.tried.release()
        self.open.wait()
        if self.error is not None:
            raise self.error
        self.batches.append(len(events))
        super().add_events(events)

    def set_tip(self, conversation: str, tip: PrefixHash, at: float) -> None:
        self.tried.release()
        self.open.wait()
        if self.error is not None:
            raise self.error
        super().set_tip(conversation, tip, at)

    def set_values(self, kind: str, values: Mapping[str, Mapping[str, Any] | None], *, batch: str = "") -> None:
        self.tried.release()
        self.open.wait()
        if self.error is not None:
            raise self.error
        super().set_values(kind, values)

    def numbers(self) -> list[object]:
        return [e.payload["ms"] for e in self.events_after(limit=100_000) if e.kind is EventKind.PROCESSED]


@contextmanager
def log_on(sink: Sink, **settings: object) -> Iterator[EventLog]:
    log = EventLog(sink, retry_every=0.001, **settings)  # type: ignore[arg-type]
    try:
        yield log
    finally:
        sink.open.set()
        log.close()


def put(log: EventLog, *numbers: int) -> None:
    for n in numbers:
        log.append(ProcessedEvent(n), "x")


def test_what_is_noted_is_stored_in_order() -> None:
    """With the time at which it was noted."""
    sink, clock = Sink(), ManualClock(at=5.0)
    with log_on(sink, clock=clock) as log:
        put(log, 1)
        clock.advance(2)
        put(log, 2)
        assert log.drain()
        assert sink.numbers() == [1, 2]
        assert [e.at for e in sink.events_after()] == [5.0, 7.0]
        assert log.degraded == ""


def test_closing_stores_what_is_left() -> None:
    """And a second time does nothing."""
    sink = Sink()
    with log_on(sink) as log:
        put(log, *range(1200))
        log.close()
        assert sink.numbers() == list(range(1200))


def test_events_from_many_threads_are_all_stored() -> None:
    """Those of each thread in its order."""
    sink = Sink()
    with log_on(sink) as log:
        threads = [threading.Thread(target=put, args=(log, *range(t, 1000, 4))) for t in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert log.drain()
    found = sink.numbers()
    for t in range(4):
        assert [n for n in found if isinstance(n, int) and n % 4 == t] == list(range(t, 1000, 4))


def test_noting_never_waits_for_the_store() -> None:
    """While one batch is held up, any number more is taken."""
    sink = Sink()
    sink.open.clear()
    with log_on(sink) as log:
        put(log, 0)
        assert sink.tried.acquire(timeout=30)
        put(log, *range(1, 3000))
        assert not log.drain(timeout=0)
        sink.open.set()
        assert log.drain()
        assert sink.numbers() == list(range(3000))
        assert max(sink.batches) <= 501


@pytest.mark.parametrize("error", [StoreError("the disk is full"), RuntimeError("a driver of a stranger")])
def test_events_wait_while_the_store_does_not_work(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """The log says it is degraded, and why; then everything is written in order, and the fault is over."""
    caplog.set_level(logging.WARNING)
    sink = Sink()
    sink.error = error
    with log_on(sink) as log:
        put(log, 1, 2)
        for _ in range(3):
            assert sink.tried.acquire(timeout=30)
        put(log, 3)
        assert str(error) in log.degraded
        sink.error = None
        assert log.drain()
        assert sink.numbers() == [1, 2, 3]
        assert log.degraded == ""
    assert len(caplog.records) == 1


def test_the_queue_is_bounded_and_says_what_it_dropped() -> None:
    """The oldest go; a fault in the log counts them."""
    sink = Sink()
    sink.error = StoreError("gone")
    with log_on(sink, limit=10) as log:
        put(log, 0)
        assert sink.tried.acquire(timeout=30)
        put(log, *range(1, 100))
        sink.error = None
        assert log.drain()
        events = sink.events_after()
    kept = [e.payload["ms"] for e in events if e.kind is EventKind.PROCESSED]
    faults = [e.payload for e in events if e.kind is EventKind.FAULT]
    assert kept[-10:] == list(range(90, 100))
    assert [f["where"] for f in faults] == ["events"] * len(faults)
    assert sum(int(str(f["error"]).split()[0]) for f in faults) == 100 - len(kept)


def test_a_payload_made_later_is_made_on_the_logs_own_thread() -> None:
    """Nobody waits for it; it stands where it was noted."""
    sink = Sink()
    made_by: list[str] = []

    def make() -> ProcessedEvent:
        made_by.append(threading.current_thread().name)
        return ProcessedEvent(2)

    with log_on(sink) as log:
        put(log, 1)
        log.append_later(ProcessedEvent, "x", make)
        put(log, 3)
        assert log.drain()
    assert sink.numbers() == [1, 2, 3]
    assert made_by == ["penstock-events"]


def test_a_payload_that_cannot_be_made_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The others stand; a fault stands in its place."""
    caplog.set_level(logging.CRITICAL)
    sink = Sink()

    def make() -> ProcessedEvent:
        raise LookupError("no such thing")

    with log_on(sink) as log:
        put(log, 1)
        log.append_later(ProcessedEvent, "x", make)
        put(log, 2)
        assert log.drain()
    (fault,) = [e for e in sink.events_after() if e.kind is EventKind.FAULT]
    assert fault.exchange == "x"
    assert fault.payload == {"where": "event processed", "error": "LookupError: no such thing"}
    assert sink.numbers() == [1, 2]


def test_of_several_tips_the_last_is_stored() -> None:
    """Also when the store failed in between: an older one never takes a newer one's place."""
    sink = Sink()
    sink.error = StoreError("gone")
    sink.open.clear()
    with log_on(sink) as log:
        log.set_tip("talk", PrefixHash(0, b"a", 1))
        assert sink.tried.acquire(timeout=30)
        log.set_tip("talk", PrefixHash(0, b"b", 2))
        log.set_tip("other", PrefixHash(0, b"c", 3))
        sink.open.set()
        assert sink.tried.acquire(timeout=30)
        sink.error = None
        assert log.drain()
        assert sink.tip_of("talk") == PrefixHash(0, b"b", 2)
        assert sink.tip_of("other") == PrefixHash(0, b"c", 3)


def test_of_several_facts_under_one_name_the_last_is_stored() -> None:
    """Also when the store failed in between: none is lost, and an older one never takes a newer one's place."""
    sink = Sink()
    sink.set_values("k", {"gone": {"n": 0}})
    assert sink.tried.acquire(timeout=30)
    sink.error = StoreError("gone")
    sink.open.clear()
    with log_on(sink) as log:
        for name in ("a", "b", "gone"):
            log.set_value("k", name, {"n": 1})
        assert sink.tried.acquire(timeout=30)
        log.set_value("k", "a", {"n": 2})
        log.set_value("k", "gone", None)
        log.set_value("other", "a", {"n": 3})
        sink.open.set()
        assert sink.tried.acquire(timeout=30)
        sink.error = None
        assert log.drain()
        assert sink.values_of("k") == {"a": {"n": 2}, "b": {"n": 1}}
        assert sink.values_of("other") == {"a": {"n": 3}}


def test_facts_made_later_are_made_once_for_many_calls_on_the_logs_own_thread(caplog: pytest.LogCaptureFixture) -> None:
    """One that cannot be made costs nothing else."""
    caplog.set_level(logging.WARNING)
    sink, made = Sink(), list[str]()

    def make() -> None:
        made.append(threading.current_thread().name)
        log.set_value("k", "a", {"n": len(made)})
        log.set_value("k", "b", {"n": 0})

    def fail() -> None:
        raise ValueError("no")

    with log_on(sink) as log:
        sink.open.clear()
        put(log, 1)
        assert sink.tried.acquire(timeout=30)
        log.between_writes("broken", fail)
        for _ in range(10):
            log.between_writes("k", make)
        sink.open.set()
        assert log.drain()
        assert sink.values_of("k") == {"a": {"n": 1}, "b": {"n": 0}}
        log.between_writes("k", make)
        assert log.drain()
        assert sink.values_of("k") == {"a": {"n": 2}, "b": {"n": 0}}
        assert made == ["penstock-events"] * 2
        assert sink.numbers() == [1]
    assert [r.getMessage() for r in caplog.records] == ["what is done between two writes to the store failed: broken"]


def test_what_waits_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """Events, tips and facts alike: the oldest are dropped and counted, which is said once as a warning, and in what
    the proxy says of its state."""
    caplog.set_level(logging.WARNING)
    sink = Sink()
    sink.error = StoreError("gone")
    with log_on(sink, limit=3) as log:
        put(log, 0)
        for _ in range(2):
            assert sink.tried.acquire(timeout=30)
        sink.open.clear()
        put(log, *range(1, 6))
        for n in range(5):
            log.set_tip(f"talk {n}", PrefixHash(0, b"t", n))
            log.set_value("k", f"fact {n}", {"n": n})
        assert log.degraded.startswith("gone; ")
        said = [record for record in caplog.records if "dropped" in record.message]
        assert len(said) == 1
        sink.error = None
        sink.open.set()
        assert log.drain()
        assert log.degraded == ""
    assert sink.tip_of("talk 0") is None
    assert sink.tip_of("talk 4") is not None
    assert "fact 0" not in sink.values_of("k")
    assert sink.values_of("k")["fact 4"] == {"n": 4}
    faults = [e.payload["error"] for e in sink.events_after() if e.kind is EventKind.FAULT]
    assert sum(int(error.split()[0]) for error in faults) >= 2 + 2 + 2


def test_facts_that_cannot_be_stored_hold_up_no_event() -> None:
    """The log is degraded by them all the same, until they are stored."""

    class Picky(Sink):
        def set_values(self, kind: str, values: Mapping[str, Mapping[str, Any] | None], *, batch: str = "") -> None:
            self.tried.release()
            if self.error is not None:
                raise self.error
            MemoryStore.set_values(self, kind, values)

        def add_events(self, events: Sequence[Event]) -> None:
            MemoryStore.add_events(self, events)

    sink = Picky()
    sink.error = StoreError("gone")
    with log_on(sink) as log:
        log.set_value("k", "a", {"n": 1})
        put(log, 1)
        assert sink.tried.acquire(timeout=30)
        put(log, 2)
        for _ in range(3):
            assert sink.tried.acquire(timeout=30)
        assert sink.numbers() == [1, 2]
        assert log.degraded == "gone"
        sink.error = None
        assert log.drain()
        assert sink.values_of("k") == {"a": {"n": 1}}
        assert log.degraded == ""


class Adding(Sink):
    """A store in which several processes add; it refuses one kind while it is broken."""

    def __init__(self) -> None:
        super().__init__()
        self.sums: dict[str, Any] = {}

    def set_values(self, kind: str, values: Mapping[str, FactChange], *, batch: str = "") -> None:
        if kind == "refused":
            self.tried.release()
            if self.error is not None:
                raise self.error
        for name, change in values.items():
            assert isinstance(change, Increment)
            self.sums[name] = change.applied(self.sums.get(name, {}))


def test_what_is_stored_is_not_added_again_when_another_kind_fails() -> None:
    """Only what was refused waits for the next attempt, and is confirmed after it."""
    sink = Adding()
    sink.error = StoreError("disk full")
    written: list[object] = []
    one, other = (Increment({}, {"used": {"dollars": n}}, ("used",), on_written=written.append) for n in (1.0, 2.0))
    with log_on(sink) as log:
        log.set_value("budget", "day", one)
        log.set_value("refused", "x", other)
        for _ in range(3):
            assert sink.tried.acquire(timeout=60)
        assert written == [one.added]
        sink.error = None
        assert log.drain(60)
    assert sink.sums == {"day": one.added, "x": other.added}
    assert written == [one.added, other.added]


def test_listeners_hear_what_is_stored() -> None:
    """In order, and nothing before it is safe."""
    sink = Sink()
    heard: list[object] = []
    stored: list[int] = []

    def listen(event: Event) -> None:
        heard.append(event.payload["ms"])
        stored.append(sink.end().seq)

    with log_on(sink, listeners=[listen]) as log:
        put(log, *range(700))
    assert heard == list(range(700))
    assert all(seq > n for n, seq in enumerate(stored))


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)])
def test_a_listener_that_raises_stops_nobody(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """It loses the rest of a batch; the log and the other listeners go on, and it is asked again. It is no error of
    the log: mitmproxy would end a proxy that is starting."""
    caplog.set_level(logging.WARNING)
    sink = Sink()
    calls: list[object] = []
    heard: list[object] = []

    def fails(event: Event) -> None:
        calls.append(event.payload["ms"])
        raise error

    with log_on(sink, listeners=[fails, lambda event: heard.append(event.payload["ms"])]) as log:
        put(log, 1)
        assert log.drain()
        put(log, 2)
    assert heard == [1, 2]
    assert calls == [1, 2]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert sink.numbers() == [1, 2]


def test_a_log_without_listeners_or_events_ends_at_once() -> None:
    """Its thread ends with it."""
    sink = Sink()
    before = set(threading.enumerate())  # by name: threads of other tests may be ending just now
    with log_on(sink) as log:
        mine = set(threading.enumerate()) - before
        assert len(mine) == 1
        assert log.drain(timeout=0)
    assert not mine & set(threading.enumerate())


def test_closing_ends_the_threads_of_listeners() -> None:
    """Each has one of its own, and none stays behind."""
    sink = Sink()
    heard: list[Event] = []
    with log_on(sink, listeners=[heard.append, heard.append]) as log:
        put(log, 1)
        threads = [t for t in threading.enumerate() if t.name == "penstock-listener"]
    assert len(threads) >= 2
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert len(heard) == 2


def test_every_kind_of_event_is_described() -> None:
    """`docs/reference/events.md` has a row for each, and for nothing else."""
    root = Path(penstock.__file__).parents[2]
    text = (root / "docs" / "reference" / "events.md").read_text(encoding="utf-8")
    rows = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(kind.value for kind in EventKind)
