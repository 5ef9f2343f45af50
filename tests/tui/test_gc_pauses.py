"""When Python looks for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from penstock_tui.gc_pauses import ANSWERED, EVERY, MANY, MOST, QUIET, SOME, GcScheduler

# Each look goes through all that the tests have imported.
pytestmark = pytest.mark.slow


class Circle:
    """Holds itself, so that only the collector frees it."""

    alive = 0

    def __init__(self) -> None:
        self.self = self
        Circle.alive += 1

    def __del__(self) -> None:
        Circle.alive -= 1


@pytest.fixture
def sweeping() -> Iterator[GcScheduler]:
    gc.collect()
    sweeping = GcScheduler()
    sweeping.begin()
    yield sweeping
    sweeping.end()


def grow(looks: int) -> None:
    """Have Python look through what is young that often."""
    for _ in range(looks):
        gc.collect(1)


def test_not_while_a_log_is_read(sweeping: GcScheduler) -> None:
    """Everything that makes, lives; after that, looks are short."""
    assert not gc.isenabled()
    assert not sweeping.look(1.0, loaded=False)
    assert sweeping.look(2.0, loaded=True)
    assert gc.isenabled()
    assert gc.get_freeze_count() > 1000


def test_not_while_somebody_waits(sweeping: GcScheduler) -> None:
    """Keys put it off until there is a moment without one."""
    sweeping.touch(10.0)
    assert not sweeping.look(10.0 + QUIET / 2, loaded=True)
    assert sweeping.look(10.0 + QUIET, loaded=True)


def test_now_and_then(sweeping: GcScheduler) -> None:
    """What has come since is set aside too, and circles that were thrown away are freed."""
    assert sweeping.look(0.0, loaded=True)
    Circle()
    gc.freeze()
    assert not sweeping.look(EVERY / 2, loaded=True)
    assert Circle.alive == 1
    assert sweeping.look(EVERY, loaded=True)
    assert Circle.alive == 0


def test_never_by_itself(sweeping: GcScheduler) -> None:
    """However much is made between two keys, what has grown old is looked through at our moments only."""
    assert sweeping.look(0.0, loaded=True)
    full = gc.get_stats()[2]["collections"]
    kept = [[object()] for _ in range(400_000)]  # Python would look ten times
    assert gc.get_stats()[2]["collections"] == full
    assert len(kept) == 400_000


def test_what_is_young_is_freed_soon(sweeping: GcScheduler) -> None:
    """As Python would, in the next quiet moment."""
    assert sweeping.look(0.0, loaded=True)
    Circle()
    grow(SOME)
    sweeping.touch(5.0)
    assert not sweeping.look(5.0 + ANSWERED, loaded=True)
    assert sweeping.look(5.0 + QUIET, loaded=True)
    assert Circle.alive == 0


def test_keys_without_a_pause_do_not_fill_the_memory(sweeping: GcScheduler) -> None:
    """Then it is between two keys, as soon as the last one is answered; the first pause puts all in order."""
    assert sweeping.look(0.0, loaded=True)
    Circle()
    grow(MANY)
    sweeping.touch(5.0)
    assert not sweeping.look(5.0 + ANSWERED / 2, loaded=True)
    assert sweeping.look(5.0 + ANSWERED, loaded=True)
    assert Circle.alive == 0
    Circle()
    gc.freeze()
    assert sweeping.look(5.0 + QUIET, loaded=True)
    assert Circle.alive == 0


def test_a_key_that_is_held_down_does_not_either(sweeping: GcScheduler) -> None:
    """It comes again before any pause is long enough."""
    assert sweeping.look(0.0, loaded=True)
    Circle()
    grow(MOST - 1)
    for now in (5.0, 6.0):
        sweeping.touch(now)
        assert sweeping.look(now, loaded=True) is (now == 6.0)
        grow(1)
    assert Circle.alive == 0


def test_the_end_leaves_all_as_it_was() -> None:
    """Whoever runs the screen inside another program finds the collector as it is everywhere."""
    before = gc.get_threshold()
    sweeping = GcScheduler()
    sweeping.begin()
    sweeping.look(0.0, loaded=True)
    sweeping.end()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before
