"""Listeners are strangers: whatever one does, the log and the others go on."""

from __future__ import annotations

import math
import threading

import pytest

from penstock.events.event import Event, EventKind
from penstock.events.log import EventLog
from penstock.events.proxy_events import SettingsEvent
from penstock.events.response_events import ProcessedEvent
from penstock.store.in_memory import MemoryStore


def test_one_that_hangs_holds_up_neither_the_log_nor_the_others() -> None:
    """Events are stored, and heard by those that listen."""
    go_on, heard = threading.Event(), []

    def hangs(_: Event) -> None:
        go_on.wait(30)

    store = MemoryStore()
    log = EventLog(store, listeners=[hangs, heard.append])
    for n in range(3):
        log.append(ProcessedEvent(n), f"x{n}")
    assert not log.drain(0.2)  # the one that hangs has not heard them all
    assert store.end().seq == 3
    assert [e.exchange for e in heard] == ["x0", "x1", "x2"]
    go_on.set()
    assert log.drain()
    log.close()


def test_one_that_always_fails_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Each fault is logged once, whatever its text says of the event."""

    def fails(event: Event) -> None:
        raise KeyError(event.exchange) if event.exchange < "z" else ValueError

    log = EventLog(MemoryStore(), listeners=[fails])
    for exchange in ("x", "y", "z", "z"):
        log.append(ProcessedEvent(1.0), exchange)
    assert log.drain()
    log.close()
    assert [said.getMessage().partition(",")[0] for said in caplog.records] == ["an event listener failed"] * 2


@pytest.mark.parametrize("value", [{1, 2}, math.nan, math.inf])
def test_a_payload_that_is_no_json_costs_its_own_event_alone(value: object) -> None:
    """A plugin's value that cannot be written becomes a fault that says so; what comes after it is stored."""
    store = MemoryStore()
    log = EventLog(store)
    log.append(SettingsEvent("default", {"mode": value}), "bad")
    log.append(ProcessedEvent(1.0), "good")
    assert log.drain()
    assert [(e.exchange, e.kind) for e in store.events_after()] == [
        ("bad", EventKind.FAULT),
        ("good", EventKind.PROCESSED),
    ]
    log.close()
