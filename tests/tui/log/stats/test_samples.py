"""Times, and what most stay below."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penstock_tui.log.stats.samples import Samples


def test_nothing_is_known_of_nothing() -> None:
    """No figure is made up."""
    assert Samples().quantiles(0.5, 0.95) == (None, None)
    unsaid = Samples()
    unsaid.add(None)
    assert len(unsaid) == 0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_quantile_is_one_of_the_times(times: list[float], share: float) -> None:
    """At least so many of them stay at or below it, and it is the least that can be said of."""
    samples = Samples()
    for ms in times:
        samples.add(ms)
    (found,) = samples.quantiles(share)
    assert found in times
    assert sum(ms <= found for ms in times) >= share * len(times) - 1e-9
    assert sum(ms < found for ms in times) < share * len(times)


def test_only_the_newest_count() -> None:
    """Memory is bounded, and what was slow long ago is not slow now."""
    samples = Samples(limit=10)
    for ms in [900.0] * 50 + [1.0] * 10:
        samples.add(ms)
    assert len(samples) == 10
    assert samples.quantiles(0.95) == (1.0,)
