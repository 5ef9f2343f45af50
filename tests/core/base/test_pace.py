"""A thread in the background takes little of a busy process, and all that it wants of an idle one."""

from __future__ import annotations

import pytest

from penstock.base.pace import BUSY, LOOK_S, MOST_S, SHARE, Pace


class Times:
    """The clocks of a process, in seconds."""

    def __init__(self) -> None:
        self.wall = self.process = self.thread = 0.0

    def pass_(self, seconds: float, *, others: float, own: float = 0.0) -> None:
        """Let time pass, in which the other threads use so many cores, and this one so many seconds of CPU."""
        self.wall += seconds
        self.process += seconds * others + own
        self.thread += own

    def rest(self, pace: Pace, *, others: float) -> float:
        """Rest as long as it says. Returns how long that was."""
        began = self.wall
        while seconds := pace.rest():
            self.pass_(seconds, others=others)
        return self.wall - began


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def pace(times: Times) -> Pace:
    return Pace(lambda: times.wall, lambda: times.process, lambda: times.thread)


def test_who_has_done_nothing_yet_begins_at_once(pace: Pace, times: Times) -> None:
    times.pass_(1, others=1)
    assert pace.rest() == 0


@pytest.mark.parametrize("took", [0.01, 0.2])
def test_in_a_busy_process_the_work_and_its_rest_are_a_small_share(pace: Pace, times: Times, took: float) -> None:
    with pace.work():
        times.pass_(took, others=0, own=took)
    assert took / (took + times.rest(pace, others=1)) == pytest.approx(SHARE)


def test_after_long_work_it_does_not_rest_for_ever(pace: Pace, times: Times) -> None:
    with pace.work():
        times.pass_(100, others=1, own=60)
    assert times.rest(pace, others=1) == pytest.approx(MOST_S)


def test_in_an_idle_process_it_goes_on(pace: Pace, times: Times) -> None:
    """However busy it was before and during the work, which may have threads of its own."""
    times.pass_(100, others=1)
    with pace.work():
        times.pass_(1, others=1, own=1)
    assert times.rest(pace, others=BUSY / 2) == pytest.approx(LOOK_S)


def test_when_the_process_is_idle_again_it_goes_on(pace: Pace, times: Times) -> None:
    with pace.work():
        times.pass_(1, others=1, own=1)
    for _ in range(4):
        times.pass_(pace.rest(), others=1)
    assert pace.rest() > 0
    assert times.rest(pace, others=0) < 1


def test_time_that_has_passed_since_the_work_counts_as_rest(pace: Pace, times: Times) -> None:
    with pace.work():
        times.pass_(1, others=1, own=0.01)
    times.pass_(1, others=1)
    assert pace.rest() == 0
