"""All times come from one clock object."""

from __future__ import annotations

import time

from penstock.base.clock import Clock, ManualClock, SystemClock


def test_the_machines_clock_tells_its_time() -> None:
    """Seconds since the epoch, and ticks that never go back."""
    clock: Clock = SystemClock()
    before = time.time()
    assert before <= clock.now() <= time.time()
    first = clock.tick()
    assert clock.tick() >= first


def test_a_manual_clock_stands_until_it_is_moved() -> None:
    """Both of its times move together."""
    clock = ManualClock(at=10.0)
    assert (clock.now(), clock.tick()) == (10.0, 10.0)
    clock.advance(2.5)
    assert (clock.now(), clock.tick()) == (12.5, 12.5)
