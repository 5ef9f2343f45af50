"""A part that fails several times in a row rests for a while."""

from __future__ import annotations

import pytest

from penstock.base.circuit_breaker import Breaker
from penstock.testing import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """Moves when told to."""
    return ManualClock()


def test_so_many_failures_in_a_row_open_it(clock: ManualClock) -> None:
    """The last of them says so; a success in between begins the count anew."""
    breaker = Breaker(3, 60, clock)
    assert [breaker.failed(), breaker.failed()] == [False, False]
    breaker.succeeded()
    assert [breaker.failed(), breaker.failed(), breaker.allows(), breaker.failed()] == [False, False, True, True]
    assert not breaker.allows()


def test_after_the_rest_one_call_is_let_through(clock: ManualClock) -> None:
    """Others wait for what comes of it."""
    breaker = Breaker(1, 60, clock)
    breaker.failed()
    clock.advance(59.9)
    assert not breaker.allows()
    clock.advance(0.1)
    assert breaker.allows()
    assert not breaker.allows()
    breaker.succeeded()
    assert breaker.allows()
    assert breaker.allows()


def test_a_failure_after_the_rest_is_another_rest(clock: ManualClock) -> None:
    """At once, not after three more."""
    breaker = Breaker(3, 60, clock)
    for _ in range(3):
        breaker.failed()
    clock.advance(60)
    assert breaker.allows()
    assert breaker.failed()
    clock.advance(59)
    assert not breaker.allows()


def test_a_call_that_never_came_back_is_tried_again_later(clock: ManualClock) -> None:
    """Nothing was said about the call that was let through: after another rest, the next one is."""
    breaker = Breaker(1, 60, clock)
    breaker.failed()
    clock.advance(60)
    assert breaker.allows()
    clock.advance(59)
    assert not breaker.allows()
    clock.advance(1)
    assert breaker.allows()


def test_a_rest_of_nothing_rests_nothing(clock: ManualClock) -> None:
    """`rest_s = 0` turns the breaker off."""
    breaker = Breaker(1, 0, clock)
    breaker.failed()
    assert breaker.allows()
