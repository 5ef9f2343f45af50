"""How long people are away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock_plugins.keepalive.pauses import Pauses

seconds = st.floats(0, 200_000)


@given(st.lists(seconds, max_size=300), seconds, st.floats(1, 4_000))
def test_a_chance_is_a_chance(seen: list[float], silent: float, step: float) -> None:
    """Whatever was seen: between never and surely."""
    pauses = Pauses()
    for pause in seen:
        pauses.add(pause)
    assert 0 <= pauses.chance(silent, step) <= 1


def test_most_who_come_back_do_so_within_minutes() -> None:
    """Of those who have been silent for five minutes, and of those who have been for an hour."""
    pauses = Pauses()
    assert pauses.chance(290, 290) > 0.35
    assert pauses.chance(3600, 290) < 0.02


def test_a_person_who_always_comes_back_after_half_an_hour_is_known() -> None:
    """One's own pauses count more than what others do, once there are enough."""
    pauses = Pauses()
    before = pauses.chance(1750, 290)
    for _ in range(40):
        pauses.add(1900)
    assert pauses.chance(1750, 290) > 0.7 > 10 * before
    assert pauses.chance(290, 290) < 0.2
