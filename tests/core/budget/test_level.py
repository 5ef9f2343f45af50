"""Levels of a budget."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from penstock.budget.level import Level, next_level
from penstock.budget.settings import Budget

PARTS = st.floats(0.01, 1)
SHARES = st.floats(0, 2)
LEVELS = st.sampled_from(Level)


@st.composite
def marks(draw: st.DrawFn) -> Budget:
    reduced, minimal = sorted((draw(PARTS), draw(PARTS)))
    return Budget(reduced=reduced, minimal=minimal, margin=draw(st.floats(0, min(0.3, reduced), exclude_max=True)))


def plain(share: float, of: Budget) -> Level:
    """Where a share stands, whatever was before."""
    if share >= 1:
        return Level.BLOCKED
    return Level.MINIMAL if share >= of.minimal else Level.REDUCED if share >= of.reduced else Level.NORMAL


@given(st.lists(SHARES, min_size=1), marks())
def test_a_level_rises_at_once(shares: list[float], of: Budget) -> None:
    """It is never below what the share alone says, whatever came before."""
    level = Level.NORMAL
    for share in shares:
        level = next_level(share, level, of)
        assert level >= plain(share, of)


@given(SHARES, SHARES, LEVELS, marks())
def test_a_larger_share_has_no_lower_level(one: float, other: float, before: Level, of: Budget) -> None:
    """From the same level before."""
    low, high = sorted((one, other))
    assert next_level(low, before, of) <= next_level(high, before, of)


@given(SHARES, LEVELS, marks())
def test_a_level_falls_past_the_margin_only(share: float, before: Level, of: Budget) -> None:
    """Within the margin it stays. Past it nothing keeps it up."""
    after = next_level(share, before, of)
    for level, mark in ((Level.REDUCED, of.reduced), (Level.MINIMAL, of.minimal)):
        if before >= level and share + of.margin >= mark:
            assert after >= level
        if share + of.margin < mark and share < 1:
            assert after < level


@given(st.lists(st.floats(0, 0.999), min_size=2), PARTS, marks(), LEVELS)
def test_a_level_does_not_go_up_and_down_within_the_margin(
    shares: list[float], start: float, of: Budget, before: Level
) -> None:
    """Among shares that differ by less than the margin it crosses each mark once, if at all, and never comes back."""
    near = [min(start + share * of.margin * 0.99, 0.999) for share in shares]
    levels = [before]
    for share in near:
        levels.append(next_level(share, levels[-1], of))
    for mark in (Level.REDUCED, Level.MINIMAL):
        sides = [level >= mark for level in levels]
        assert sum(one is not other for one, other in pairwise(sides)) <= 1


@given(st.floats(0, 0.999), marks())
def test_what_is_left_may_be_spent(share: float, of: Budget) -> None:
    """BLOCKED has no margin: a request whose estimate filled the budget does not lock what it did not use."""
    assert next_level(share, Level.BLOCKED, of) < Level.BLOCKED
    assert next_level(1.0, Level.NORMAL, of) is Level.BLOCKED


def test_a_level_says_its_name() -> None:
    """As events and screens write it."""
    assert [str(level) for level in Level] == ["NORMAL", "REDUCED", "MINIMAL", "BLOCKED"]
