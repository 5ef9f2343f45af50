"""When one more read pays."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from penstock_plugins.keepalive.worth import value_of_reading

chances = st.lists(st.floats(0, 1), min_size=1, max_size=8)
prices = st.floats(0.01, 1)


@given(chances, prices, st.floats(0, 3))
def test_the_value_is_that_of_the_best_plan(ahead: list[float], read: float, rewrite: float) -> None:
    """No plan to stop after so many reads is worth more than what is said, and the best is worth as much."""

    @cache
    def plan(reads: int, n: int = 0) -> float:
        """The value of reading until `reads` were sent, from the n-th on."""
        if n == reads:
            return 0.0
        return -read + ahead[n] * rewrite + (1 - ahead[n]) * plan(reads, n + 1)

    value = value_of_reading(lambda n: ahead[n], read, rewrite, len(ahead))
    assert value >= 0
    assert abs(value - max(plan(reads) for reads in range(len(ahead) + 1))) < 1e-9


def test_a_hopeless_read_may_lead_to_a_good_one() -> None:
    """Nobody comes back in the next minutes, but surely after them."""
    assert value_of_reading(lambda n: float(n == 1), 0.05, 1.2, 4) > 0
    assert value_of_reading(lambda n: 0.0, 0.05, 1.2, 4) == 0
