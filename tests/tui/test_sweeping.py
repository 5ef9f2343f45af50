"""When Python looks for garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from penstock_tui.sweeping import EVERY, QUIET, Sweeping


@pytest.fixture
def sweeping() -> Iterator[Sweeping]:
    sweeping = Sweeping()
    sweeping.begin()
    yield sweeping
    sweeping.end()


def test_not_while_a_log_is_read(sweeping: Sweeping) -> None:
    """Everything that makes, lives; after that, looks are short."""
    assert not gc.isenabled()
    assert not sweeping.look(1.0, loaded=False)
    assert sweeping.look(2.0, loaded=True)
    assert gc.isenabled()
    assert gc.get_freeze_count() > 1000


def test_not_while_somebody_waits(sweeping: Sweeping) -> None:
    """Keys put it off until there is a moment without one."""
    sweeping.touch(10.0)
    assert not sweeping.look(10.0 + QUIET / 2, loaded=True)
    assert sweeping.look(10.0 + QUIET, loaded=True)


def test_now_and_then(sweeping: Sweeping) -> None:
    """What has come since is set aside too, and circles that were thrown away are freed."""
    assert sweeping.look(0.0, loaded=True)
    circle: list[object] = []
    circle.append(circle)
    gc.freeze()
    del circle
    frozen = gc.get_freeze_count()
    assert not sweeping.look(EVERY / 2, loaded=True)
    assert sweeping.look(EVERY, loaded=True)
    assert gc.get_freeze_count() < frozen


def test_the_end_leaves_all_as_it_was() -> None:
    """Whoever runs the screen inside another program finds the collector as it is everywhere."""
    sweeping = Sweeping()
    sweeping.begin()
    sweeping.look(0.0, loaded=True)
    sweeping.end()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
