"""A thread in the background takes little of a busy process, and all that it wants of an idle one."""

from __future__ import annotations

import pytest

from penstock.base.pace import BUSY, SHARE, Pace


class Times:
    """The clocks of a process, in seconds."""

    def __init__(self) -> None:
        self.wall = self.process = self.thread = 0.0

    def pass_(self, seconds: float, *, others: float, own: float = 0.0) -> None:
        """Let time pass, in which the other threads use so many cores, and this one so many seconds of CPU."""
        self.wall += seconds
        self.process += seconds * others + own
        self.thread += own


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def pace(times: Times) -> Pace:
    return Pace(lambda: times.wall, lambda: times.process, lambda: times.thread)


def test_who_has_done_nothing_yet_begins_at_once(pace: Pace, times: Times) -> None:
    times.pass_(1, others=1)
    assert pace.rest() == 0


@pytest.mark.parametrize("took", [0.001, 0.2])
def test_in_a_busy_process_the_work_and_its_rest_are_a_small_share(pace: Pace, times: Times, took: float) -> None:
    with pace.work():
        times.pass_(0.5, others=1, own=took)
    assert took / (took + pace.rest()) == pytest.approx(SHARE)


def test_in_an_idle_process_it_goes_on(pace: Pace, times: Times) -> None:
    """However much it has done itself."""
    with pace.work():
        times.pass_(1, others=BUSY / 2, own=1)
    assert pace.rest() == 0


def test_what_was_busy_before_the_work_does_not_count(pace: Pace, times: Times) -> None:
    times.pass_(100, others=1)
    with pace.work():
        times.pass_(1, others=0, own=0.5)
    assert pace.rest() == 0
